"""MERGE by DuckDB's own, after the check that Snowflake makes: a target row may have one source row only."""

from __future__ import annotations

import collections
from dataclasses import dataclass

from sqlglot import Expr, exp

from . import results
from .engine import Cursor, cursor_of, prepare, raise_as_snowflake
from .errors import duplicate_row
from .results import Result
from .sessions import Session

_COLUMNS = {"INSERT": "number of rows inserted", "UPDATE": "number of rows updated", "DELETE": "number of rows deleted"}


@dataclass(frozen=True)
class MergeTranslation:
    """In DuckDB's words."""

    #: The row id of a target row that several source rows would change; None where none could.
    find_duplicate: str | None
    #: With the row id to be put in.
    show_duplicate: str
    sql: str
    done: frozenset[str]


def translate_merge(session: Session, statement: exp.Merge) -> MergeTranslation:
    prepare(session, statement)
    cursor = cursor_of(session)
    find, show = _duplicate(cursor, statement)
    sql, done = _merge(cursor, statement)
    return MergeTranslation(find, show, sql, frozenset(done))


def run_merge(session: Session, merge: MergeTranslation, *, refuses_duplicates: bool) -> Result:
    """Counts by action. Raises 100090 where two source rows would change one target row."""
    connection = session.connection._duck_conn
    try:
        if refuses_duplicates and merge.find_duplicate is not None:
            row = connection.execute(merge.find_duplicate).fetchone()
            if row is not None:
                values = connection.execute(f"{merge.show_duplicate} {row[0]}").fetchone()
                raise duplicate_row(str(list(values or ())))
        actions = connection.execute(merge.sql).to_arrow_table().column(0)
    except Exception as error:
        raise_as_snowflake(error)
    found = collections.Counter({pair["values"]: pair["counts"] for pair in actions.value_counts().to_pylist()})
    return results.counts({name: found[action] for action, name in _COLUMNS.items() if action in merge.done})


def _merge(cursor: Cursor, statement: exp.Merge) -> tuple[str, set[str]]:
    done: set[str] = set()
    for clause in _clauses(statement):
        then = clause.args["then"]
        if isinstance(then, exp.Update):
            done.add("UPDATE")
            for assignment in then.expressions:
                # DuckDB wants the bare name of the target's column.
                assignment.this.set("table", None)
        elif isinstance(then, exp.Insert):
            done.add("INSERT")
        else:
            done.add("DELETE")
    return cursor.translate(statement).sql(dialect="duckdb") + " RETURNING merge_action", done


def _duplicate(cursor: Cursor, statement: exp.Merge) -> tuple[str | None, str]:
    """How to find a target row that several source rows would change, unless all only delete it, and how to show it."""
    matched = [clause for clause in _clauses(statement) if clause.args.get("matched")]
    if not matched:
        return None, ""
    target = statement.this.copy()
    name = exp.to_identifier(target.alias_or_name, quoted=bool(target.this.args.get("quoted")))
    row_id = exp.Column(this=exp.to_identifier("rowid"), table=name)
    conditions = [_condition(clause) for clause in matched]
    updates = [_condition(clause) for clause in matched if isinstance(clause.args["then"], exp.Update)]
    several = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
    query = (
        exp.select(row_id.copy())
        .from_(target)
        .join(statement.args["using"].copy(), on=statement.args["on"].copy(), join_type="INNER")
        .where(exp.or_(*conditions))
        .group_by(row_id.copy())
        .having(exp.and_(several, exp.LogicalOr(this=exp.or_(*(updates or [exp.false()])))))
        .limit(1)
    )
    find = cursor.translate(query).sql(dialect="duckdb")
    rows = cursor.translate(exp.select("*").from_(target.copy())).sql(dialect="duckdb")
    return find, f"{rows} WHERE rowid ="


def _condition(clause: Expr) -> Expr:
    condition = clause.args.get("condition")
    return exp.true() if condition is None else condition.copy()


def _clauses(statement: exp.Merge) -> list[Expr]:
    return list(statement.args["whens"].expressions)
