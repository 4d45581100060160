"""One statement from text to result: what Snowflake does around it (transaction, locks, warehouse), then the statement."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from sqlglot import Expr, exp

from . import catalog, results, session_commands, stage_commands
from .account import Account
from .account_usage import viewed_usage
from .binds import Binds, bind, rows_of
from .copy_into import copy_into, parse_copy
from .engine import parse, run, tables_of
from .errors import SnowflakeError, canceled, no_warehouse, statement_timeout, unsupported
from .faults import Fault
from .functions import name_columns, translate_functions
from .merge import run_merge, translate_merge
from .results import Result
from .sessions import Session
from .sql_text import StatementKind, kind_of, without_comments
from .statement_log import LoggedStatement
from .table_locks import LockWait
from .transactions import Transaction
from .translations import bind_transaction, lock_of, run_translation, translation_of

# Of a table: here there is neither Time Travel nor any collation.
_WITHOUT_EFFECT = re.compile(r"\s(?:DATA_RETENTION_TIME_IN_DAYS = 0|DEFAULT_DDL_COLLATION = '')")
_TRANSACTION_WORDS = {"BEGIN", "COMMIT", "ROLLBACK"}


@dataclass
class Statement:
    """A statement as it was sent, and how far it is."""

    query_id: str
    request_id: str
    session: Session
    sql: str
    bindings: Binds
    #: Parameters of this statement alone, like QUERY_TAG.
    parameters: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    canceled: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    error: SnowflakeError | None = None
    #: Strikes before anything is done.
    fault: Fault | None = None
    started_at: float = field(default_factory=time.monotonic)

    @property
    def timeout_seconds(self) -> int:
        return int(self.session.parameter("STATEMENT_TIMEOUT_IN_SECONDS", self.parameters) or 0)

    def ended(self) -> SnowflakeError | None:
        """Why it must stop, if it must."""
        if self.canceled.is_set():
            return canceled()
        if self.timeout_seconds and time.monotonic() - self.started_at > self.timeout_seconds:
            return statement_timeout(self.timeout_seconds)
        return None

    def cancel(self) -> None:
        self.canceled.set()
        if not self.done.is_set():
            self.session.connection._duck_conn.interrupt()


class Executor:
    def __init__(self, account: Account) -> None:
        self._account = account

    def execute(self, statement: Statement) -> None:
        """Never raises: the statement carries its result or its error, and `done` is set."""
        session = statement.session
        sql = without_comments(statement.sql)
        kind = kind_of(sql)
        entry = self._entry(statement, kind)
        self._account.log.statement(entry)
        timer = threading.Timer(statement.timeout_seconds, session.connection._duck_conn.interrupt)
        timer.daemon = True
        if 0 < statement.timeout_seconds <= 3_600:
            timer.start()
        try:
            with session.busy:
                session.running = statement
                entry.transaction = session.transaction and session.transaction.id
                statement.result = self._in_transaction(statement, sql, kind, entry)
            entry.outcome = "ok"
            entry.rows = statement.result.affected
        except SnowflakeError as error:
            statement.error = statement.ended() or error
        except Exception as error:  # The driver would ask for ever after an answer that never comes.
            statement.error = unsupported(f"this statement ({type(error).__name__}: {error})")
        finally:
            timer.cancel()
            if statement.error is not None:
                entry.outcome = "error"
                entry.error_code = statement.error.code
                entry.error_message = statement.error.message
            entry.duration_ms = round((time.monotonic() - statement.started_at) * 1_000, 3)
            session.last_query_id = statement.query_id
            session.running = None
            statement.done.set()

    def _in_transaction(
        self, statement: Statement, sql: str, kind: StatementKind, entry: LoggedStatement
    ) -> Result:
        session = statement.session
        if (answer := _obey(statement)) is not None:
            return answer
        if kind.needs_warehouse and session.warehouse is None:
            raise no_warehouse()
        if kind.word in _TRANSACTION_WORDS:
            return self._transaction_word(session, kind.word, sql, entry)
        if kind.is_ddl:
            if session.transaction is not None:
                entry.implicit_commit = session.transaction.id
                self._account.end_transaction(session, "committed")
            return self._ddl(statement, sql, kind)
        if kind.is_dml:
            return self._dml(statement, sql, kind)
        return self._other(statement, sql, kind)

    def _transaction_word(self, session: Session, word: str, sql: str, entry: LoggedStatement) -> Result:
        """BEGIN in a transaction changes nothing; COMMIT and ROLLBACK without one succeed, as on Snowflake."""
        if word == "BEGIN":
            if session.transaction is None:
                name = sql.split()[-1] if " NAME " in f" {sql.upper()} " else ""
                session.transaction = self._account.transactions.open(session, name)
                entry.transaction = session.transaction.id
        else:
            self._account.end_transaction(session, "committed" if word == "COMMIT" else "rolled back")
        return results.status()

    def _ddl(self, statement: Statement, sql: str, kind: StatementKind) -> Result:
        session = statement.session
        if kind.word in ("GRANT", "REVOKE"):
            return results.status()
        if sql.upper().split()[1:2] == ["STAGE"] and kind.word == "DROP":
            with self._account.catalog_lock:
                return stage_commands.drop_stage(session, sql)
        expression = self._expression(statement, _WITHOUT_EFFECT.sub("", sql))
        if isinstance(expression, exp.Create) and expression.args.get("kind") == "SCHEMA":
            with self._account.catalog_lock:
                return self._account.create_schema(session, expression)
        for table in tables_of(session, expression.find_all(exp.Table)):
            self._account.locks.await_ddl(table, self._wait(statement))
        with self._account.catalog_lock:
            return run(session, expression)

    def _dml(self, statement: Statement, sql: str, kind: StatementKind) -> Result:
        session, account = statement.session, self._account
        is_own = session.transaction is None
        ends_itself = is_own and bool(session.parameter("AUTOCOMMIT", statement.parameters))
        if is_own:
            session.transaction = account.transactions.open(session, "", is_of_one_statement=ends_itself)
        transaction = session.transaction
        assert transaction is not None
        try:
            result = self._change(statement, sql, kind, transaction)
        except BaseException:
            if ends_itself:
                account.end_transaction(session, "rolled back")
            elif session.parameter("TRANSACTION_ABORT_ON_ERROR", statement.parameters):
                account.end_transaction(session, "rolled back")
            raise
        if ends_itself:
            account.end_transaction(session, "committed")
        return result

    def _change(self, statement: Statement, sql: str, kind: StatementKind, transaction: Transaction) -> Result:
        session = statement.session
        if kind.word == "COPY":
            copy = parse_copy(session, sql)
            self._lock(statement, kind, transaction, tables_of(session, copy.target.find_all(exp.Table)))
            return copy_into(session, copy)
        refuses = bool(session.parameter("ERROR_ON_NONDETERMINISTIC_MERGE", statement.parameters))
        text, bindings = bind_transaction(sql, statement.bindings)
        if (known := translation_of(session, text, bindings)) is not None:
            self._lock(statement, kind, transaction, lock_of(session, known))
            return run_translation(session, known, bindings, refuses_duplicates=refuses)
        expression = self._expression(statement, sql)
        target = expression.find(exp.Table)
        self._lock(statement, kind, transaction, tables_of(session, [] if target is None else [target]))
        if isinstance(expression, exp.Merge):
            return run_merge(session, translate_merge(session, expression), refuses_duplicates=refuses)
        rows = rows_of(statement.bindings)
        if rows is None:
            return run(session, expression)
        parsed = parse(sql)
        total = 0
        for row in rows:
            total += run(session, bind(parsed, row)).affected or 0
        return results.counts({f"number of rows {kind.word.lower()}ed": total})

    def _lock(self, statement: Statement, kind: StatementKind, transaction: Transaction, tables: list[str]) -> None:
        """Waits for whoever changes rows of the tables, unless only some are added; then begins in DuckDB too."""
        locks = self._account.locks
        for table in tables:
            if kind.word in ("INSERT", "COPY"):
                locks.add_rows(table, transaction)
            else:
                locks.change_rows(table, transaction, self._wait(statement))
        self._begin(transaction)

    def _begin(self, transaction: Transaction) -> None:
        if not transaction.has_begun_in_duckdb:
            transaction.session.connection._duck_conn.execute("BEGIN")
            transaction.has_begun_in_duckdb = True

    def _other(self, statement: Statement, sql: str, kind: StatementKind) -> Result:
        session, account = statement.session, self._account
        match kind.word:
            case "PUT":
                return stage_commands.put(account, session, sql, statement.query_id)
            case "LIST":
                return stage_commands.list_files(session, sql)
            case "REMOVE":
                return stage_commands.remove_files(session, sql)
            case "ALTER SESSION":
                return session_commands.alter_session(session, sql)
            case "USE":
                return session_commands.use(account, session, sql)
            case "SHOW":
                return catalog.show(account, session, sql)
            case "DESCRIBE":
                return catalog.describe(account, session, sql)
            case "SELECT":
                if (view := viewed_usage(sql)) is not None:
                    account.show_usage(view)
                if (known := translation_of(session, sql, statement.bindings)) is not None:
                    return run_translation(session, known, statement.bindings)
                return run(session, self._expression(statement, sql))
            case _:
                raise unsupported(f"the statement {kind.word}")

    def _expression(self, statement: Statement, sql: str) -> Expr:
        expression = translate_functions(name_columns(parse(sql)))
        if rows_of(statement.bindings) is None:
            expression = bind(expression, statement.bindings)
        return session_commands.answer_functions(self._account, statement.session, expression)

    def _wait(self, statement: Statement) -> LockWait:
        return LockWait(
            query_id=statement.query_id,
            timeout_seconds=float(statement.session.parameter("LOCK_TIMEOUT", statement.parameters)),
            ended=statement.ended,
            on_blocked=self._account.abort_idle_blocker,
        )

    def _entry(self, statement: Statement, kind: StatementKind) -> LoggedStatement:
        session = statement.session
        return LoggedStatement(
            query_id=statement.query_id,
            sql=statement.sql,
            word=kind.word,
            bind_count=len(statement.bindings),
            session=session.id,
            user=session.user,
            role=session.role,
            warehouse=session.warehouse,
            query_tag=str(session.parameter("QUERY_TAG", statement.parameters) or ""),
            needs_warehouse=kind.needs_warehouse,
            transaction=None,
            started_at=time.time() * 1_000,
        )


def _obey(statement: Statement) -> Result | None:
    """Delays, hangs, errors and answers on order, before the statement does anything."""
    fault = statement.fault
    if fault is None:
        return None
    deadline = time.monotonic() + fault.delay_ms / 1_000
    while not fault.removed.is_set() and (fault.hang or time.monotonic() < deadline):
        if (error := statement.ended()) is not None:
            raise error
        statement.canceled.wait(0.02)
    if fault.error is not None:
        raise error_on_order(fault.error)
    if fault.answer is not None:
        return results.table(fault.answer["columns"], fault.answer["rows"])
    return None


def error_on_order(error: dict[str, str]) -> SnowflakeError:
    return SnowflakeError(error["code"], error.get("sqlState", "XX000"), error.get("message", "an error on order"))
