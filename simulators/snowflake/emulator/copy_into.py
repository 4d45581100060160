"""COPY INTO a table from files of a stage, in CSV."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from . import results
from .copy_options import parse_options
from .csv_format import CsvFormat, csv_format
from .engine import cursor_of, parse, prepare, raise_as_snowflake
from .errors import SnowflakeError, stage_file_missing, unsupported
from .identifiers import QUALIFIED, literal
from .load_history import LoadHistory
from .results import Result
from .sessions import Session
from .stages import StageLocation, files_under, locate

_COPY = re.compile(
    rf"COPY\s+INTO\s+(?P<table>{QUALIFIED})\s*(?P<columns>\((?:[^()\"]|\"(?:[^\"]|\"\")*\")*\))?\s*"
    r"FROM\s+(?P<location>'(?:[^']|'')*'|@(?:\"(?:[^\"]|\"\")*\"|[^\s'\"])+)\s*(?P<options>.*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_COLUMNS = [
    "file",
    "status",
    "rows_parsed",
    "rows_loaded",
    "error_limit",
    "errors_seen",
    "first_error",
    "first_error_line",
    "first_error_character",
    "first_error_column_name",
]
_KNOWN = {"FILES", "FILE_FORMAT", "ON_ERROR", "FORCE", "PURGE"}
_MAXIMUM_FILES = 1_000
#: The longest value of Snowflake, and room for the rest of its line.
_LONGEST_LINE_BYTES = 140_000_000


@dataclass(frozen=True)
class Copy:
    target: exp.Insert
    location: StageLocation
    files: list[str] | None
    format: CsvFormat
    force: bool
    purge: bool


def parse_copy(session: Session, sql: str) -> Copy:
    match = _COPY.match(sql)
    if match is None:
        raise unsupported("this form of COPY: only COPY INTO table FROM @stage")
    options = parse_options(match["options"])
    if unknown := set(options) - _KNOWN:
        raise unsupported(f"the COPY option {', '.join(sorted(unknown))}")
    if str(options.get("ON_ERROR", "ABORT_STATEMENT")).upper() != "ABORT_STATEMENT":
        raise unsupported("ON_ERROR other than ABORT_STATEMENT")
    files = options.get("FILES")
    if files is not None and len(files) > _MAXIMUM_FILES:
        raise SnowflakeError("001014", "22023", f"SQL compilation error:\ntoo many files: {len(files)}")
    target = parse(f"INSERT INTO {match['table']} {match['columns'] or ''} SELECT 1")
    assert isinstance(target, exp.Insert)
    return Copy(
        target=target,
        location=locate(session, match["location"]),
        files=files,
        format=csv_format(options.get("FILE_FORMAT", {})),
        force=_is_true(options.get("FORCE")),
        purge=_is_true(options.get("PURGE")),
    )


def copy_into(session: Session, copy: Copy) -> Result:
    """One row per file. Files named in FILES must exist; a file that the table has already loaded is skipped."""
    files = _files(copy)
    if not files:
        return results.status("Copy executed with 0 files processed.")
    cursor = cursor_of(session)
    connection = session.connection._duck_conn
    try:
        prepare(session, copy.target)
        target = cursor.translate(copy.target).this.sql(dialect="duckdb")
        table = copy.target.find(exp.Table)
        assert table is not None
        history = LoadHistory(session, table)
        named = copy.target.this.expressions if isinstance(copy.target.this, exp.Schema) else []
        width = len(named) or len(connection.execute(f"DESCRIBE {table.sql(dialect='duckdb')}").fetchall())
        rows: list[list[str | None]] = []
        for file in files:
            name = copy.location.display(file)
            if not copy.force and history.has(file):
                rows.append([name, "LOAD_SKIPPED", "0", "0", None, "1", "File was loaded before.", None, None, None])
                continue
            count = _load(connection, target, width, copy.format, file, name)
            rows.append([name, "LOADED", str(count), str(count), "1", "0", None, None, None, None])
            history.add(file)
            if copy.purge:
                file.unlink()
        result = results.table(_COLUMNS, rows)
        result.affected = sum(int(row[3] or 0) for row in rows)
        return result
    except Exception as error:
        raise_as_snowflake(error)


def _files(copy: Copy) -> list[Path]:
    if copy.files is None:
        return files_under(copy.location)
    files = [copy.location.file(name) for name in copy.files]
    for file in files:
        if not file.is_file():
            raise stage_file_missing(copy.location.display(file))
    return files


def _load(
    connection: duckdb.DuckDBPyConnection, target: str, width: int, csv: CsvFormat, file: Path, name: str
) -> int:
    first = _first_bytes(file)
    if first == b"":
        return 0
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(width))
    values = ", ".join(csv.value(f"c{index}") for index in range(width))
    for line_bytes in (2_000_000, _LONGEST_LINE_BYTES):
        reader = (
            f"read_csv({literal(str(file))}, header=false, auto_detect=false, columns={{{columns}}}, parallel=false,"
            f" {csv.reader_options(file.name)}, max_line_size={line_bytes}, buffer_size={line_bytes * 2})"
        )
        try:
            counted = connection.execute(f"INSERT INTO {target} SELECT {values} FROM {reader}").fetchone()
            return int(counted[0]) if counted else 0
        except duckdb.InvalidInputException as error:
            if "Maximum line size" in str(error) and line_bytes < _LONGEST_LINE_BYTES:
                continue
            raise _csv_error(str(error), name, width) from error
        except duckdb.ConversionException as error:
            message = str(error).split("\n")[0]
            raise SnowflakeError("100038", "22018", f"{message}\n  File '{name}'") from error
    raise AssertionError("a line is either read or refused")


def _csv_error(message: str, name: str, width: int) -> SnowflakeError:
    line = re.search(r"Line: (\d+)", message)
    place = f"\n  File '{name}', line {line[1] if line else '?'}"
    found = re.search(r"Expected Number of Columns: \d+ Found: (\d+)", message)
    if found:
        text = (
            f"Number of columns in file ({found[1]}) does not match that of the corresponding table ({width}),"
            " use file format option error_on_column_count_mismatch=false to ignore this error"
        )
        return SnowflakeError("100080", "22000", text + place)
    if "unicode" in message.lower() or "utf-8" in message.lower():
        return SnowflakeError("100144", "22000", f"Invalid UTF8 detected in string{place}")
    return SnowflakeError("100016", "22000", f"Parsing error: {message.splitlines()[0]}{place}")


def _first_bytes(file: Path) -> bytes:
    """DuckDB refuses an empty CSV file; Snowflake loads nothing from it."""
    if file.suffix == ".gz":
        try:
            with gzip.open(file) as content:
                return content.read(1)
        except (OSError, EOFError) as error:
            raise SnowflakeError("100068", "22000", f"Invalid data encountered during decompression for file: '{file.name}'") from error
    with file.open("rb") as content:
        return content.read(1)


def _is_true(value: Any) -> bool:
    return str(value or "FALSE").upper() == "TRUE"
