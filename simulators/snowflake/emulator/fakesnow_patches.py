"""Changes to fakesnow that hold for the whole process; import this before any connection is made."""

from __future__ import annotations

import string
from typing import Any

import fakesnow.cursor
import fakesnow.info_schema
import fakesnow.transforms
from sqlglot import Expr, exp

from .load_history import CREATE_TABLE

_WHOLE = {exp.DataType.Type.BIGINT, exp.DataType.Type.INT, exp.DataType.Type.SMALLINT, exp.DataType.Type.TINYINT}


def apply() -> None:
    # Comments on tables live in another attached database, and DuckDB writes to one database per transaction only.
    fakesnow.info_schema.insert_table_comment_sql = lambda *_: "SELECT 1"
    fakesnow.transforms.integer_precision = whole_numbers
    # It sums whole numbers as DOUBLE, lest a text column be summed; a sum of 38 digits matters more.
    fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression
    note_lengths = fakesnow.info_schema.insert_text_lengths_sql
    # It puts names between quotes as they are.
    fakesnow.info_schema.insert_text_lengths_sql = lambda catalog, schema, table, lengths: note_lengths(
        *(_within_quotes(name) for name in (catalog, schema, table)),
        [(_within_quotes(column), length) for column, length in lengths],
    )
    for name, value in list(vars(fakesnow.cursor).items()):
        if isinstance(value, string.Template):
            setattr(fakesnow.cursor, name, _QuotedNames(value.template))
    create = fakesnow.info_schema.per_db_creation_sql
    fakesnow.info_schema.per_db_creation_sql = lambda database: (
        f"{create(database)};{CREATE_TABLE.format(database=database)};"
    )


class _QuotedNames(string.Template):
    """What a statement answers, as SQL with names in it."""

    def substitute(self, *values: Any, **names: Any) -> str:
        return super().substitute(*values, **{key: _within_quotes(str(name)) for key, name in names.items()})


def _within_quotes(name: str) -> str:
    return name.replace("'", "''")


def whole_numbers(expression: Expr) -> Expr:
    """NUMBER, NUMBER(38,0) and, as columns, all integers hold 38 digits; fakesnow makes BIGINT of them.

    An integer in a cast stays BIGINT, for DuckDB's functions want one.
    """
    if not isinstance(expression, exp.DataType):
        return expression
    if expression.this == exp.DataType.Type.DECIMAL and not expression.expressions:
        return exp.DataType.build("DECIMAL(38, 0)")
    if expression.this in _WHOLE:
        is_column = isinstance(expression.parent, exp.ColumnDef)
        return exp.DataType.build("DECIMAL(38, 0)" if is_column else "BIGINT")
    return expression


apply()
