"""Failures on order: rules that strike statements, logins and uploads by a pattern on their text."""

from __future__ import annotations

import itertools
import re
import threading
from dataclasses import dataclass, field
from typing import Any

STATEMENT, LOGIN, UPLOAD = "statement", "login", "upload"


@dataclass
class Fault:
    """One rule. Of the actions, `delay_ms` and `hang` let the request go on; the others end it."""

    id: str
    #: What the pattern is matched with: `statement` its SQL, `login` the user, `upload` the stage path.
    target: str
    pattern: re.Pattern[str]
    #: `before`: instead of doing it. `after`: it is done, and what is said of it is this.
    when: str
    #: How many matching requests it strikes; the driver's retries count, which is how a storm lasts.
    times: int
    #: How many matching requests pass first.
    skip: int = 0
    #: An error of Snowflake: `code`, `message`, `sqlState`.
    error: dict[str, str] | None = None
    #: An HTTP status without a body of Snowflake's.
    status: int | None = None
    #: Closes the connection without an answer.
    drop: bool = False
    delay_ms: int = 0
    #: Goes on only when canceled, or when the rule is removed.
    hang: bool = False
    #: `expired` (the driver renews), `unrenewable` (renewal is refused too) or `gone`.
    session: str | None = None
    #: Statement only: a result instead of the statement's own: `columns` and `rows` of text.
    answer: dict[str, Any] | None = None
    removed: threading.Event = field(default_factory=threading.Event)


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._rules: list[Fault] = []

    def add(self, rule: dict[str, Any]) -> str:
        """Raises ValueError for a rule that would do nothing."""
        allowed = {"target", "match", "when", "times", "skip", "error", "status", "drop", "delayMs", "hang", "session", "answer"}
        if unknown := set(rule) - allowed:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(allowed))}")
        if not any(rule.get(action) for action in ("error", "status", "drop", "delayMs", "hang", "session", "answer")):
            raise ValueError("a fault needs error, status, drop, delayMs, hang, session or answer")
        with self._lock:
            fault = Fault(
                id=str(next(self._ids)),
                target=rule.get("target", STATEMENT),
                pattern=re.compile(rule.get("match", ""), re.IGNORECASE | re.DOTALL),
                when=rule.get("when", "before"),
                times=rule.get("times", 1),
                skip=rule.get("skip", 0),
                error=rule.get("error"),
                status=rule.get("status"),
                drop=rule.get("drop", False),
                delay_ms=rule.get("delayMs", 0),
                hang=rule.get("hang", False),
                session=rule.get("session"),
                answer=rule.get("answer"),
            )
            self._rules.append(fault)
            return fault.id

    def take(self, target: str, text: str, when: str) -> Fault | None:
        """The first rule that strikes now, counted as used."""
        with self._lock:
            for rule in self._rules:
                if rule.target != target or rule.when != when or not rule.pattern.search(text):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.times <= 0:
                    continue
                rule.times -= 1
                return rule
            return None

    def remove_all(self) -> None:
        with self._lock:
            for rule in self._rules:
                rule.removed.set()
            self._rules = []

    def remove(self, rule_id: str) -> None:
        with self._lock:
            for rule in self._rules:
                if rule.id == rule_id:
                    rule.removed.set()
            self._rules = [rule for rule in self._rules if rule.id != rule_id]

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{"id": rule.id, "match": rule.pattern.pattern, "timesLeft": rule.times} for rule in self._rules]
