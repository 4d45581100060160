"""Functions of Snowflake that fakesnow leaves as they are, in DuckDB's words."""

from __future__ import annotations

from typing import Callable

from sqlglot import Expr, exp

from .errors import unsupported


def function_name(node: Expr) -> str | None:
    """As Snowflake calls it, in upper case; None for what is no function."""
    if not isinstance(node, exp.Func):
        return None
    return node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name()


def translate_functions(expression: Expr) -> Expr:
    return expression.transform(_translate)


def name_columns(expression: Expr) -> Expr:
    """An expression without an alias gets the name that Snowflake gives it: its text, in upper case."""
    if isinstance(expression, exp.Select):
        for projection in list(expression.expressions):
            if not isinstance(projection, (exp.Alias, exp.Column, exp.Star, exp.Dot)):
                text = projection.sql(dialect="snowflake").upper()
                projection.replace(exp.alias_(projection.copy(), text, quoted=True))
    return expression


def _cast(duckdb_type: str) -> Callable[[list[Expr]], Expr]:
    return lambda arguments: exp.cast(_only(arguments), duckdb_type)


def _try_cast(duckdb_type: str) -> Callable[[list[Expr]], Expr]:
    return lambda arguments: exp.TryCast(this=_only(arguments), to=exp.DataType.build(duckdb_type))


def _only(arguments: list[Expr]) -> Expr:
    if len(arguments) != 1:
        raise unsupported("a conversion with a format")
    return arguments[0]


def _hexadecimal(digits: Expr) -> Expr:
    """Up to 16 hexadecimal digits as a number."""
    prefixed = exp.DPipe(this=exp.Literal.string("0x"), expression=digits)
    return exp.cast(exp.cast(prefixed, exp.DataType.Type.UBIGINT), "DECIMAL(38, 0)")


def _lower_half_of_md5(arguments: list[Expr]) -> Expr:
    digest = exp.func("md5", _only(arguments))
    return _hexadecimal(exp.func("right", digest, exp.Literal.number(16)))


_BY_NAME: dict[str, Callable[[list[Expr]], Expr]] = {
    "TO_TIMESTAMP_TZ": _cast("TIMESTAMPTZ"),
    "TO_TIMESTAMP_LTZ": _cast("TIMESTAMPTZ"),
    "TRY_TO_TIMESTAMP": _try_cast("TIMESTAMP"),
    "TRY_TO_TIMESTAMP_NTZ": _try_cast("TIMESTAMP"),
    "TRY_TO_TIMESTAMP_TZ": _try_cast("TIMESTAMPTZ"),
    "TRY_TO_TIMESTAMP_LTZ": _try_cast("TIMESTAMPTZ"),
    "TRY_TO_TIME": _try_cast("TIME"),
    "MD5_NUMBER_LOWER64": _lower_half_of_md5,
}


def _translate(node: Expr) -> Expr:
    if isinstance(node, exp.Anonymous) and (translate := _BY_NAME.get(node.name.upper())) is not None:
        return translate(list(node.expressions))
    if isinstance(node, exp.ByteLength):
        return exp.Anonymous(this="strlen", expressions=[node.this])
    if isinstance(node, exp.MD5NumberLower64):
        return _lower_half_of_md5([node.this])
    if isinstance(node, exp.ToNumber) and (form := node.args.get("format")) is not None:
        if set(form.name.upper()) == {"X"}:
            return _hexadecimal(node.this)
    return node
