"""Sessions: one per login. Only a logout ends one: a client that dies leaves its session, and its transaction, behind."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import SnowflakeError
from .transactions import Transaction

if TYPE_CHECKING:
    from fakesnow.conn import FakeSnowflakeConnection

    from .executor import Statement
    from .settings import Settings

DEFAULT_PARAMETERS: dict[str, Any] = {
    "AUTOCOMMIT": True,
    "TIMEZONE": "Etc/UTC",
    "QUERY_TAG": "",
    "LOCK_TIMEOUT": 43_200,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172_800,
    "TRANSACTION_ABORT_ON_ERROR": False,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 100_000,
    "CLIENT_SESSION_KEEP_ALIVE": False,
    "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY": 3_600,
    "DATE_OUTPUT_FORMAT": "YYYY-MM-DD",
    "TIME_OUTPUT_FORMAT": "HH24:MI:SS",
    "TIMESTAMP_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
    "TIMESTAMP_NTZ_OUTPUT_FORMAT": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ_OUTPUT_FORMAT": "",
    "TIMESTAMP_TZ_OUTPUT_FORMAT": "",
    "BINARY_OUTPUT_FORMAT": "HEX",
    "QUERY_CONTEXT_CACHE_SIZE": 5,
}


@dataclass(eq=False)
class Session:
    id: str
    user: str
    role: str | None
    warehouse: str | None
    connection: FakeSnowflakeConnection
    token: str
    master_token: str
    token_expires_at: float
    master_expires_at: float
    parameters: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_PARAMETERS))
    transaction: Transaction | None = None
    last_query_id: str | None = None
    # What runs in it now, so that whoever ends its transaction can stop that first.
    running: Statement | None = None
    last_request_at: float = field(default_factory=time.time)
    # (database, schema, table) of its temporary tables, which DuckDB keeps in one namespace.
    temporary_tables: set[tuple[str, str, str]] = field(default_factory=set)
    # Files that its temporary tables have loaded, by table and version of the file.
    loaded_files: set[tuple[str, str]] = field(default_factory=set)
    # What CURRENT_TRANSACTION() tells in a statement that nobody began a transaction for: its own id, or nothing.
    tells_of_one_statement: bool = True
    # One statement at a time: they share one DuckDB connection and one transaction.
    busy: threading.RLock = field(default_factory=threading.RLock)

    @property
    def told_transaction(self) -> str | None:
        """What CURRENT_TRANSACTION() tells."""
        transaction = self.transaction
        if transaction is None or (transaction.is_of_one_statement and not self.tells_of_one_statement):
            return None
        return transaction.id

    def parameter(self, name: str, overrides: dict[str, Any]) -> Any:
        """A parameter's value for one statement, which may bring its own."""
        return overrides.get(name, self.parameters.get(name))


class Sessions:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._ids = itertools.count(10_000_001)
        self._by_token: dict[str, Session] = {}

    def open(
        self, user: str, role: str | None, warehouse: str | None, connection: FakeSnowflakeConnection
    ) -> Session:
        now = time.time()
        with self._lock:
            session = Session(
                id=str(next(self._ids)),
                user=user,
                role=role,
                warehouse=warehouse,
                connection=connection,
                token=_new_token(),
                master_token=_new_token(),
                token_expires_at=now + self._settings.session_token_seconds,
                master_expires_at=now + self._settings.master_token_seconds,
                tells_of_one_statement=self._settings.tells_transaction_of_one_statement,
            )
            self._by_token[session.token] = session
            return session

    def find(self, token: str | None) -> Session:
        """Raises the error that Snowflake gives for a session token that does not hold."""
        if token is None:
            raise SnowflakeError("390103", "08001", "Session token not found in the request data.")
        with self._lock:
            session = self._by_token.get(token)
        if session is None:
            raise SnowflakeError("390104", "08001", "User must login again to access the service.")
        session.last_request_at = time.time()
        if time.time() >= session.token_expires_at:
            raise SnowflakeError("390112", "08001", "Your session has expired. Please login again.")
        return session

    def renew(self, master_token: str | None, old_token: str | None) -> Session:
        """A new session token for a session; raises 390114 once the master token is over too."""
        with self._lock:
            session = self._by_token.get(old_token or "")
            if session is None or session.master_token != master_token:
                raise SnowflakeError("390104", "08001", "User must login again to access the service.")
            if time.time() >= session.master_expires_at:
                raise SnowflakeError(
                    "390114", "08001", "Authentication token has expired.  The user must authenticate again."
                )
            del self._by_token[session.token]
            session.token = _new_token()
            session.token_expires_at = time.time() + self._settings.session_token_seconds
            self._by_token[session.token] = session
            return session

    def forget(self, session: Session) -> None:
        with self._lock:
            self._by_token.pop(session.token, None)

    def all(self) -> list[Session]:
        with self._lock:
            return list(self._by_token.values())


def _new_token() -> str:
    return secrets.token_urlsafe(32)
