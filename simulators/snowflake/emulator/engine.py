"""Runs one parsed statement on DuckDB, by way of fakesnow's translation."""

from __future__ import annotations

import re
from typing import Iterable, NoReturn

import duckdb
import snowflake.connector.errors
import sqlglot
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import Expr, exp
from sqlglot.errors import ParseError

from . import fakesnow_patches
from .column_types import column_type
from .errors import SnowflakeError, syntax_error, unsupported
from .results import Result
from .rowset import to_rowset
from .sessions import Session

assert fakesnow_patches

_NOT_ENFORCED = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)
_NOT_ENFORCED_KINDS = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference)


#: Of statements that make tables and views, by text and schema: the same ones are made in database after database.
_translated: dict[tuple[str, str | None] | None, Expr] = {}


def _means_the_same_everywhere(expression: Expr) -> bool:
    """Whether its translation tells nothing of the session but the schema."""
    if isinstance(expression, exp.Create):
        kind = expression.args.get("kind")
        return kind == "VIEW" or (kind == "TABLE" and not isinstance(expression.expression, exp.Query))
    return isinstance(expression, exp.Drop) and expression.args.get("kind") == "TABLE"


class Cursor(FakeSnowflakeCursor):
    """fakesnow's cursor, given expressions instead of text."""

    def run(self, expression: Expr) -> None:
        for statement in self._transform_explode(expression):
            self._execute(self.translate(statement))

    def translate(self, expression: Expr) -> Expr:
        key = (expression.sql(dialect="snowflake"), self._conn.schema) if _means_the_same_everywhere(expression) else None
        if key in _translated:
            return _translated[key]
        translated = self._transform(expression, None)
        # What is a plain name in Snowflake may be a keyword in DuckDB.
        for identifier in translated.find_all(exp.Identifier):
            identifier.set("quoted", True)
        if key is not None:
            _translated[key] = translated
        return translated


def cursor_of(session: Session) -> Cursor:
    return Cursor(session.connection, session.connection._duck_conn)


def parse(sql: str) -> Expr:
    try:
        return sqlglot.parse_one(sql, read="snowflake")
    except ParseError as error:
        text = re.sub(r"\x1b\[\d+m", "", str(error))
        raise syntax_error(text) from error


def run(session: Session, expression: Expr) -> Result:
    """Raises SnowflakeError for whatever DuckDB or fakesnow say."""
    expression = prepare(session, expression)
    cursor = cursor_of(session)
    try:
        cursor.run(expression)
        columns = [column_type(name, str(kind)) for name, kind, *_ in session.connection._duck_conn.description or []]
        table = cursor._arrow_table
        assert table is not None
        has_rows = isinstance(expression, (exp.Query, exp.DML))
        return Result(columns, to_rowset(table, columns), affected=cursor.rowcount if has_rows else None)
    except Exception as error:
        raise_as_snowflake(error)


def prepare(session: Session, expression: Expr) -> Expr:
    """Makes of the statement what fakesnow understands as Snowflake does. Raises where a name lacks the schema it needs."""
    try:
        cursor_of(session).check_db_and_schema(expression)
    except Exception as error:
        raise_as_snowflake(error)
    if isinstance(expression, exp.Create) and expression.args.get("kind") == "TABLE":
        _remember_temporary(session, expression)
        _drop_constraints(expression)
    for table in expression.find_all(exp.Table):
        if full_name(session, table) in session.temporary_tables:
            table.set("db", None)
            table.set("catalog", None)
    return expression


def full_name(session: Session, table: exp.Table) -> tuple[str, str, str]:
    def normal(part: Expr | None, default: str | None) -> str:
        if not isinstance(part, exp.Identifier):
            return default or ""
        return part.name if part.args.get("quoted") else part.name.upper()

    return (
        normal(table.args.get("catalog"), session.connection.database),
        normal(table.args.get("db"), session.connection.schema),
        normal(table.this, None),
    )


def tables_of(session: Session, tables: Iterable[exp.Table]) -> list[str]:
    """Names for locks; a session's own temporary tables need none."""
    names = (full_name(session, table) for table in tables)
    return [".".join(name) for name in names if name not in session.temporary_tables]


def raise_as_snowflake(error: Exception) -> NoReturn:
    if isinstance(error, SnowflakeError):
        raise error
    if isinstance(error, snowflake.connector.errors.Error):
        message = error.raw_msg or error.msg or str(error)
        if "already exists" in message:
            raise SnowflakeError("002002", "42710", f"SQL compilation error:\n{message}") from error
        raise SnowflakeError(f"{error.errno or 0:06d}", error.sqlstate or "42000", message) from error
    message = str(error)
    if isinstance(error, duckdb.ConstraintException) and "NOT NULL" in message:
        column = message.rpartition(".")[2]
        raise SnowflakeError("100072", "22000", f"NULL result in a non-nullable column {column}") from error
    if isinstance(error, duckdb.ConversionException):
        raise SnowflakeError("100038", "22018", message.split("\n")[0]) from error
    if isinstance(error, duckdb.OutOfRangeException):
        raise SnowflakeError("100132", "22003", message.split("\n")[0]) from error
    if "Current transaction is aborted" in message:
        raise unsupported("going on after a statement that failed in a transaction, as Snowflake does: ROLLBACK") from error
    if isinstance(error, duckdb.TransactionException):
        raise unsupported(
            f"a write to rows that changed after this transaction's first write, as Snowflake does ({message})"
        ) from error
    if isinstance(error, duckdb.InterruptException):
        raise SnowflakeError("000604", "57014", "SQL execution canceled") from error
    raise unsupported(f"this statement ({type(error).__name__}: {message})") from error


def _remember_temporary(session: Session, create: exp.Create) -> None:
    table = create.find(exp.Table)
    if table is None:
        return
    name = full_name(session, table)
    if create.find(exp.TemporaryProperty) is not None:
        session.temporary_tables.add(name)
    elif create.args.get("replace"):
        session.temporary_tables.discard(name)


def _drop_constraints(create: exp.Create) -> None:
    """Snowflake keeps keys and uniqueness as comments; DuckDB would enforce them."""
    if not isinstance(create.this, exp.Schema):
        return
    kept = []
    for item in create.this.expressions:
        if isinstance(item, _NOT_ENFORCED):
            continue
        if isinstance(item, exp.Constraint) and item.find(*_NOT_ENFORCED) is not None:
            continue
        if isinstance(item, exp.ColumnDef):
            constraints = item.args.get("constraints") or []
            item.set("constraints", [one for one in constraints if not isinstance(one.kind, _NOT_ENFORCED_KINDS)])
        kept.append(item)
    create.this.set("expressions", kept)
