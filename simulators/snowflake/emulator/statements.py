"""Statements by the ids under which the driver asks for them; a repeated request is the same statement."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .account import Account
from .executor import Executor, Statement
from .faults import Fault
from .sessions import Session

#: Statements that wait for locks or hang on order hold a thread each.
_THREADS = 256
_KEPT = 2_000


class Statements:
    def __init__(self, account: Account) -> None:
        self._executor = Executor(account)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="statement")
        self._lock = threading.Lock()
        self._by_request: dict[tuple[str, str], Statement] = {}
        self._by_query: dict[str, Statement] = {}

    def known(self, session: Session, request_id: str) -> Statement | None:
        with self._lock:
            return self._by_request.get((session.id, request_id))

    def find(self, query_id: str) -> Statement | None:
        with self._lock:
            return self._by_query.get(query_id)

    def start(self, session: Session, request_id: str, body: dict[str, Any], fault: Fault | None) -> Statement:
        statement = Statement(
            query_id=str(uuid.uuid4()),
            request_id=request_id,
            session=session,
            sql=str(body.get("sqlText") or ""),
            bindings=body.get("bindings") or {},
            parameters=body.get("parameters") or {},
            fault=fault,
        )
        with self._lock:
            self._by_request[(session.id, request_id)] = statement
            self._by_query[statement.query_id] = statement
            self._forget_old()
        self._threads.submit(self._executor.execute, statement)
        return statement

    def _forget_old(self) -> None:
        while len(self._by_query) > _KEPT:
            oldest = next(iter(self._by_query.values()))
            del self._by_query[oldest.query_id]
            self._by_request.pop((oldest.session.id, oldest.request_id), None)
