"""Explicit transactions: each has an id that outlives it, so that DESCRIBE TRANSACTION can tell how it ended."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sessions import Session


@dataclass(eq=False)
class Transaction:
    id: str
    session: Session
    name: str
    started_at: float
    #: running, committed or rolled back.
    state: str = "running"
    ended_at: float | None = None
    # DuckDB's transaction begins with the first write, so that until then every statement reads what is committed.
    has_begun_in_duckdb: bool = False
    # Of one statement, which nobody began and which commits itself.
    is_of_one_statement: bool = False


class Transactions:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(time.time_ns() // 1_000_000 * 1_000_000, 1_000_000)
        self._all: dict[str, Transaction] = {}

    def open(self, session: Session, name: str, *, is_of_one_statement: bool = False) -> Transaction:
        with self._lock:
            transaction = Transaction(
                str(next(self._numbers)), session, name, time.time(), is_of_one_statement=is_of_one_statement
            )
            self._all[transaction.id] = transaction
            return transaction

    def find(self, transaction_id: str) -> Transaction | None:
        with self._lock:
            return self._all.get(transaction_id)

    def running(self) -> list[Transaction]:
        with self._lock:
            return [transaction for transaction in self._all.values() if transaction.state == "running"]

    def end(self, transaction: Transaction, state: str) -> None:
        transaction.state = state
        transaction.ended_at = time.time()
