"""The options of COPY and of its file format: `NAME = value` and `NAME = ( ... )`."""

from __future__ import annotations

import re
from typing import Any

from .errors import syntax_error

_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|''|\\.)*')|([A-Za-z_][\w.$]*|\d+)|([=(),]))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def parse_options(text: str) -> dict[str, Any]:
    """Names in upper case; values are text, lists of text, or options again. Commas between options may be missing."""
    tokens = _tokens(text)
    options, position = _options(tokens, 0)
    if position != len(tokens):
        raise syntax_error(f"unexpected '{tokens[position][1]}'")
    return options


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise syntax_error(f"unexpected '{text[position : position + 10]}'")
        position = match.end()
        if match[1] is not None:
            found.append(("text", _unquote(match[1])))
        elif match[2] is not None:
            found.append(("word", match[2]))
        else:
            found.append(("sign", match[3]))
    return found


def _options(tokens: list[tuple[str, str]], position: int) -> tuple[dict[str, Any], int]:
    options: dict[str, Any] = {}
    while position < len(tokens) and tokens[position] != ("sign", ")"):
        if tokens[position] == ("sign", ","):
            position += 1
            continue
        if position + 2 >= len(tokens) or tokens[position][0] != "word" or tokens[position + 1] != ("sign", "="):
            raise syntax_error(f"unexpected '{tokens[position][1]}'")
        name = tokens[position][1].upper()
        options[name], position = _value(tokens, position + 2)
    return options, position


def _value(tokens: list[tuple[str, str]], position: int) -> tuple[Any, int]:
    if tokens[position] != ("sign", "("):
        return tokens[position][1], position + 1
    position += 1
    is_options = position + 1 < len(tokens) and tokens[position + 1] == ("sign", "=")
    values: Any
    if is_options:
        values, position = _options(tokens, position)
    else:
        values = []
        while position < len(tokens) and tokens[position] != ("sign", ")"):
            if tokens[position] != ("sign", ","):
                values.append(tokens[position][1])
            position += 1
    if position >= len(tokens):
        raise syntax_error("unexpected '<EOF>'")
    return values, position + 1


def _unquote(quoted: str) -> str:
    return re.sub(
        r"''|\\(.)",
        lambda match: "'" if match[1] is None else _ESCAPES.get(match[1], match[1]),
        quoted[1:-1],
        flags=re.DOTALL,
    )
