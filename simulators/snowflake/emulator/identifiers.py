"""Names of databases, schemas, tables and stages in SQL text."""

from __future__ import annotations

import re

_PART = r'"(?:[^"]|"")+"|[A-Za-z_%~][\w$]*'
QUALIFIED = rf"(?:{_PART})(?:\.(?:{_PART}))*"


def split_name(text: str) -> list[str]:
    """`db."s".t` → ["DB", "s", "T"]: unquoted parts become upper case, quoted ones lose their quotes."""
    return [
        part[1:-1].replace('""', '"') if part.startswith('"') else part.upper() for part in re.findall(_PART, text)
    ]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def like_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern of `SHOW ... LIKE`, which ignores case; `\\\\_` is an underscore."""
    expression = ""
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if character == "\\" and index + 1 < len(pattern):
            index += 1
            while pattern[index] == "\\" and index + 1 < len(pattern):
                index += 1
            expression += re.escape(pattern[index])
        elif character == "%":
            expression += ".*"
        elif character == "_":
            expression += "."
        else:
            expression += re.escape(character)
        index += 1
    return re.compile(expression, re.IGNORECASE | re.DOTALL)
