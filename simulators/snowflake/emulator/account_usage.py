"""SNOWFLAKE.ACCOUNT_USAGE, as far as it tells of credits: tables made of the log whenever somebody looks at them.

Snowflake knows of a statement hours later, and of none under 100 ms; here all are known at once, by the rates of an X-Small
warehouse that waits a minute in each hour in which it was used.
"""

from __future__ import annotations

import contextlib
import re
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import Any

from fakesnow.instance import FakeSnow

from .statement_log import LoggedStatement, StatementLog

_VIEWED = re.compile(r"\bSNOWFLAKE\.ACCOUNT_USAGE\.(QUERY_ATTRIBUTION_HISTORY|WAREHOUSE_METERING_HISTORY)\b", re.IGNORECASE)
_COLUMNS = {
    "QUERY_ATTRIBUTION_HISTORY": "QUERY_ID VARCHAR, WAREHOUSE_NAME VARCHAR, QUERY_TAG VARCHAR, USER_NAME VARCHAR,"
    " START_TIME TIMESTAMPTZ, END_TIME TIMESTAMPTZ, CREDITS_ATTRIBUTED_COMPUTE DOUBLE, CREDITS_USED_QUERY_ACCELERATION DOUBLE",
    "WAREHOUSE_METERING_HISTORY": "START_TIME TIMESTAMPTZ, END_TIME TIMESTAMPTZ, WAREHOUSE_NAME VARCHAR, CREDITS_USED DOUBLE,"
    " CREDITS_USED_COMPUTE DOUBLE, CREDITS_USED_CLOUD_SERVICES DOUBLE, CREDITS_ATTRIBUTED_COMPUTE_QUERIES DOUBLE",
}
_CREDITS_PER_MS = 1 / 3_600_000
_IDLE_CREDITS = 60_000 * _CREDITS_PER_MS


def viewed_usage(sql: str) -> str | None:
    """The view that a query looks at."""
    match = _VIEWED.search(sql)
    return match and match[1].upper()


class AccountUsage:
    def __init__(self, fakesnow: FakeSnow, log: StatementLog) -> None:
        self._fakesnow = fakesnow
        self._log = log

    def refresh(self, view: str) -> None:
        entries = self._log.billed()
        rows = _attributed(entries) if view == "QUERY_ATTRIBUTION_HISTORY" else _metered(entries)
        with contextlib.closing(self._fakesnow.connect(database="SNOWFLAKE", schema="ACCOUNT_USAGE")) as connection:
            name = f"SNOWFLAKE.ACCOUNT_USAGE.{view}"
            connection._duck_conn.execute(f"CREATE OR REPLACE TABLE {name} ({_COLUMNS[view]})")
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                connection._duck_conn.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


def _attributed(entries: list[LoggedStatement]) -> list[list[Any]]:
    return [
        [
            one.query_id,
            one.warehouse,
            one.query_tag,
            one.user,
            _instant(one.started_at),
            _instant(one.started_at + one.duration_ms),
            one.duration_ms * _CREDITS_PER_MS,
            None,
        ]
        for one in entries
    ]


def _metered(entries: list[LoggedStatement]) -> list[list[Any]]:
    hours: dict[tuple[datetime, str], float] = defaultdict(float)
    for one in entries:
        hour = _instant(one.started_at).replace(minute=0, second=0, microsecond=0)
        hours[hour, one.warehouse or ""] += one.duration_ms * _CREDITS_PER_MS
    return [
        [hour, hour + timedelta(hours=1), warehouse, used + _IDLE_CREDITS, used + _IDLE_CREDITS, 0.0, used]
        for (hour, warehouse), used in hours.items()
    ]


def _instant(unix_ms: float) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1_000, timezone.utc)
