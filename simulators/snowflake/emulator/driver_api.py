"""The routes that Snowflake's driver asks: login, statements, results, cancel."""

from __future__ import annotations

import re
from typing import Any

from .account import Account
from .errors import SnowflakeError
from .executor import Statement, error_on_order
from .faults import LOGIN, STATEMENT, Fault
from .http_server import Request, Response, Route
from .results import TYPE_IDS
from .sessions import Session
from .sql_text import kind_of
from .statements import Statements

_IN_PROGRESS = "333333"
_IN_PROGRESS_ASYNC = "333334"


class DriverApi:
    def __init__(self, account: Account) -> None:
        self._account = account
        self._statements = Statements(account)

    def routes(self) -> list[Route]:
        def route(method: str, path: str, handle: Any) -> Route:
            return Route(method, re.compile(path), handle)

        return [
            route("POST", "/session/v1/login-request", self._log_in),
            route("POST", "/session/token-request", self._renew),
            route("POST", "/session/heartbeat", self._heartbeat),
            route("POST", "/session", self._log_out),
            route("POST", "/queries/v1/query-request", self._query),
            route("POST", "/queries/v1/abort-request", self._cancel_by_request),
            route("POST", "/queries/(?P<id>[^/]+)/abort-request", self._cancel),
            route("GET", "/queries/(?P<id>[^/]+)/result", self._result),
            route("GET", "/monitoring/queries/(?P<id>[^/]+)", self._status),
            route("POST", "/telemetry/send(/sessionless)?", lambda _: _ok(None)),
        ]

    def _log_in(self, request: Request) -> Response:
        self._account.log.request("login")
        data = request.json().get("data") or {}
        user = str(data.get("LOGIN_NAME") or "")
        if (fault := self._account.faults.take(LOGIN, user, "before")) is not None:
            if (response := self._struck(fault, None)) is not None:
                return response
        try:
            session = self._account.log_in(data, request.query)
        except SnowflakeError as error:
            return _refused(error)
        return _ok(
            {
                "token": session.token,
                "masterToken": session.master_token,
                "validityInSeconds": self._account.settings.session_token_seconds,
                "masterValidityInSeconds": self._account.settings.master_token_seconds,
                "sessionId": int(session.id),
                "displayUserName": session.user,
                "serverVersion": "10.0.0",
                "parameters": _parameters(session),
                "sessionInfo": {
                    "databaseName": session.connection.database,
                    "schemaName": session.connection.schema,
                    "warehouseName": session.warehouse,
                    "roleName": session.role,
                },
            }
        )

    def _renew(self, request: Request) -> Response:
        self._account.log.request("renew")
        try:
            session = self._account.sessions.renew(request.token(), request.json().get("oldSessionToken"))
        except SnowflakeError as error:
            return _refused(error)
        return _ok(
            {
                "sessionToken": session.token,
                "validityInSecondsST": self._account.settings.session_token_seconds,
                "masterToken": session.master_token,
                "validityInSecondsMT": self._account.settings.master_token_seconds,
                "sessionId": int(session.id),
            }
        )

    def _heartbeat(self, request: Request) -> Response:
        self._account.log.request("heartbeat")
        try:
            self._account.sessions.find(request.token())
        except SnowflakeError as error:
            return _refused(error)
        return _ok(None)

    def _log_out(self, request: Request) -> Response:
        self._account.log.request("logout")
        try:
            session = self._account.sessions.find(request.token())
        except SnowflakeError as error:
            return _refused(error)
        if request.query.get("delete"):
            self._account.log_out(session)
        return _ok(None)

    def _query(self, request: Request) -> Response:
        self._account.log.request("query")
        try:
            session = self._account.sessions.find(request.token())
        except SnowflakeError as error:
            return _refused(error)
        body = request.json()
        sql = str(body.get("sqlText") or "")
        request_id = request.query.get("requestId", "")
        statement = self._statements.known(session, request_id)
        if statement is None:
            fault = self._account.faults.take(STATEMENT, sql, "before")
            if fault is not None and (fault.status or fault.drop or fault.session):
                response = self._struck(fault, session)
                assert response is not None
                return response
            statement = self._statements.start(session, request_id, body, fault)
        if body.get("asyncExec"):
            return _in_progress(statement, _IN_PROGRESS_ASYNC)
        return self._await(statement)

    def _result(self, request: Request) -> Response:
        self._account.log.request("result")
        try:
            self._account.sessions.find(request.token())
        except SnowflakeError as error:
            return _refused(error)
        statement = self._statements.find(request.names["id"])
        if statement is None:
            return _refused(SnowflakeError("000709", "02000", f"Statement {request.names['id']} not found"))
        return self._await(statement)

    def _await(self, statement: Statement) -> Response:
        if not statement.done.wait(self._account.settings.answer_within_ms / 1_000):
            return _in_progress(statement, _IN_PROGRESS)
        fault = self._account.faults.take(STATEMENT, statement.sql, "after")
        if fault is not None:
            if fault.hang or fault.delay_ms:
                fault.removed.wait(None if fault.hang else fault.delay_ms / 1_000)
            if (response := self._struck(fault, statement.session)) is not None:
                return response
        if statement.error is not None:
            return _refused(statement.error, statement.query_id)
        return _ok(_result_data(statement))

    def _struck(self, fault: Fault, session: Session | None) -> Response | None:
        """The answer that a rule orders; None where it only delays."""
        if fault.drop:
            return Response(drop=True)
        if fault.status is not None:
            return Response(fault.status, {"message": "a status on order"})
        if fault.error is not None:
            return _refused(error_on_order(fault.error))
        if fault.session is not None and session is not None:
            session.token_expires_at = 0
            if fault.session == "unrenewable":
                session.master_expires_at = 0
            if fault.session == "gone":
                self._account.log_out(session)
                return _refused(SnowflakeError("390111", "08001", "Session no longer exists.  New login required to access the service."))
            return _refused(SnowflakeError("390112", "08001", "Your session has expired. Please login again."))
        return None

    def _cancel(self, request: Request) -> Response:
        self._account.log.request("cancel")
        statement = self._statements.find(request.names["id"])
        if statement is not None:
            statement.cancel()
        return _ok(None)

    def _cancel_by_request(self, request: Request) -> Response:
        self._account.log.request("cancel")
        try:
            session = self._account.sessions.find(request.token())
        except SnowflakeError as error:
            return _refused(error)
        statement = self._statements.known(session, str(request.json().get("requestId")))
        if statement is not None:
            statement.cancel()
        return _ok(None)

    def _status(self, request: Request) -> Response:
        statement = self._statements.find(request.names["id"])
        if statement is None:
            return _ok({"queries": []})
        state = "RUNNING" if not statement.done.is_set() else "SUCCESS" if statement.error is None else "FAILED_WITH_ERROR"
        return _ok({"queries": [{"id": statement.query_id, "status": state}]})


