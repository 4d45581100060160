"""Bound values, put into the statement as literals: DuckDB then casts them where Snowflake would."""

from __future__ import annotations

import json
from typing import Any

from sqlglot import Expr, exp

from .errors import SnowflakeError, unsupported

Binds = dict[str, dict[str, Any]]


def bind(expression: Expr, bindings: Binds) -> Expr:
    """Replaces `?`, `:1` and `:name`; the values come as the driver sends them, text with a type beside it."""
    position = 0

    def replace(node: Expr) -> Expr:
        nonlocal position
        if not isinstance(node, exp.Placeholder):
            return node
        if node.this:
            name = str(node.this)
        else:
            position += 1
            name = str(position)
        if name not in bindings:
            raise SnowflakeError("002049", "42601", f"SQL compilation error: Bind variable :{name} not set.")
        return _literal(bindings[name])

    return expression.transform(replace)


def rows_of(bindings: Binds) -> list[Binds] | None:
    """The rows of an array binding, or None for plain binds."""
    if not any(isinstance(binding["value"], list) for binding in bindings.values()):
        return None
    count = max(len(binding["value"]) for binding in bindings.values())
    return [
        {name: {**binding, "value": binding["value"][index]} for name, binding in bindings.items()}
        for index in range(count)
    ]


def _literal(binding: dict[str, Any]) -> Expr:
    value, wire_type = binding["value"], binding["type"]
    if value is None:
        return exp.Null()
    if wire_type in ("FIXED", "REAL"):
        return exp.Literal.number(value)
    if wire_type == "BOOLEAN":
        return exp.Boolean(this=str(value).lower() == "true")
    if wire_type in ("TEXT", "ANY"):
        return exp.Literal.string(value)
    if wire_type == "VARIANT":
        return exp.ParseJSON(this=exp.Literal.string(value if isinstance(value, str) else json.dumps(value)))
    raise unsupported(f"binds of type {wire_type}")
