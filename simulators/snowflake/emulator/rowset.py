"""DuckDB's Arrow results as the JSON rows of Snowflake's wire format, which is all the Node driver reads."""

from __future__ import annotations

import json
from typing import Any, Callable

import pyarrow as pa

from .column_types import ColumnType

Row = list[str | None]


def to_rowset(table: pa.Table, types: list[ColumnType]) -> list[Row]:
    columns = [_column(table.column(index), column) for index, column in enumerate(types)]
    return [list(row) for row in zip(*columns)]


def _column(values: pa.ChunkedArray, column: ColumnType) -> list[str | None]:
    if pa.types.is_timestamp(values.type):
        per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[values.type.unit]
        suffix = " 1440" if column["type"] == "timestamp_tz" else ""
        numbers = values.cast(pa.int64()).to_pylist()
        return [None if number is None else _seconds(number, per_second) + suffix for number in numbers]
    if pa.types.is_time(values.type):
        per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[values.type.unit]
        whole = pa.int64() if values.type.bit_width == 64 else pa.int32()
        return [None if number is None else _seconds(number, per_second) for number in values.cast(whole).to_pylist()]
    if pa.types.is_date(values.type):
        return [None if day is None else str(day) for day in values.cast(pa.int32()).to_pylist()]
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values.to_pylist()
    convert = _converter(values.type)
    return [None if value is None else convert(value) for value in values.to_pylist()]


def _converter(arrow_type: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_boolean(arrow_type):
        return lambda value: "1" if value else "0"
    if pa.types.is_decimal(arrow_type):
        return lambda value: format(value, "f")
    if pa.types.is_binary(arrow_type) or pa.types.is_large_binary(arrow_type):
        return lambda value: value.hex().upper()
    if pa.types.is_nested(arrow_type):
        return lambda value: json.dumps(value, default=str)
    return str


def _seconds(number: int, per_second: int) -> str:
    """Epoch seconds with nine decimals; a time before 1970 is negative as a whole."""
    sign = "-" if number < 0 else ""
    whole, rest = divmod(abs(number), per_second)
    return f"{sign}{whole}.{rest * (1_000_000_000 // per_second):09d}"