def _ok(data: Any) -> Response:
    return Response(content={"data": data, "code": None, "message": None, "success": True})


def _refused(error: SnowflakeError, query_id: str | None = None) -> Response:
    data = {
        "internalError": False,
        "errorCode": error.code,
        "age": 0,
        "sqlState": error.sql_state,
        "queryId": query_id,
        "line": -1,
        "pos": -1,
        "type": "COMPILATION",
    }
    return Response(content={"data": data, "code": error.code, "message": error.message, "success": False, "headers": None})


def _in_progress(statement: Statement, code: str) -> Response:
    data = {
        "getResultUrl": f"/queries/{statement.query_id}/result",
        "queryId": statement.query_id,
        "queryAbortsAfterSecs": 300,
        "progressDesc": None,
    }
    return Response(content={"data": data, "code": code, "message": "Query execution in progress.", "success": True})


def _result_data(statement: Statement) -> dict[str, Any]:
    result, session = statement.result, statement.session
    assert result is not None
    if result.transfer is not None:
        return {**result.transfer, "queryId": statement.query_id, "operation": "Node"}
    return {
        "parameters": _parameters(session),
        "rowtype": result.columns,
        "rowset": result.rows,
        "total": len(result.rows),
        "returned": len(result.rows),
        "queryId": statement.query_id,
        "version": 1,
        "queryResultFormat": "json",
        "statementTypeId": TYPE_IDS.get(kind_of(statement.sql).word, 0),
        "numberOfBinds": len(statement.bindings),
        "finalDatabaseName": session.connection.database,
        "finalSchemaName": session.connection.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
    }


def _parameters(session: Session) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in session.parameters.items()]
