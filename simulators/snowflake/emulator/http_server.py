"""HTTP/1.1 by threads: one per connection, so that a statement may wait in it."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import socket
import urllib.parse
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    body: bytes
    headers: dict[str, str]
    #: Named groups of the route's pattern.
    names: dict[str, str]

    def json(self) -> dict[str, Any]:
        return json.loads(self.body) if self.body else {}

    def token(self) -> str | None:
        """Of `Authorization: Snowflake Token="..."`."""
        match = re.search(r'Token="([^"]*)"', self.headers.get("authorization", ""))
        return None if match is None else match[1]


@dataclass(frozen=True)
class Response:
    status: int = 200
    #: Becomes the JSON body.
    content: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    #: A body that is no JSON, and its type.
    text: tuple[str, str] | None = None
    #: Closes the connection and says nothing.
    drop: bool = False


Handle = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    method: str
    path: re.Pattern[str]
    handle: Handle


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, routes: list[Route], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.routes = routes

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are counted in the statement log, not printed."""

    def _serve(self) -> None:
        body = self._body()
        parsed = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(parsed.path)
        for route in self.server.routes:
            match = route.path.fullmatch(path)
            if match is None or route.method != self.command:
                continue
            self._answer(
                route.handle(
                    Request(
                        method=self.command,
                        path=path,
                        query=dict(urllib.parse.parse_qsl(parsed.query)),
                        body=body,
                        headers={name.lower(): value for name, value in self.headers.items()},
                        names=match.groupdict(),
                    )
                )
            )
            return
        self._answer(Response(404, {"success": False, "message": f"the emulator has no {self.command} {path}"}))

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self._chunks()
        # A file keeps its own compression; only requests of the driver are packed by it.
        is_packed = self.headers.get("Content-Encoding") == "gzip" and not self.path.startswith("/fs_bucket/")
        return gzip.decompress(body) if is_packed else body

    def _chunks(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return b""
        body = b""
        while (size := int(self.rfile.readline().split(b";")[0], 16)) > 0:
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, response: Response) -> None:
        if response.drop:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        kind, body = ("application/json", json.dumps(response.content)) if response.text is None else response.text
        content = b"" if response.content is None and response.text is None else body.encode()
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", kind)
        if not any(name == "Content-Length" for name, _ in response.headers):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
