"""A CSV file format of Snowflake as options of DuckDB's reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import unsupported
from .identifiers import literal

#: Options that change nothing at these values, which are what the emulator does anyway.
_AS_IT_IS = {
    "TYPE": {"CSV"},
    "ENCODING": {"UTF8", "UTF-8"},
    "RECORD_DELIMITER": {"\n", "NONE"},
    "ESCAPE": {"NONE"},
    "ESCAPE_UNENCLOSED_FIELD": {"NONE"},
    "TRIM_SPACE": {"FALSE"},
    "MULTI_LINE": {"TRUE"},
    "SKIP_BLANK_LINES": {"FALSE"},
    "REPLACE_INVALID_CHARACTERS": {"FALSE"},
    "ERROR_ON_COLUMN_COUNT_MISMATCH": {"TRUE"},
    "PARSE_HEADER": {"FALSE"},
    # DuckDB skips one at the beginning of a file whatever is said.
    "SKIP_BYTE_ORDER_MARK": {"TRUE", "FALSE"},
    "BINARY_FORMAT": {"HEX"},
    "DATE_FORMAT": {"AUTO"},
    "TIME_FORMAT": {"AUTO"},
    "TIMESTAMP_FORMAT": {"AUTO"},
}


@dataclass(frozen=True)
class CsvFormat:
    delimiter: str
    #: Empty: no quotes.
    quote: str
    skipped_lines: int
    null_texts: tuple[str, ...]
    empty_is_null: bool
    #: gzip, none, or auto by the file's name.
    compression: str

    def reader_options(self, file_name: str) -> str:
        compression = self.compression
        if compression == "auto":
            compression = "gzip" if file_name.endswith(".gz") else "none"
        # A text that no field holds: where empty is not NULL, no unquoted field is.
        null = "" if self.empty_is_null else "\x00"
        return ", ".join(
            [
                f"delim={literal(self.delimiter)}",
                f"quote={literal(self.quote)}",
                f"escape={literal(self.quote)}",
                f"skip={self.skipped_lines}",
                f"nullstr={literal(null)}",
                "allow_quoted_nulls=false",
                "new_line='\\n'",
                f"compression={literal(compression)}",
            ]
        )

    def value(self, column: str) -> str:
        """NULL_IF holds for quoted fields too, so it is applied to what was read."""
        expression = column
        for text in self.null_texts:
            expression = f"nullif({expression}, {literal(text)})"
        return expression


def csv_format(options: Any) -> CsvFormat:
    if not isinstance(options, dict) or "FORMAT_NAME" in options:
        raise unsupported("named file formats")
    remaining = {name: value for name, value in options.items() if not _is_default(name, value)}
    if "ESCAPE_UNENCLOSED_FIELD" not in options:
        raise unsupported("the default ESCAPE_UNENCLOSED_FIELD, which eats backslashes: say NONE")
    null_if = remaining.pop("NULL_IF", ["\\N"])
    quote = str(remaining.pop("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE"))
    compression = str(remaining.pop("COMPRESSION", "AUTO")).lower()
    if compression not in ("auto", "gzip", "none"):
        raise unsupported(f"COMPRESSION = {compression}")
    csv = CsvFormat(
        delimiter=str(remaining.pop("FIELD_DELIMITER", ",")),
        quote="" if quote.upper() == "NONE" else quote,
        skipped_lines=int(remaining.pop("SKIP_HEADER", 0)),
        null_texts=tuple(null_if if isinstance(null_if, list) else [null_if]),
        empty_is_null=str(remaining.pop("EMPTY_FIELD_AS_NULL", "TRUE")).upper() == "TRUE",
        compression=compression,
    )
    if remaining:
        raise unsupported(f"the file format option {', '.join(sorted(remaining))} at this value")
    return csv


def _is_default(name: str, value: Any) -> bool:
    return name in _AS_IT_IS and str(value).upper() in _AS_IT_IS[name]
