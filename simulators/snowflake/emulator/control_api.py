"""The routes for tests, under /emulator."""

from __future__ import annotations

import re
from typing import Any

from .account import Account
from .http_server import Request, Response, Route


class ControlApi:
    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        def route(method: str, path: str, handle: Any) -> Route:
            return Route(method, re.compile(f"/emulator{path}"), handle)

        return [
            route("GET", "/log", lambda _: Response(content=self._account.log.as_json())),
            route("DELETE", "/log", self._reset_log),
            route("GET", "/faults", lambda _: Response(content=self._account.faults.as_json())),
            route("POST", "/faults", self._add_fault),
            route("DELETE", "/faults", self._remove_faults),
            route("DELETE", "/faults/(?P<id>\\d+)", self._remove_fault),
            route("GET", "/settings", lambda _: Response(content=self._account.settings.as_json())),
            route("POST", "/settings", self._change_settings),
            route("GET", "/sessions", lambda _: Response(content=self._sessions())),
        ]

    def _reset_log(self, _: Request) -> Response:
        self._account.log.reset()
        return Response(content={})

    def _add_fault(self, request: Request) -> Response:
        try:
            return Response(content={"id": self._account.faults.add(request.json())})
        except (ValueError, re.error) as error:
            return Response(400, {"message": str(error)})

    def _remove_faults(self, _: Request) -> Response:
        self._account.faults.remove_all()
        return Response(content={})

    def _remove_fault(self, request: Request) -> Response:
        self._account.faults.remove(request.names["id"])
        return Response(content={})

    def _change_settings(self, request: Request) -> Response:
        try:
            self._account.settings.change(request.json())
        except ValueError as error:
            return Response(400, {"message": str(error)})
        return Response(content=self._account.settings.as_json())

    def _sessions(self) -> list[dict[str, Any]]:
        """Sessions that no client has ended, with what they hold open."""
        return [
            {
                "id": session.id,
                "user": session.user,
                "transaction": session.transaction and session.transaction.id,
                "lastRequestAt": session.last_request_at * 1_000,
            }
            for session in self._account.sessions.all()
        ]
