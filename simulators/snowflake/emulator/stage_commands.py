"""PUT, LIST, REMOVE and DROP STAGE."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import results
from .copy_options import parse_options
from .errors import object_missing, syntax_error, unsupported
from .identifiers import QUALIFIED, split_name
from .results import Result
from .sessions import Session
from .stages import ROOT, StageLocation, describe, files_under, locate, locate_internal

if TYPE_CHECKING:
    from .account import Account

_PLACE = r"('(?:[^']|'')*'|@(?:\"(?:[^\"]|\"\")*\"|[^\s'\"])+)"
_PUT = re.compile(rf"PUT\s+('(?:[^'\\]|''|\\.)*'|\S+)\s+{_PLACE}\s*(.*)\Z", re.IGNORECASE | re.DOTALL)
_FILES = re.compile(rf"(?:LIST|LS|REMOVE|RM)\s+{_PLACE}\s*(?:PATTERN\s*=\s*'((?:[^']|'')*)')?\s*\Z", re.IGNORECASE)
_DROP = re.compile(rf"DROP\s+STAGE\s+(IF\s+EXISTS\s+)?({QUALIFIED})\s*\Z", re.IGNORECASE)
_PUT_OPTIONS = {"AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE", "PARALLEL"}


def put(account: Account, session: Session, sql: str, query_id: str) -> Result:
    """Tells the driver where to send the file; it does so as to a Google Cloud bucket, unencrypted."""
    match = _PUT.match(sql)
    if match is None:
        raise syntax_error("PUT wants file://path and @stage")
    source = match[1][1:-1].replace("''", "'").replace("\\\\", "\\") if match[1].startswith("'") else match[1]
    if not source.lower().startswith("file://"):
        raise syntax_error(f"{source} does not start with file://")
    options = parse_options(match[3])
    if unknown := set(options) - _PUT_OPTIONS:
        raise unsupported(f"the PUT option {', '.join(sorted(unknown))}")
    account.uploads.open(query_id, locate_internal(session, match[2]))
    return Result(
        columns=[],
        rows=[],
        transfer={
            "command": "UPLOAD",
            "src_locations": [source[len("file://") :]],
            "parallel": int(options.get("PARALLEL", 4)),
            "autoCompress": str(options.get("AUTO_COMPRESS", "TRUE")).upper() == "TRUE",
            "sourceCompression": str(options.get("SOURCE_COMPRESSION", "AUTO_DETECT")).lower(),
            "overwrite": str(options.get("OVERWRITE", "FALSE")).upper() == "TRUE",
            "encryptionMaterial": None,
            "stageInfo": {
                "locationType": "GCS",
                "location": f"{query_id}/",
                "region": "us-central1",
                "endPoint": f"{account.url}/fs_bucket",
                "creds": {"GCS_ACCESS_TOKEN": "emulated"},
            },
        },
    )


def list_files(session: Session, sql: str) -> Result:
    location, files = _files(session, sql)
    return results.table(["name", "size", "md5", "last_modified"], [describe(location, file) for file in files])


def remove_files(session: Session, sql: str) -> Result:
    location, files = _files(session, sql)
    for file in files:
        file.unlink(missing_ok=True)
    return results.table(["name", "result"], [[location.display(file), "removed"] for file in files])


def drop_stage(session: Session, sql: str) -> Result:
    match = _DROP.match(sql)
    if match is None:
        raise syntax_error("DROP STAGE wants a name")
    parts = split_name(match[2])
    database, schema, name = [*[session.connection.database, session.connection.schema][: 3 - len(parts)], *parts]
    with session.connection._duck_conn.cursor() as cursor:
        deleted = cursor.execute(
            "DELETE FROM _fs_global._fs_information_schema._fs_stages"
            " WHERE database_name = ? AND schema_name = ? AND name = ? RETURNING name",
            [database, schema, name],
        ).fetchall()
    if not deleted and match[1] is None:
        raise object_missing("Stage", f"{database}.{schema}.{name}")
    shutil.rmtree(ROOT / str(database) / str(schema) / str(name), ignore_errors=True)
    return results.status(f"{name} successfully dropped.")


def _files(session: Session, sql: str) -> tuple[StageLocation, list[Path]]:
    match = _FILES.match(sql)
    if match is None:
        raise syntax_error("this wants @stage, and PATTERN = '...' at most")
    location = locate(session, match[1])
    files = files_under(location)
    if match[2] is not None:
        pattern = re.compile(match[2].replace("''", "'"))
        files = [file for file in files if pattern.fullmatch(location.display(file))]
    return location, files
