"""SHOW and DESCRIBE: what exists, from DuckDB's catalogue and the settings."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from . import results
from .errors import object_missing, syntax_error, unsupported
from .identifiers import QUALIFIED, like_pattern, split_name
from .results import Result
from .rowset import Row
from .sessions import Session
from .transactions import Transaction

if TYPE_CHECKING:
    from .account import Account

_SHOW = re.compile(
    rf"SHOW\s+(?:TERSE\s+)?(?P<what>[A-Z]+)\b(?P<middle>.*?)"
    rf"(?:\bLIKE\s+'(?P<like>(?:[^']|'')*)')?\s*"
    rf"(?:\bIN\s+(?:(?P<scope>ACCOUNT|DATABASE|SCHEMA|TABLE|VIEW)\b\s*)?(?P<name>{QUALIFIED})?)?\s*"
    r"(?:\bSTARTS\s+WITH\s+'(?P<starts>(?:[^']|'')*)')?\s*(?:\bLIMIT\s+\d+.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
_DESCRIBE = re.compile(rf"(?:DESC|DESCRIBE)\s+(TABLE|TRANSACTION|WAREHOUSE)\s+({QUALIFIED}|\d+)\s*\Z", re.IGNORECASE)
_EPOCH = "2026-01-01 00:00:00.000 +0000"
_HIDDEN_SCHEMAS = ("main", "pg_catalog", "_fs_information_schema")


def show(account: Account, session: Session, sql: str) -> Result:
    match = _SHOW.match(sql)
    if match is None:
        raise syntax_error("SHOW wants what to show")
    what = match["what"].upper()
    if what == "GRANTS":
        return _grants(account, session, sql)
    scope = _scope(session, match["scope"], match["name"])
    if what == "WAREHOUSES":
        result = _warehouses(account)
    elif what == "TABLES":
        result = _tables(session, scope)
    elif what == "COLUMNS":
        result = _columns(session, scope)
    elif what == "STAGES":
        result = _stages(session, scope)
    elif what == "SCHEMAS":
        result = _schemas(session, scope)
    elif what == "DATABASES":
        result = _databases(session)
    elif what == "TRANSACTIONS":
        result = results.table(_TRANSACTION_COLUMNS[:6], [_transaction_row(one)[:6] for one in account.transactions.running()])
    elif what == "LOCKS":
        result = _locks(account)
    elif what == "PARAMETERS":
        result = results.table(["key", "value"], [[name, _text(value)] for name, value in session.parameters.items()])
    else:
        raise unsupported(f"SHOW {what}")
    return _filter(result, match["like"], match["starts"])


def describe(account: Account, session: Session, sql: str) -> Result:
    match = _DESCRIBE.match(sql)
    if match is None:
        raise unsupported("this form of DESCRIBE")
    if match[1].upper() == "TRANSACTION":
        transaction = account.transactions.find(match[2])
        if transaction is None:
            raise object_missing("Transaction", match[2])
        return results.table(_TRANSACTION_COLUMNS, [_transaction_row(transaction)])
    if match[1].upper() == "WAREHOUSE":
        return _filter(_warehouses(account), split_name(match[2])[0], None)
    return _describe_table(session, *_table_name(session, match[2]))


def _scope(session: Session, scope: str | None, name: str | None) -> list[str | None]:
    """Database, schema and table that the answer is limited to; the session's own where nothing is said."""
    parts: list[str | None] = list(split_name(name)) if name else []
    database, schema = session.connection.database, session.connection.schema
    kind = (scope or "").upper()
    if kind == "ACCOUNT":
        return [None, None, None]
    if kind == "DATABASE":
        return [parts[0] if parts else database, None, None]
    if kind in ("TABLE", "VIEW") or len(parts) == 3:
        return [*[database, schema][: 3 - len(parts)], *parts]
    if kind == "SCHEMA" or parts:
        return [*([database] if len(parts) < 2 else []), *(parts or [schema]), None]
    return [database, schema, None]


def _filter(result: Result, like: str | None, starts: str | None) -> Result:
    names = [column["name"] for column in result.columns]
    index = next((names.index(name) for name in ("column_name", "name", "key") if name in names), 0)
    if like is not None:
        pattern = like_pattern(like.replace("''", "'"))
        result.rows = [row for row in result.rows if pattern.fullmatch(row[index] or "")]
    if starts is not None:
        prefix = starts.replace("''", "'")
        result.rows = [row for row in result.rows if (row[index] or "").startswith(prefix)]
    result.affected = len(result.rows)
    return result


