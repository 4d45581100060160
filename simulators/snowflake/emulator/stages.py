"""Stages: files in a folder, put there by HTTP as the driver does with a Google Cloud bucket, or others with one of S3."""

from __future__ import annotations

import email.utils
import hashlib
import os
import re
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import fakesnow.transforms.stage

from .errors import SnowflakeError, external_stage, object_missing, unsupported
from .identifiers import split_name
from .sessions import Session

_LOCATION = re.compile(r'@((?:"(?:[^"]|"")+"|[\w$%~])+(?:\.(?:"(?:[^"]|"")+"|[\w$%]+))*)(?:/(.*))?\Z', re.DOTALL)
_S3_URL = re.compile(r"s3://([^/]+)(?:/(.*))?\Z", re.DOTALL)
ROOT = Path(fakesnow.transforms.stage.LOCAL_BUCKET_PATH)


@dataclass(frozen=True)
class StageLocation:
    folder: Path
    #: How LIST begins the names of its files: the stage's name in lower case, the address of an external stage's bucket, nothing
    #: for table and user stages.
    label: str
    #: What follows the stage: a prefix of names, not a folder.
    path: str

    def file(self, name: str) -> Path:
        """The file that path and name together mean; they are joined as they are, as on Snowflake."""
        target = Path(os.path.normpath(self.folder / (self.path + name).lstrip("/")))
        if self.folder not in target.parents:
            raise SnowflakeError("001011", "42601", f"SQL compilation error:\ninvalid path '{self.path}{name}'")
        return target

    @property
    def is_external(self) -> bool:
        return self.label.startswith("s3://")

    def display(self, file: Path) -> str:
        return self.label + file.relative_to(self.folder).as_posix()


def locate(session: Session, text: str) -> StageLocation:
    """Reads `@db.schema.stage/path`, quoted as a whole or not; raises where there is no such stage."""
    location = text[1:-1].replace("''", "'") if text.startswith("'") else text
    match = _LOCATION.match(location)
    if match is None:
        raise SnowflakeError("001003", "42000", f"SQL compilation error:\nsyntax error: {location} is no stage")
    path = match[2] or ""
    if match[1] == "~":
        return StageLocation(ROOT / "~" / session.user, "", path)
    parts = split_name(match[1])
    defaults = [session.connection.database or "", session.connection.schema or ""]
    database, schema, name = [*defaults[: 3 - len(parts)], *parts]
    folder = ROOT / database / schema / name
    if name.startswith("%"):
        return StageLocation(folder, "", path)
    sql = (
        "SELECT url FROM _fs_global._fs_information_schema._fs_stages"
        " WHERE database_name = ? AND schema_name = ? AND name = ?"
    )
    with session.connection._duck_conn.cursor() as cursor:
        found = cursor.execute(sql, [database, schema, name]).fetchone()
    if found is None:
        raise object_missing("Stage", f"{database}.{schema}.{name}")
    if found[0]:
        return _in_bucket(found[0], path)
    return StageLocation(folder, f"{name.lower()}/", path)


def locate_internal(session: Session, text: str) -> StageLocation:
    """For PUT, which takes no other."""
    location = locate(session, text)
    if location.is_external:
        raise external_stage()
    return location


def bucket(name: str) -> StageLocation:
    """A bucket of S3 as a whole; its files are where external stages look for them."""
    return StageLocation(ROOT / "s3:" / name, f"s3://{name}/", "")


def _in_bucket(url: str, path: str) -> StageLocation:
    """Address and path are joined as they are."""
    match = _S3_URL.match(url)
    if match is None:
        raise unsupported(f"files of {url}")
    whole = bucket(match[1])
    return StageLocation(whole.folder, whole.label, f"{match[2] or ''}{path}")


def files_under(location: StageLocation) -> list[Path]:
    """Files whose name begins with the location's path, in the order of their names."""
    if not location.folder.is_dir():
        return []
    files = (Path(folder) / name for folder, _, names in os.walk(location.folder) for name in names)
    return sorted(
        file
        for file in files
        if file.relative_to(location.folder).as_posix().startswith(location.path.lstrip("/"))
        and not file.name.startswith(".unfinished-")
    )


def describe(location: StageLocation, file: Path) -> list[str | None]:
    """A row of LIST: name, size, md5, last_modified."""
    content = file.read_bytes()
    modified = email.utils.formatdate(file.stat().st_mtime, usegmt=True)
    return [location.display(file), str(len(content)), hashlib.md5(content).hexdigest(), modified]


class Uploads:
    """The folders that running PUT statements may write to, by the opaque part of their URL."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, StageLocation] = {}

    def open(self, query_id: str, location: StageLocation) -> None:
        with self._lock:
            self._open[query_id] = location

    def find(self, query_id: str) -> StageLocation | None:
        with self._lock:
            return self._open.get(query_id)


def write(target: Path, content: bytes) -> None:
    """Whole or not at all, so that no COPY reads half a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(unfinished, target)


def remove_files() -> None:
    """Everything that was ever put."""
    shutil.rmtree(ROOT, ignore_errors=True)
