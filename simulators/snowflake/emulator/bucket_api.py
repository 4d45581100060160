"""Where PUT sends its files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .account import Account
from .faults import UPLOAD
from .http_server import Request, Response, Route
from .stages import StageLocation, write


class BucketApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        path = re.compile("/fs_bucket/(?P<query>[^/]+)/(?P<name>.+)")
        return [Route("HEAD", path, self._head), Route("PUT", path, self._put)]

    def _head(self, request: Request) -> Response:
        """The driver asks so, unless told to overwrite, whether the file is there already."""
        location = self._account.uploads.find(request.names["query"])
        file = None if location is None else _target(location, request.names["name"])
        if file is None or not file.is_file():
            return Response(404)
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return Response(200, headers=(("Content-Length", str(len(content))), ("x-goog-meta-sfc-digest", digest)))

    def _put(self, request: Request) -> Response:
        location = self._account.uploads.find(request.names["query"])
        if location is None:
            return Response(403)
        file = _target(location, request.names["name"])
        shown = location.display(file)
        fault = self._account.faults.take(UPLOAD, shown, "before")
        if fault is not None:
            if fault.hang or fault.delay_ms:
                fault.removed.wait(None if fault.hang else fault.delay_ms / 1_000)
            if fault.drop:
                return Response(drop=True)
            if fault.status is not None:
                return Response(fault.status)
        write(file, request.body)
        self._account.log.upload(shown, len(request.body))
        return Response(200)


def _target(location: StageLocation, name: str) -> Path:
    """PUT names a folder, with or without a slash at its end; COPY and LIST name a prefix."""
    folder = location.path if location.path == "" or location.path.endswith("/") else f"{location.path}/"
    return StageLocation(location.folder, location.label, folder).file(name)
