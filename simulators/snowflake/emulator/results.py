"""What a statement answers: columns and rows, or an order to transfer files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .column_types import ColumnType, text_column
from .rowset import Row

#: Statement type ids of the wire format; the driver counts affected rows by them.
TYPE_IDS = {
    "SELECT": 0x1000,
    "INSERT": 0x3100,
    "UPDATE": 0x3200,
    "DELETE": 0x3300,
    "MERGE": 0x3400,
    "COPY": 0x3600,
    "USE": 0x4300,
    "SHOW": 0x4400,
    "DESCRIBE": 0x4500,
    "BEGIN": 0x5000,
    "COMMIT": 0x5000,
    "ROLLBACK": 0x5000,
    "CREATE": 0x6000,
    "ALTER": 0x6000,
    "DROP": 0x6000,
}


@dataclass
class Result:
    columns: list[ColumnType]
    rows: list[Row]
    #: Rows read or changed, for the log.
    affected: int | None = None
    #: Data of a PUT instead of rows.
    transfer: dict[str, Any] | None = None


def status(text: str = "Statement executed successfully.") -> Result:
    return Result([text_column("status")], [[text]])


def table(names: list[str], rows: list[Row]) -> Result:
    return Result([text_column(name) for name in names], rows, affected=len(rows))


def counts(values: dict[str, int]) -> Result:
    """The one row of DML: how many rows it inserted, updated, deleted."""
    columns = [
        {**text_column(name), "type": "fixed", "precision": 38, "scale": 0, "length": None, "byteLength": None}
        for name in values
    ]
    return Result(columns, [[str(count) for count in values.values()]], affected=sum(values.values()))
