"""The account: what all sessions share."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import duckdb
from fakesnow.instance import FakeSnow
from sqlglot import exp

from . import fakesnow_patches, logins, results
from .engine import raise_as_snowflake, run
from .account_usage import AccountUsage
from .errors import SnowflakeError, object_missing
from .faults import Faults
from .identifiers import literal, quoted
from .results import Result
from .sessions import Session, Sessions
from .settings import Settings
from .stages import Uploads
from .statement_log import StatementLog
from .table_locks import TableLocks
from .transactions import Transaction, Transactions

assert fakesnow_patches


class Account:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sessions = Sessions(settings)
        self.transactions = Transactions()
        self.locks = TableLocks()
        self.log = StatementLog()
        self.faults = Faults()
        self.uploads = Uploads()
        #: `http://127.0.0.1:<port>`, once it listens.
        self.url = ""
        # DuckDB lets one of two concurrent changes of the catalogue fail; Snowflake does one after the other.
        self.catalog_lock = threading.RLock()
        self._fakesnow = FakeSnow()
        self.usage = AccountUsage(self._fakesnow, self.log)
        for database in settings.databases:
            self._fakesnow.connect(database=database, schema="PUBLIC").close()

    def log_in(self, data: dict[str, Any], wanted: dict[str, str]) -> Session:
        """Raises the refusal. A database or schema that does not exist is left unset, as Snowflake does."""
        user = logins.authenticate(self.settings, data)
        role = (wanted.get("roleName") or self._default_role(user)).upper()
        if self.settings.roles and role not in self.settings.roles:
            raise logins.refusal("390186")
        warehouse = (wanted.get("warehouse") or "").upper() or None
        with self.catalog_lock:
            connection = self._fakesnow.connect()
        session = self.sessions.open(
            user, role, warehouse if warehouse and self.has_warehouse(warehouse) else None, connection
        )
        parameters = data.get("SESSION_PARAMETERS") or {}
        session.parameters.update({name: value for name, value in parameters.items() if value is not None})
        if database := wanted.get("databaseName"):
            try:
                self.use_database(session, _normal(database), _normal(wanted.get("schemaName") or "PUBLIC"))
            except SnowflakeError:
                pass
        return session

    def has_warehouse(self, name: str) -> bool:
        return not self.settings.warehouses or any(
            str(one["name"]).upper() == name for one in self.settings.warehouses
        )

    def use_database(self, session: Session, database: str, schema: str | None) -> None:
        connection = session.connection
        schemas = {
            name
            for (name,) in connection._duck_conn.execute(
                "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ?", [database]
            ).fetchall()
        }
        if not schemas:
            raise object_missing("Database", database)
        wanted = schema or ("PUBLIC" if "PUBLIC" in schemas else None)
        connection.database, connection.database_set = database, True
        if wanted is None or wanted not in schemas:
            connection._schema, connection.schema_set = None, False
            connection._duck_conn.execute(f"SET schema = {literal(f'{quoted(database)}.main')}")
            if schema is not None:
                raise object_missing("Schema", f"{database}.{schema}")
            return
        connection._schema, connection.schema_set = wanted, True
        connection._duck_conn.execute(f"SET schema = {literal(f'{quoted(database)}.{quoted(wanted)}')}")

    def create_schema(self, session: Session, create: exp.Create) -> Result:
        """The new schema is the session's from then on. fakesnow takes no quotes in its name."""
        names = create.find(exp.Table)
        assert names is not None
        database = names.catalog or str(session.connection.database)
        if any(mark in names.db for mark in "'\""):
            kept = "IF NOT EXISTS " if create.args.get("exists") else ""
            with contextlib.closing(session.connection._duck_conn.cursor()) as cursor:
                cursor.execute(f"CREATE SCHEMA {kept}{quoted(database)}.{quoted(names.db)}")
            self.use_database(session, database, names.db)
            return results.status()
        return run(session, create)

    def show_usage(self, view: str) -> None:
        """Makes a view of ACCOUNT_USAGE tell all until now. Raises where roles may not see it."""
        if not self.settings.sees_account_usage:
            raise object_missing("Object", f"SNOWFLAKE.ACCOUNT_USAGE.{view}")
        with self.catalog_lock:
            self.usage.refresh(view)

    def end_transaction(self, session: Session, state: str) -> None:
        """Commits or rolls back what is open, and frees its locks whatever DuckDB says."""
        transaction = session.transaction
        if transaction is None:
            return
        session.transaction = None
        try:
            if transaction.has_begun_in_duckdb:
                session.connection._duck_conn.execute("COMMIT" if state == "committed" else "ROLLBACK")
        except Exception as error:
            self.transactions.end(transaction, "rolled back")
            with contextlib.suppress(duckdb.Error):
                session.connection._duck_conn.execute("ROLLBACK")
            raise_as_snowflake(error)
        else:
            self.transactions.end(transaction, state)
        finally:
            self.locks.release(transaction)

    def abort_transaction(self, transaction_id: str, *, by: Session) -> str:
        """SYSTEM$ABORT_TRANSACTION: only for the same user; one that has ended stays as it is."""
        transaction = self.transactions.find(transaction_id)
        if transaction is None:
            raise object_missing("Transaction", transaction_id)
        if transaction.session.user != by.user:
            raise SnowflakeError(
                "003001", "42501", f"SQL access control error:\nInsufficient privileges to abort transaction {transaction_id}."
            )
        if transaction.state == "running":
            self._abort(transaction)
        return f"Transaction {transaction_id} is {transaction.state}."

    def abort_idle_blocker(self, transaction: Transaction) -> None:
        """Snowflake ends a transaction that blocks others and whose session has been silent for five minutes."""
        idle_ms = (time.time() - transaction.session.last_request_at) * 1_000
        if transaction.state == "running" and idle_ms >= self.settings.abort_idle_blocker_ms:
            self._abort(transaction)

    def log_out(self, session: Session) -> None:
        """Rolls back what is open, and drops the session's temporary tables."""
        self.sessions.forget(session)
        if (running := session.running) is not None:
            running.cancel()
        with session.busy:
            if session.transaction is not None:
                self.end_transaction(session, "rolled back")
            session.connection.close()

    def _abort(self, transaction: Transaction) -> None:
        session = transaction.session
        if (running := session.running) is not None:
            running.cancel()
        with session.busy:
            if session.transaction is transaction:
                self.end_transaction(session, "rolled back")

    def _default_role(self, user: str) -> str:
        for one in self.settings.users:
            if str(one["name"]).upper() == user and one.get("defaultRole"):
                return str(one["defaultRole"])
        return "SYSADMIN"


def _normal(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.upper()
