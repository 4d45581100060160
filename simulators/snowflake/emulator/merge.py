"""MERGE by DuckDB's own, after the check that Snowflake makes: a target row may have one source row only."""

from __future__ import annotations

import collections

from sqlglot import Expr, exp

from . import results
from .engine import Cursor, cursor_of, prepare, raise_as_snowflake
from .errors import duplicate_row
from .results import Result
from .sessions import Session

_COLUMNS = {"INSERT": "number of rows inserted", "UPDATE": "number of rows updated", "DELETE": "number of rows deleted"}


def merge(session: Session, statement: exp.Merge, *, refuses_duplicates: bool) -> Result:
    """Counts by action. Raises 100090 where two source rows would change one target row."""
    prepare(session, statement)
    cursor = cursor_of(session)
    try:
        if refuses_duplicates and (row := _duplicate(cursor, statement)) is not None:
            raise duplicate_row(row)
        return _merge(cursor, statement)
    except Exception as error:
        raise_as_snowflake(error)


def _merge(cursor: Cursor, statement: exp.Merge) -> Result:
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
    sql = cursor.translate(statement).sql(dialect="duckdb") + " RETURNING merge_action"
    actions = cursor._duck_conn.execute(sql).to_arrow_table().column(0)
    found = collections.Counter({pair["values"]: pair["counts"] for pair in actions.value_counts().to_pylist()})
    return results.counts({name: found[action] for action, name in _COLUMNS.items() if action in done})


def _duplicate(cursor: Cursor, statement: exp.Merge) -> str | None:
    """A target row that several source rows would change, unless all only delete it."""
    matched = [clause for clause in _clauses(statement) if clause.args.get("matched")]
    if not matched:
        return None
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
    row = cursor._duck_conn.execute(cursor.translate(query).sql(dialect="duckdb")).fetchone()
    if row is None:
        return None
    named = exp.select("*").from_(target.copy()).where(exp.EQ(this=row_id.copy(), expression=exp.Literal.number(row[0])))
    values = cursor._duck_conn.execute(cursor.translate(named).sql(dialect="duckdb")).fetchone()
    return str(list(values or ()))


def _condition(clause: Expr) -> Expr:
    condition = clause.args.get("condition")
    return exp.true() if condition is None else condition.copy()


def _clauses(statement: exp.Merge) -> list[Expr]:
    return list(statement.args["whens"].expressions)
