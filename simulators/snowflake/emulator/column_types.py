"""How a result's DuckDB types are called on the wire."""

from __future__ import annotations

import re
from typing import Any

ColumnType = dict[str, Any]

_TYPES = {
    '"NULL"': "text",
    "BIGINT": "fixed",
    "BLOB": "binary",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "real",
    "FLOAT": "real",
    "HUGEINT": "fixed",
    "INTEGER": "fixed",
    "JSON": "variant",
    "SMALLINT": "fixed",
    "TIME": "time",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp_tz",
    "TIMESTAMP_MS": "timestamp_ntz",
    "TIMESTAMP_NS": "timestamp_ntz",
    "TIMESTAMP_S": "timestamp_ntz",
    "TINYINT": "fixed",
    "UBIGINT": "fixed",
    "UINTEGER": "fixed",
    "UUID": "text",
    "VARCHAR": "text",
}


def column_type(name: str, duckdb_type: str) -> ColumnType:
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return _column(name, "fixed", precision=int(decimal[1]), scale=int(decimal[2]))
    if duckdb_type.endswith("]"):
        return _column(name, "array")
    if duckdb_type.startswith(("STRUCT", "MAP")):
        return _column(name, "object")
    wire_type = _TYPES.get(duckdb_type, "text")
    if wire_type == "fixed":
        return _column(name, "fixed", precision=38, scale=0)
    if wire_type.startswith("time"):
        return _column(name, wire_type, precision=0, scale=9)
    if wire_type == "text":
        return _column(name, "text", length=16_777_216)
    return _column(name, wire_type)


def text_column(name: str) -> ColumnType:
    return _column(name, "text", length=16_777_216)


def _column(
    name: str, wire_type: str, *, precision: int | None = None, scale: int | None = None, length: int | None = None
) -> ColumnType:
    return {
        "name": name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": wire_type,
        "byteLength": length,
        "length": length,
        "scale": scale,
        "precision": precision,
        "collation": None,
    }
