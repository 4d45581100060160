"""What kind of statement a text is, which is all that log, locks and warehouse rules need to know of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Comments and strings, so that neither is taken for SQL.
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRINGS = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
_FROM = re.compile(r"\bFROM\b", re.IGNORECASE)

DDL_WORDS = frozenset({"CREATE", "ALTER", "DROP", "UNDROP", "COMMENT", "GRANT", "REVOKE"})
DML_WORDS = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE"})
_SYNONYMS = {"DESC": "DESCRIBE", "LS": "LIST", "RM": "REMOVE", "WITH": "SELECT", "START": "BEGIN", "VALUES": "SELECT"}


@dataclass(frozen=True)
class StatementKind:
    #: First word, synonyms merged: SELECT, MERGE, CREATE, ...; `ALTER SESSION` is its own, for it is not DDL.
    word: str
    is_ddl: bool
    is_dml: bool
    #: Whether Snowflake bills a warehouse for it: all that reads or writes rows; not metadata, files or DDL.
    needs_warehouse: bool


def without_comments(sql: str) -> str:
    """The text without comments before it and without a semicolon at its end."""
    text = sql.strip()
    while True:
        shorter = re.sub(r"\A(?:--[^\n]*(?:\n|\Z)|/\*.*?\*/)\s*", "", text, flags=re.DOTALL)
        if shorter == text:
            return text.rstrip().rstrip(";").rstrip()
        text = shorter


def kind_of(sql: str) -> StatementKind:
    text = _NOISE.sub(" ", _STRINGS.sub("''", without_comments(sql))).strip()
    words = re.findall(r"[A-Za-z_]+", text[:200].upper())
    first = words[0] if words else ""
    word = _SYNONYMS.get(first, first)
    if word == "ALTER" and words[1:2] == ["SESSION"]:
        return StatementKind("ALTER SESSION", is_ddl=False, is_dml=False, needs_warehouse=False)
    is_ddl = word in DDL_WORDS
    is_dml = word in DML_WORDS
    reads_rows = word == "SELECT" and _FROM.search(text) is not None
    creates_from_rows = word == "CREATE" and re.search(r"\bAS\s*\(?\s*(SELECT|WITH)\b", text, re.IGNORECASE) is not None
    # TRUNCATE only touches metadata.
    writes_rows = is_dml and word != "TRUNCATE"
    return StatementKind(word, is_ddl, is_dml, needs_warehouse=reads_rows or creates_from_rows or writes_rows)