def _query(session: Session, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with session.connection._duck_conn.cursor() as cursor:
        return cursor.execute(sql, values).fetchall()


def _warehouses(account: Account) -> Result:
    names = ["name", "state", "type", "size", "auto_suspend", "auto_resume", "is_default", "is_current", "owner"]
    rows: list[Row] = [
        [
            str(one["name"]).upper(),
            str(one.get("state", "SUSPENDED")),
            "STANDARD",
            str(one.get("size", "X-Small")),
            _text(one.get("autoSuspend", 60)),
            "true" if one.get("autoResume", True) else "false",
            "N",
            "N",
            "SYSADMIN",
        ]
        for one in account.settings.warehouses or [{"name": "COMPUTE_WH"}]
    ]
    return results.table(names, rows)


def _grants(account: Account, session: Session, sql: str) -> Result:
    """`TO ROLE` and `ON` are told apart; what is granted is settled, not earned by GRANT."""
    names = ["created_on", "privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"]
    granted = account.settings.grants or _ownership(session)
    to_role = re.search(rf"\bTO\s+ROLE\s+({QUALIFIED})", sql, re.IGNORECASE)
    on_object = re.search(rf"\bON\s+(\w+)\s+({QUALIFIED})", sql, re.IGNORECASE)
    rows: list[Row] = []
    for grant in granted:
        role = str(grant.get("role") or session.role or "SYSADMIN")
        if to_role is not None and split_name(to_role[1]) != [role]:
            continue
        if on_object is not None and (
            grant["grantedOn"] != on_object[1].upper() or split_name(grant["name"]) != split_name(on_object[2])
        ):
            continue
        rows.append([_EPOCH, grant["privilege"], grant["grantedOn"], grant["name"], "ROLE", role, "false", "SYSADMIN"])
    return results.table(names, rows)


def _ownership(session: Session) -> list[dict[str, str]]:
    """Of every database, schema and stage there is."""
    owned = [
        *(("DATABASE", str(row[1])) for row in _databases(session).rows),
        *(("SCHEMA", f"{row[2]}.{row[1]}") for row in _schemas(session, [None]).rows),
        *(("STAGE", f"{row[2]}.{row[3]}.{row[1]}") for row in _stages(session, [None, None]).rows),
    ]
    return [{"privilege": "OWNERSHIP", "grantedOn": kind, "name": name} for kind, name in owned]


def _tables(session: Session, scope: list[str | None]) -> Result:
    names = ["created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by", "rows", "bytes", "owner"]
    found = _query(
        session,
        "SELECT table_name, database_name, schema_name, estimated_size FROM duckdb_tables()"
        " WHERE NOT temporary AND NOT internal AND database_name NOT LIKE '\\_fs%' ESCAPE '\\'"
        f" AND schema_name NOT IN {_HIDDEN_SCHEMAS} AND (? IS NULL OR database_name = ?)"
        " AND (? IS NULL OR schema_name = ?) ORDER BY ALL",
        [scope[0], scope[0], scope[1], scope[1]],
    )
    rows: list[Row] = [
        [_EPOCH, name, database, schema, "TABLE", "", "", str(size), "0", "SYSADMIN"]
        for name, database, schema, size in found
    ]
    return results.table(names, rows)


def _columns(session: Session, scope: list[str | None]) -> Result:
    names = [
        "table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind", "expression", "comment",
        "database_name", "autoincrement",
    ]  # fmt: skip
    rows: list[Row] = [
        [table, schema, name, json.dumps(_type_object(kind, length, nullable)), "true" if nullable else "NOT_NULL",
         default or "", "COLUMN", "", "", database, ""]
        for database, schema, table, name, kind, nullable, default, length in _column_rows(session, scope)
    ]  # fmt: skip
    if scope[2] is not None and not rows:
        raise object_missing("Table", ".".join(str(part) for part in scope))
    return results.table(names, rows)


def _describe_table(session: Session, database: str | None, schema: str | None, table: str) -> Result:
    found = _column_rows(session, [database, schema, table])
    if not found:
        raise object_missing("Table", f"{database}.{schema}.{table}")
    names = ["name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment", "policy name"]
    rows: list[Row] = [
        [name, _type_text(kind, length), "COLUMN", "Y" if nullable else "N", default, "N", "N", None, None, None, None]
        for _, _, _, name, kind, nullable, default, length in found
    ]
    return results.table(names, rows)


def _column_rows(session: Session, scope: list[str | None]) -> list[tuple[Any, ...]]:
    temporary = tuple(scope) in session.temporary_tables
    where = "database_name = 'temp' AND ? IS NOT NULL AND ? IS NOT NULL" if temporary else (
        "(? IS NULL OR database_name = ?) AND (? IS NULL OR schema_name = ?)"
        f" AND database_name NOT IN ('temp', 'system') AND schema_name NOT IN {_HIDDEN_SCHEMAS}"
    )
    values = [scope[0], scope[1]] if temporary else [scope[0], scope[0], scope[1], scope[1]]
    sql = (
        "SELECT database_name, schema_name, table_name, column_name, data_type, is_nullable, column_default,"
        " ext_character_maximum_length FROM duckdb_columns()"
        " LEFT JOIN _fs_global._fs_information_schema._fs_columns_ext ON ext_table_catalog = database_name"
        " AND ext_table_schema = schema_name AND ext_table_name = table_name AND ext_column_name = column_name"
        f" WHERE {where} AND (? IS NULL OR table_name = ?) ORDER BY database_name, schema_name, table_name, column_index"
    )
    connection = session.connection._duck_conn
    # Temporary tables are seen by their own connection only.
    if temporary:
        return connection.execute(sql, [*values, scope[2], scope[2]]).fetchall()
    return _query(session, sql, [*values, scope[2], scope[2]])


def _type_text(duckdb_type: str, length: int | None) -> str:
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return f"NUMBER({decimal[1]},{decimal[2]})"
    return {
        "BIGINT": "NUMBER(38,0)",
        "BLOB": "BINARY(8388608)",
        "DOUBLE": "FLOAT",
        "JSON": "VARIANT",
        "TIME": "TIME(9)",
        "TIMESTAMP": "TIMESTAMP_NTZ(9)",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
        "VARCHAR": f"VARCHAR({length or 16_777_216})",
    }.get(duckdb_type, duckdb_type)


def _type_object(duckdb_type: str, length: int | None, nullable: bool) -> dict[str, Any]:
    text = _type_text(duckdb_type, length)
    name, _, arguments = text.rstrip(")").partition("(")
    if name == "NUMBER":
        precision, scale = arguments.split(",")
        return {"type": "FIXED", "precision": int(precision), "scale": int(scale), "nullable": nullable}
    if name == "VARCHAR":
        return {"type": "TEXT", "length": int(arguments), "byteLength": int(arguments), "nullable": nullable, "fixed": False}
    return {"type": {"FLOAT": "REAL"}.get(name, name), "nullable": nullable}


def _table_name(session: Session, text: str) -> list[str]:
    parts = split_name(text)
    return [*[str(session.connection.database), str(session.connection.schema)][: 3 - len(parts)], *parts]


def _stages(session: Session, scope: list[str | None]) -> Result:
    names = ["created_on", "name", "database_name", "schema_name", "url", "type", "owner", "region", "has_encryption_key"]
    rows = _query(
        session,
        "SELECT name, database_name, schema_name, url, type FROM _fs_global._fs_information_schema._fs_stages"
        " WHERE (? IS NULL OR database_name = ?) AND (? IS NULL OR schema_name = ?) ORDER BY ALL",
        [scope[0], scope[0], scope[1], scope[1]],
    )
    return results.table(names, [[_EPOCH, *row, "SYSADMIN", "us-east-1" if row[3] else None, "N"] for row in rows])


def _schemas(session: Session, scope: list[str | None]) -> Result:
    rows = _query(
        session,
        "SELECT schema_name, database_name FROM duckdb_schemas() WHERE NOT internal"
        f" AND schema_name NOT IN {_HIDDEN_SCHEMAS} AND (? IS NULL OR database_name = ?) ORDER BY ALL",
        [scope[0], scope[0]],
    )
    return results.table(
        ["created_on", "name", "database_name", "owner"], [[_EPOCH, name, database, "SYSADMIN"] for name, database in rows]
    )


def _databases(session: Session) -> Result:
    rows = _query(
        session,
        "SELECT database_name FROM duckdb_databases() WHERE NOT internal AND database_name NOT IN ('memory', '_fs_global')"
        " ORDER BY ALL",
        [],
    )
    return results.table(["created_on", "name", "owner"], [[_EPOCH, name, "SYSADMIN"] for (name,) in rows])


_TRANSACTION_COLUMNS = ["id", "user", "session", "name", "started_on", "state", "ended_on"]


def _transaction_row(transaction: Transaction) -> Row:
    return [
        transaction.id,
        transaction.session.user,
        transaction.session.id,
        transaction.name,
        _instant(transaction.started_at),
        transaction.state,
        None if transaction.ended_at is None else _instant(transaction.ended_at),
    ]


def _locks(account: Account) -> Result:
    names = ["resource", "type", "transaction", "transaction_started_on", "status", "session"]
    rows: list[Row] = [
        [table, "PARTITIONS", holder.id, _instant(holder.started_at), "HOLDING", holder.session.id]
        for table, holder in account.locks.held()
    ]
    return results.table(names, rows)


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d} +0000"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
