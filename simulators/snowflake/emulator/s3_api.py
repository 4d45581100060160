"""As much of S3 as it takes to put files into the buckets of external stages, path style, under /s3. Signatures are not verified."""

from __future__ import annotations

import base64
import hashlib
import re
from xml.sax.saxutils import escape

from .account import Account
from .faults import UPLOAD
from .http_server import Request, Response, Route
from .stages import bucket, write


class S3Api:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        return [Route("PUT", re.compile("/s3/(?P<bucket>[^/]+)/(?P<key>.+)"), self._put)]

    def _put(self, request: Request) -> Response:
        """Whether it may be put is decided before its content is looked at, as S3 does."""
        name, key = request.names["bucket"], request.names["key"]
        shown = f"s3://{name}/{key}"
        fault = self._account.faults.take(UPLOAD, shown, "before")
        if fault is not None:
            if fault.hang or fault.delay_ms:
                fault.removed.wait(None if fault.hang else fault.delay_ms / 1_000)
            if fault.drop:
                return Response(drop=True)
            if fault.error is not None or fault.status is not None:
                return _error(fault.status or 403, (fault.error or {}).get("code", "InternalError"))
        if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            return _error(403, "AccessDenied")
        if self._account.settings.buckets and name not in self._account.settings.buckets:
            return _error(404, "NoSuchBucket")
        digest = hashlib.md5(request.body)
        wanted = request.headers.get("content-md5")
        if wanted is not None and base64.b64decode(wanted) != digest.digest():
            return _error(400, "BadDigest")
        write(bucket(name).file(key), request.body)
        self._account.log.upload(shown, len(request.body))
        return Response(headers=(("ETag", f'"{digest.hexdigest()}"'),))


def _error(status: int, code: str) -> Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{escape(code)}</Code><Message>emulated</Message></Error>'
    return Response(status, text=("application/xml", text))
