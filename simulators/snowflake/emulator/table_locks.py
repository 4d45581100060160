"""Locks on whole tables, as UPDATE, DELETE and MERGE take them on Snowflake until their transaction ends."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Callable

from .errors import SnowflakeError, lock_timeout

if TYPE_CHECKING:
    from .transactions import Transaction

_LOOK_EVERY_SECONDS = 0.05


class TableLocks:
    def __init__(self) -> None:
        self._changed = threading.Condition()
        # Table → the transaction that changes rows of it.
        self._changing: dict[str, Transaction] = {}
        # Table → transactions that only add rows: they disturb neither each other nor a change, only DDL.
        self._adding: dict[str, set[Transaction]] = {}

    def add_rows(self, table: str, transaction: Transaction) -> None:
        with self._changed:
            self._adding.setdefault(table, set()).add(transaction)

    def change_rows(self, table: str, transaction: Transaction, wait: LockWait) -> None:
        """Waits until no other transaction changes the table; raises 000625 after the session's LOCK_TIMEOUT."""
        with self._changed:
            self._wait(table, lambda: self._blocker(table, transaction), wait)
            self._changing[table] = transaction

    def await_ddl(self, table: str, wait: LockWait) -> None:
        """Waits until no transaction holds the table in any way."""
        with self._changed:
            self._wait(table, lambda: self._blocker(table, None), wait)

    def release(self, transaction: Transaction) -> None:
        with self._changed:
            self._changing = {table: holder for table, holder in self._changing.items() if holder is not transaction}
            for adders in self._adding.values():
                adders.discard(transaction)
            self._changed.notify_all()

    def held(self) -> list[tuple[str, Transaction]]:
        with self._changed:
            return list(self._changing.items())

    def _blocker(self, table: str, own: Transaction | None) -> Transaction | None:
        holder = self._changing.get(table)
        if holder is not None and holder is not own:
            return holder
        return next(iter(self._adding.get(table, set())), None) if own is None else None

    def _wait(self, table: str, blocker: Callable[[], Transaction | None], wait: LockWait) -> None:
        deadline = time.monotonic() + wait.timeout_seconds
        while (holder := blocker()) is not None:
            if time.monotonic() >= deadline:
                raise lock_timeout(table, holder.id, wait.query_id)
            self._changed.wait(_LOOK_EVERY_SECONDS)
            self._changed.release()
            try:
                if (error := wait.ended()) is not None:
                    raise error
                wait.on_blocked(holder)
            finally:
                self._changed.acquire()


class LockWait:
    """Who waits, how long, and what ends the wait early."""

    def __init__(
        self,
        query_id: str,
        timeout_seconds: float,
        ended: Callable[[], SnowflakeError | None],
        on_blocked: Callable[[Transaction], None],
    ) -> None:
        self.query_id = query_id
        self.timeout_seconds = timeout_seconds
        #: The reason why the waiting statement must stop (canceled, timed out), or None.
        self.ended = ended
        self.on_blocked = on_blocked
