"""The edge: one listener for AWS requests, deployed APIs and the admin API."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.edge.admin import PREFIX, Admin
from harness.emulator.edge.execute_api import execute, find_api
from harness.emulator.edge.faultshape import error_response
from harness.emulator.edge.gateway import Gateway
from harness.emulator.edge.guard import foreign_origin, known_host
from harness.emulator.edge.http import HttpServer
from harness.emulator.edge.localstack import LocalStackApi
from harness.emulator.edge.recognise import recognise
from harness.emulator.edge.sink_forward import SinkServer
from harness.emulator.edge.sinks import Sinks
from harness.emulator.edge.snapshot_files import SnapshotFiles
from harness.emulator.errors import AwsError
from harness.emulator.listening import own_url

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

_CODES = {
    400: "BadRequestException",
    403: "AccessDeniedException",
    413: "RequestEntityTooLargeException",
    431: "BadRequestException",
    503: "ServiceUnavailable",
}
_BIG_BODY = 1024 * 1024
"""Bytes of a body from which on it is asked whether there is room for it, before the request changes anything."""
_INTERNAL = "The request processing has failed because of an unknown error. The emulator's log has the reason."


class Edge:
    """Listens for one world. Every request but those of the admin API counts as work in flight while it is answered."""

    def __init__(
        self,
        world: World,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        snapshot_dir: Path | None = None,
        sinks: SinkServer | None = None,
    ) -> None:
        self.world = world
        self.gateway = Gateway(world)
        self.sinks = Sinks(world, sinks)
        self.snapshots = SnapshotFiles(snapshot_dir)
        self.admin = Admin(world, self.sinks, self.snapshots)
        self.localstack = LocalStackApi(world)
        self.http = HttpServer(self.handle, host, port, refuse=self.refuse)

    async def bind(self) -> str:
        """Take the port; returns the endpoint URL, which the world needs for its start. Raises OSError when the port
        is in use."""
        port = await self.http.bind()
        self.world.endpoint_url = own_url(self.http.host, port)
        return self.world.endpoint_url

    async def serve(self) -> None:
        """Accept connections: once the world is started."""
        await self.http.serve()

    async def stop(self, grace: float = 5.0) -> None:
        """Stop listening; requests in progress get `grace` real seconds."""
        await self.http.stop(grace)
        await self.sinks.stop()
        self.snapshots.close()

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer any request. Never raises: what fails is logged, and answered without its stack trace."""
        try:
            could_write = self.world.cannot_write is None
            response = await self._route(request)
            if self.world.commit is not None:
                try:
                    self.world.commit()
                except OSError:
                    # Writes of AWS calls are refused before they run: this is the answer to one that had begun.
                    if could_write or (request.path.startswith(PREFIX) and request.method != "GET"):
                        return self.refuse(500, self.world.cannot_write or _INTERNAL, request)
            return response
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return self.refuse(500, _INTERNAL, request)

    async def _route(self, request: HttpRequest) -> HttpResponse:
        host = origin = ""
        for name, value in request.headers:
            if name == "host":
                host = value
            elif name == "origin":
                origin = value
        path = request.path
        if len(request.body) > _BIG_BODY and not self._has_room(request):
            return self.refuse(500, "The disk of the state folder has no room for this request.", request)
        api = find_api(path, host)
        if api is not None:
            if self.world.cannot_write is not None:
                return self.refuse(500, self.world.cannot_write, None)
            with self.world.clock.working():
                return await execute(self.world, api[0], request, api[1])
        if origin and foreign_origin(origin):
            return self.refuse(403, "Pages of other sites are refused: the Origin is not this machine.", request)
        if path.startswith(PREFIX):
            # A sink takes deliveries that are addressed to the host it stands in for.
            if not known_host(host) and not path.startswith(PREFIX + "sinks/"):
                return self.refuse(403, "The admin API is refused under this Host name.", request)
            return await self.admin.handle(request)
        with self.world.clock.working():
            if path.startswith("/_localstack/"):
                return self.localstack.handle(request)
            return await self.gateway.handle(request)

    def _has_room(self, request: HttpRequest) -> bool:
        return self.world.has_room is None or self.world.has_room(len(request.body))

    def refuse(self, status: int, message: str, request: HttpRequest | None) -> HttpResponse:
        """The answer to what no service answers, in the shape that the request's protocol gives to errors."""
        if request is not None and request.path.startswith(PREFIX):
            return HttpResponse(status, [("Content-Type", "application/json")], orjson.dumps({"message": message}))
        error = AwsError(_CODES.get(status, "InternalFailure"), message, status)
        request_id = self.world.new_id()
        response = error_response(error, recognise(request).form if request is not None else "rest", request_id)
        response.headers.append(("x-amzn-RequestId", request_id))
        return response
