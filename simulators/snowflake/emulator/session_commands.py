"""ALTER SESSION, USE, and the functions that tell of the session: answered here, not by DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable

from sqlglot import Expr, exp

from . import results
from .errors import SnowflakeError, object_missing, syntax_error, unsupported
from .functions import function_name
from .identifiers import QUALIFIED, split_name
from .copy_options import parse_options
from .results import Result
from .sessions import DEFAULT_PARAMETERS, Session

if TYPE_CHECKING:
    from .account import Account

_ALTER = re.compile(r"ALTER\s+SESSION\s+(SET|UNSET)\s+(.*)\Z", re.IGNORECASE | re.DOTALL)
_USE = re.compile(rf"USE\s+(?:(ROLE|WAREHOUSE|DATABASE|SCHEMA|SECONDARY\s+ROLES)\s+)?({QUALIFIED})\s*\Z", re.IGNORECASE)


def alter_session(session: Session, sql: str) -> Result:
    match = _ALTER.match(sql)
    if match is None:
        raise syntax_error("ALTER SESSION wants SET or UNSET")
    if match[1].upper() == "UNSET":
        for name in re.findall(r"\w+", match[2]):
            session.parameters[name.upper()] = DEFAULT_PARAMETERS.get(name.upper())
        return results.status()
    for name, value in parse_options(match[2]).items():
        session.parameters[name] = _value(str(value))
    return results.status()


def _value(text: str) -> str | int | bool:
    if text.upper() in ("TRUE", "FALSE"):
        return text.upper() == "TRUE"
    return int(text) if text.isdigit() else text


def use(account: Account, session: Session, sql: str) -> Result:
    match = _USE.match(sql)
    if match is None:
        raise syntax_error("USE wants a name")
    kind = re.sub(r"\s+", " ", (match[1] or "").upper())
    names = split_name(match[2])
    if kind == "ROLE":
        if account.settings.roles and names[0] not in account.settings.roles:
            raise object_missing("Role", names[0])
        session.role = names[0]
    elif kind == "WAREHOUSE":
        if not account.has_warehouse(names[0]):
            raise SnowflakeError("002043", "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.")
        session.warehouse = names[0]
    elif kind in ("DATABASE", ""):
        account.use_database(session, names[0], names[1] if len(names) > 1 else None)
    elif kind == "SCHEMA":
        database = names[0] if len(names) > 1 else session.connection.database
        account.use_database(session, str(database), names[-1])
    return results.status()


def answer_functions(account: Account, session: Session, expression: Expr) -> Expr:
    """Replaces CURRENT_TRANSACTION(), LAST_QUERY_ID() and their like by their values."""
    settings = account.settings
    values: dict[str, Callable[[], str | None]] = {
        "CURRENT_TRANSACTION": lambda: session.told_transaction,
        "LAST_QUERY_ID": lambda: session.last_query_id,
        "CURRENT_SESSION": lambda: session.id,
        "CURRENT_ACCOUNT": lambda: settings.account,
        "CURRENT_ACCOUNT_NAME": lambda: settings.account,
        "CURRENT_ORGANIZATION_NAME": lambda: settings.organization,
        "CURRENT_REGION": lambda: settings.region,
        "CURRENT_WAREHOUSE": lambda: session.warehouse,
        "CURRENT_ROLE": lambda: session.role,
        "CURRENT_USER": lambda: session.user,
        "CURRENT_DATABASE": lambda: session.connection.database,
        "CURRENT_SCHEMA": lambda: session.connection.schema,
    }

    def replace(node: Expr) -> Expr:
        name = function_name(node)
        if name is None:
            return node
        if name == "SYSTEM$ABORT_TRANSACTION":
            return exp.Literal.string(account.abort_transaction(node.expressions[0].name, by=session))
        if name.startswith("SYSTEM$"):
            raise unsupported(name)
        if name not in values:
            return node
        value = values[name]()
        return exp.Null() if value is None else exp.Literal.string(value)

    return expression.transform(replace)
