"""Which files a table has loaded: COPY loads an unchanged file once per table, and a rollback forgets it."""

from __future__ import annotations

from pathlib import Path

import duckdb
from sqlglot import exp

from .identifiers import quoted
from .sessions import Session

#: In every database, so that it is written in the transaction of the rows.
CREATE_TABLE = (
    "CREATE TABLE IF NOT EXISTS {database}._fs_information_schema._emulator_loads (table_key VARCHAR, file_key VARCHAR)"
)


class LoadHistory:
    """Of one table: of the table itself, not of its name, for a table made anew has loaded nothing."""

    def __init__(self, session: Session, table: exp.Table) -> None:
        self._session = session
        self._connection: duckdb.DuckDBPyConnection = session.connection._duck_conn
        names = [part.name for part in table.parts]
        schema = names[-2] if len(names) > 1 else session.connection.schema
        database = names[-3] if len(names) > 2 else session.connection.database
        found = self._connection.execute(
            "SELECT temporary, table_oid FROM duckdb_tables() WHERE table_name = ?"
            " AND (temporary OR (database_name = ? AND schema_name = ?)) ORDER BY temporary DESC LIMIT 1",
            [names[-1], database, schema],
        ).fetchone()
        is_temporary, self._key = (False, "") if found is None else (bool(found[0]), str(found[1]))
        self._table = None if is_temporary else f"{quoted(database or '')}._fs_information_schema._emulator_loads"

    def has(self, file: Path) -> bool:
        key = _version(file)
        if self._table is None:
            return (self._key, key) in self._session.loaded_files
        sql = f"SELECT 1 FROM {self._table} WHERE table_key = ? AND file_key = ?"
        return self._connection.execute(sql, [self._key, key]).fetchone() is not None

    def add(self, file: Path) -> None:
        key = _version(file)
        if self._table is None:
            self._session.loaded_files.add((self._key, key))
        else:
            self._connection.execute(f"INSERT INTO {self._table} VALUES (?, ?)", [self._key, key])


def _version(file: Path) -> str:
    information = file.stat()
    return f"{file}|{information.st_size}|{information.st_mtime_ns}"
