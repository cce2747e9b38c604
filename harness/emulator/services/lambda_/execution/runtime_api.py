"""The Runtime API (C5) for all processes on one listener: the worker's id is a path prefix.

`/invocation/<id>/stream`, one request a piece, is our own runtime's way to stream; others post the whole as a streaming
response (C13). The same listener serves the code packages that GetFunction's Location points at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.edge.http import HttpServer
from harness.emulator.services.lambda_.execution.outcome import Invocation
from harness.emulator.services.lambda_.execution.worker import Worker

_JSON = ("Content-Type", "application/json")
_MODE = "lambda-runtime-function-response-mode"
_ACCEPTED = HttpResponse(202, [_JSON], b'{"status":"OK"}\n')


class RuntimeApi:
    """Starts with the first process. `code` gives a package's bytes by its SHA-256 (hex)."""

    def __init__(self, code: Callable[[str], bytes | None]) -> None:
        self.workers: dict[str, Worker] = {}
        self._code = code
        self._server: HttpServer | None = None
        self._port: asyncio.Task[int] | None = None

    async def start(self) -> str:
        """Listen if that was not done before; returns `host:port`."""
        if self._port is None:
            self._server = HttpServer(self._handle)
            self._port = asyncio.ensure_future(self._server.start())
        return f"127.0.0.1:{await asyncio.shield(self._port)}"

    async def stop(self) -> None:
        self.workers.clear()
        if self._server is not None and self._port is not None:
            server, self._server = self._server, None
            port, self._port = self._port, None
            await port
            await server.stop(0)

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        if self._server is None or _is_of_a_page(request, f"{self._server.host}:{self._server.port}"):
            return _error(403, "Forbidden", "pages of other sites are refused")
        parts = request.path.split("/")
        if len(parts) == 3 and parts[1] == "code":  # not every target begins with a slash: `OPTIONS *`
            package = self._code(parts[2])
            if package is not None:
                return HttpResponse(200, [("Content-Type", "application/zip")], package)
        if len(parts) < 7 or parts[1] != "w" or parts[3:5] != ["2018-06-01", "runtime"]:
            return _error(404, "NotFound", f"no such path: {request.path}")
        worker = self.workers.get(parts[2])
        if worker is None:
            return _error(403, "InvalidWorker", "this execution environment has ended")
        action = parts[5:]
        if action == ["invocation", "next"] and request.method == "GET":
            invocation = await worker.next_event()
            if invocation is None:
                return _error(403, "InvalidState", "this execution environment has ended")
            return _event(invocation)
        error_type = request.header("lambda-runtime-function-error-type")
        if action == ["init", "error"] and request.method == "POST":
            worker.init_failed(request.body, error_type)
            return _ACCEPTED
        if len(action) == 3 and action[0] == "invocation" and request.method == "POST":
            failed = action[2] == "error"
            streams = action[2] == "stream" or request.header(_MODE) == "streaming"
            if streams and not failed:
                status = await worker.piece(action[1], request.body, request.header("content-type"))
                if status == 202 and action[2] == "response":
                    status = worker.respond(action[1], b"", None)
            else:
                status = worker.respond(action[1], request.body, _type_of(request, error_type) if failed else None)
            if status == 403:
                return _error(403, "InvalidRequestID", "Invalid request ID")
            if status == 413:
                return _error(413, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
            return _ACCEPTED
        return _error(404, "NotFound", f"no such path: {request.path}")


def _is_of_a_page(request: HttpRequest, address: str) -> bool:
    """Whether a browser may have sent this (law 9): processes and clients name the address that they were given, and
    nothing but browsers says which page it comes from."""
    names = {name for name, _ in request.headers}
    hosts = [value for name, value in request.headers if name == "host"]
    return hosts != [address] or "origin" in names or request.header("sec-fetch-site") not in ("", "none")


def _type_of(request: HttpRequest, header: str) -> str:
    """The error type for the log: the header's, else the body's."""
    if header:
        return header
    try:
        return str(orjson.loads(request.body)["errorType"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return "Unhandled"


def _event(invocation: Invocation) -> HttpResponse:
    headers = [
        _JSON,
        ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
        ("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms)),
        ("Lambda-Runtime-Invoked-Function-Arn", invocation.arn),
        ("Lambda-Runtime-Trace-Id", invocation.trace_id),
    ]
    if invocation.client_context:
        headers.append(("Lambda-Runtime-Client-Context", invocation.client_context))
    return HttpResponse(200, headers, invocation.payload)


def _error(status: int, kind: str, message: str) -> HttpResponse:
    return HttpResponse(status, [_JSON], orjson.dumps({"errorMessage": message, "errorType": kind}))
