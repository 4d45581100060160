"""Every statement and upload that reached the account, for tests that count them."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class LoggedStatement:
    query_id: str
    sql: str
    word: str
    bind_count: int
    session: str
    user: str
    role: str | None
    warehouse: str | None
    query_tag: str
    needs_warehouse: bool
    transaction: str | None
    #: Unix time in milliseconds.
    started_at: float
    duration_ms: float = 0.0
    rows: int | None = None
    #: running, ok or error.
    outcome: str = "running"
    error_code: str | None = None
    error_message: str | None = None
    #: The id of the transaction that this DDL statement committed, which is what Snowflake does without a word.
    implicit_commit: str | None = None


@dataclass
class LoggedUpload:
    path: str
    size_bytes: int


class StatementLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statements: list[LoggedStatement] = []
        self._uploads: list[LoggedUpload] = []
        self._requests: dict[str, int] = {}

    def statement(self, entry: LoggedStatement) -> None:
        with self._lock:
            self._statements.append(entry)

    def upload(self, path: str, size_bytes: int) -> None:
        with self._lock:
            self._uploads.append(LoggedUpload(path, size_bytes))

    def request(self, route: str) -> None:
        with self._lock:
            self._requests[route] = self._requests.get(route, 0) + 1

    def reset(self) -> None:
        with self._lock:
            self._statements = []
            self._uploads = []
            self._requests = {}

    def billed(self) -> list[LoggedStatement]:
        """Those that have ended and needed a warehouse."""
        with self._lock:
            return [one for one in self._statements if one.needs_warehouse and one.outcome != "running"]

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            return {
                "statements": [_camel(asdict(entry)) for entry in self._statements],
                "uploads": [_camel(asdict(entry)) for entry in self._uploads],
                "requests": dict(self._requests),
            }


def _camel(entry: dict[str, Any]) -> dict[str, Any]:
    def name(key: str) -> str:
        first, *rest = key.split("_")
        return first + "".join(word.capitalize() for word in rest)

    return {name(key): value for key, value in entry.items()}
