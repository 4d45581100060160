"""Errors as Snowflake words them, by their six-digit codes."""

from __future__ import annotations


class SnowflakeError(Exception):
    """A statement or request that Snowflake refuses; the driver shows code, SQL state and message."""

    def __init__(self, code: str, sql_state: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.sql_state = sql_state
        self.message = message


def syntax_error(message: str) -> SnowflakeError:
    return SnowflakeError("001003", "42000", f"SQL compilation error:\n{message}")


def object_missing(kind: str, name: str) -> SnowflakeError:
    return SnowflakeError(
        "002003", "42S02", f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized."
    )


def unsupported(what: str) -> SnowflakeError:
    """Says that the emulator, not Snowflake, stops here, so that no test takes it for Snowflake's own answer."""
    return SnowflakeError("999999", "0A000", f"the emulator does not support {what}")


def lock_timeout(table: str, transaction: str, query_id: str) -> SnowflakeError:
    return SnowflakeError(
        "000625",
        "57014",
        f"Statement '{query_id}' has locked table '{table}' in transaction {transaction}"
        " and this lock has not yet been released.",
    )


def canceled() -> SnowflakeError:
    return SnowflakeError("000604", "57014", "SQL execution canceled")


def statement_timeout(seconds: int) -> SnowflakeError:
    return SnowflakeError(
        "000630", "57014", f"Statement reached its statement or warehouse timeout of {seconds} second(s) and was canceled."
    )


def no_warehouse() -> SnowflakeError:
    return SnowflakeError(
        "000606",
        "57P03",
        "No active warehouse selected in the current session."
        "  Select an active warehouse with the 'use warehouse' command.",
    )


def duplicate_row(values: str) -> SnowflakeError:
    return SnowflakeError("100090", "42P18", f"Duplicate row detected during DML action\nRow Values: {values}")


def external_stage() -> SnowflakeError:
    return SnowflakeError("091003", "0A000", "Cannot upload files to or download files from external stages.")


def stage_file_missing(path: str) -> SnowflakeError:
    return SnowflakeError(
        "091016",
        "22000",
        f"Remote file '{path}' was not found. There are several potential causes. The file might not exist."
        " The required credentials may be missing or invalid. If you are running a copy command, please make sure"
        " files are not deleted when they are being loaded or files are not being loaded into two different tables"
        " concurrently with auto purge option.",
    )
