"""Statements that were translated before: fakesnow walks each some eighty times, and most come again with other values.

A translation is kept with marks where text is bound, and holds for every database, since none names its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import snowflake.connector.errors
from sqlglot import Expr, exp

from . import results
from .binds import Binds, bind, rows_of
from .column_types import column_type
from .engine import cursor_of, full_name, parse, prepare, raise_as_snowflake
from .functions import function_name, name_columns, translate_functions
from .merge import MergeTranslation, run_merge, translate_merge
from .results import Result
from .rowset import to_rowset
from .sessions import Session

_MOST_KEPT = 20_000
#: No text of a user holds it.
_MARK = "\x02"
#: What is answered for a session or a moment, and so is no part of a translation.
_OF_A_SESSION = re.compile(
    r"CURRENT_(?!TIMESTAMP|DATE|TIME)|LAST_QUERY_ID|RESULT_SCAN|RANDOM|UUID_STRING|NEXTVAL|\bSEQ[1248]\b|\$", re.IGNORECASE
)
_TRANSACTION = re.compile(r"CURRENT_TRANSACTION\(\)", re.IGNORECASE)
_OF_ONE_TRANSACTION = re.compile(r"CURRENT_TRANSACTION\(\) = '(\d+)'")


@dataclass(frozen=True)
class Translation:
    #: DuckDB's text, with a mark in quotes for each bound text; several for a MERGE.
    sql: str | MergeTranslation
    word: str
    #: Catalogue (None for the session's own), schema and name of the table it writes or reads first.
    target: tuple[str | None, str, str] | None


_Key = tuple[Any, ...]
_kept: dict[_Key, Translation | None] = {}


def bind_transaction(sql: str, bindings: Binds) -> tuple[str, Binds]:
    """The same statement with the id of a transaction bound, so that its translation holds for the next one."""
    found = _OF_ONE_TRANSACTION.search(sql)
    if found is None:
        return sql, bindings
    bound = sql.replace(found[0], "CURRENT_TRANSACTION() = :transaction")
    return bound, {**bindings, "transaction": {"type": "TEXT", "value": found[1]}}


def translation_of(session: Session, sql: str, bindings: Binds) -> Translation | None:
    """None for a statement that has to be translated by itself. Raises what a translation raises."""
    key = _key(session, sql, bindings)
    if key is None:
        return None
    if key not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = _translate(session, sql, bindings)
    return _kept[key]


def lock_of(session: Session, translation: Translation) -> list[str]:
    """As `tables_of` names it."""
    if translation.target is None:
        return []
    catalog, schema, name = translation.target
    whole = (catalog or session.connection.database, schema, name)
    return [] if whole in session.temporary_tables else [".".join(whole)]


def run_translation(
    session: Session, translation: Translation, bindings: Binds, *, refuses_duplicates: bool = False
) -> Result:
    def fill(sql: str) -> str:
        told = session.told_transaction
        sql = sql.replace(f"'{_MARK}t{_MARK}'", "NULL" if told is None else _quoted(told))
        for name, binding in bindings.items():
            if _is_text(binding):
                sql = sql.replace(f"'{_MARK}{name}{_MARK}'", _quoted(str(binding["value"])))
        return sql

    if isinstance(translation.sql, MergeTranslation):
        merge = translation.sql
        find = None if merge.find_duplicate is None else fill(merge.find_duplicate)
        filled = replace(merge, find_duplicate=find, sql=fill(merge.sql))
        return run_merge(session, filled, refuses_duplicates=refuses_duplicates)
    sql = fill(translation.sql)
    connection = session.connection._duck_conn
    try:
        connection.execute(sql)
        if translation.word != "SELECT":
            (count,) = connection.fetchall()[0]
            return results.counts(_counts(translation.word, count))
        columns = [column_type(name, str(kind)) for name, kind, *_ in connection.description or []]
        table = connection.to_arrow_table()
        return Result(columns, to_rowset(table, columns), affected=table.num_rows)
    except Exception as error:
        raise_as_snowflake(_as_fakesnow(error))


def _counts(word: str, count: int) -> dict[str, int]:
    changed = {f"number of rows {word.lower().removesuffix('e')}ed": count}
    return {**changed, "number of multi-joined rows updated": 0} if word == "UPDATE" else changed


def _as_fakesnow(error: Exception) -> Exception:
    """fakesnow knows these by their class."""
    if isinstance(error, duckdb.BinderException):
        return snowflake.connector.errors.ProgrammingError(msg=str(error), errno=2043, sqlstate="02000")
    if isinstance(error, duckdb.CatalogException):
        return snowflake.connector.errors.ProgrammingError(
            msg=str(error).split("\n")[0], errno=2003, sqlstate="42S02"
        )
    return error


def _key(session: Session, sql: str, bindings: Binds) -> _Key | None:
    if _MARK in sql or rows_of(bindings) is not None:
        return None
    rest = sql if session.transaction is None else _TRANSACTION.sub("", sql)
    if _OF_A_SESSION.search(rest) is not None:
        return None
    kinds = tuple(
        (name, binding["type"], _is_text(binding) or (binding["value"],)) for name, binding in bindings.items()
    )
    temporary = tuple(sorted(name[1:] for name in session.temporary_tables if name[2] in sql))
    return (sql, kinds, session.connection.schema, temporary)


def _translate(session: Session, sql: str, bindings: Binds) -> Translation | None:
    marked = {
        name: {**binding, "value": f"{_MARK}{name}{_MARK}"} if _is_text(binding) else binding
        for name, binding in bindings.items()
    }
    expression = bind(translate_functions(name_columns(parse(sql))), marked).transform(_mark_transaction)
    if not isinstance(expression, (exp.Select, exp.Insert, exp.Update, exp.Delete, exp.Merge)):
        return None
    table = expression.find(exp.Table)
    target = None if table is None else full_name(session, table)
    own = session.connection.database
    if target is not None and target[0] == own:
        target = (None, *target[1:])
    if isinstance(expression, exp.Merge):
        merge = translate_merge(session, expression)
        holds = _holds_everywhere(f"{merge.find_duplicate}{merge.sql}", bindings, own)
        return Translation(merge, "MERGE", target) if holds else None
    prepare(session, expression)
    cursor = cursor_of(session)
    statements = cursor._transform_explode(expression)
    if len(statements) != 1:
        return None
    translated = cursor.translate(statements[0])
    if type(translated) is not type(expression) or not set(translated.args) <= set(translated.arg_types):
        return None
    text = translated.sql(dialect="duckdb")
    return Translation(text, type(expression).__name__.upper(), target) if _holds_everywhere(text, bindings, own) else None


def _holds_everywhere(text: str, bindings: Binds, database: str) -> bool:
    """Whether all marks are texts of their own, and no name of the database is in it."""
    marks = [*(f"{_MARK}{name}{_MARK}" for name, binding in bindings.items() if _is_text(binding)), f"{_MARK}t{_MARK}"]
    for mark in marks:
        text = text.replace(f"'{mark}'", "")
    return _MARK not in text and database not in text


def _mark_transaction(node: Expr) -> Expr:
    is_asked = function_name(node) == "CURRENT_TRANSACTION"
    return exp.Literal.string(f"{_MARK}t{_MARK}") if is_asked else node


def _is_text(binding: dict[str, Any]) -> bool:
    return binding["type"] in ("TEXT", "ANY") and binding["value"] is not None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
