"""The edge: one listener for AWS requests, deployed APIs and the admin API."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import HttpRequest, HttpResponse, Pieces, StreamedResponse
from harness.emulator.edge.admin import PREFIX, Admin
from harness.emulator.edge.cross_origin import CrossOrigin, is_preflight
from harness.emulator.edge.execute_api import execute, find_api
from harness.emulator.edge.faultshape import error_response
from harness.emulator.edge.function_url import execute_url, find_url
from harness.emulator.edge.gateway import Gateway
from harness.emulator.edge.guard import Guard, is_delivery, is_open_to, marks, page_of
from harness.emulator.edge.http import HttpServer
from harness.emulator.edge.localstack import LocalStackApi
from harness.emulator.edge.recognise import recognise
from harness.emulator.edge.sink_forward import SinkServer
from harness.emulator.edge.sinks import Sinks
from harness.emulator.edge.snapshot_files import SnapshotFiles
from harness.emulator.errors import AwsError
from harness.emulator.listening import own_url

if TYPE_CHECKING:
    from harness.emulator.edge.cross_origin import Cors
    from harness.emulator.world import World

log = logging.getLogger(__name__)

_CODES = {
    400: "BadRequestException",
    403: "AccessDeniedException",
    408: "RequestTimeout",
    413: "RequestEntityTooLargeException",
    431: "BadRequestException",
    503: "ServiceUnavailable",
}
_BIG_BODY = 1024 * 1024
"""Bytes of a body from which on it is asked whether there is room for it, before the request changes anything."""
_INTERNAL = "The request processing has failed because of an unknown error. The emulator's log has the reason."
_LOCALSTACK = "/_localstack/"
_UNKNOWN_HOST = (
    "Refused under this Host name, which a page of another site may own. Names of this machine, addresses, names "
    "without dots and AWS's are served, and what --allow-host NAME adds."
)


class Edge:
    """Listens for one world. Every request but those of the admin API counts as work in flight while it is answered.

    `allowed_origins` are origins, as `checked_origin` returns them, of pages that may do what any other client may.
    """

    def __init__(
        self,
        world: World,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        snapshot_dir: Path | None = None,
        sinks: SinkServer | None = None,
        allowed_origins: Iterable[str] = (),
    ) -> None:
        self.world = world
        self.guard = Guard(world.outbound.allowed)
        self.cross_origin = CrossOrigin(world, allowed_origins)
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
        """Stop listening; requests in progress get `grace` real seconds. Streams that would go on for longer end at the
        topic `edge:stopping`."""
        self.world.topics.notify("edge:stopping")
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
            if isinstance(response, StreamedResponse):
                response.chunks = _Counted(self.world, response.chunks)
            return response
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return self.refuse(500, _INTERNAL, request)

    async def _route(self, request: HttpRequest) -> HttpResponse:
        host, browser = marks(request)
        if not self.guard.knows(host) and (browser is not None or not is_delivery(request)):
            return self.refuse(403, _UNKNOWN_HOST, request)
        if len(request.body) > _BIG_BODY and not self._has_room(request):
            return self.refuse(500, "The disk of the state folder has no room for this request.", request)
        api, url = find_api(request.path, host), find_url(request.path, host)
        if api is not None or url is not None:
            # APIs and function URLs answer pages of other sites as they are configured to.
            if self.world.cannot_write is not None:
                return self.refuse(500, self.world.cannot_write, None)
            with self.world.clock.working():
                if api is not None:
                    return await execute(self.world, api[0], request, api[1])
                if url is not None:
                    return await execute_url(self.world, url[0], request, url[1])
        cors: Cors | None = None
        if browser is not None:
            page = page_of(request, host, browser)
            if not is_open_to(page, request.path):
                try:
                    cors = await self.cross_origin.admit(request, page)
                except AwsError as error:
                    return self.refuse(error.status, str(error.message), request, error.code)
                if is_preflight(request):
                    return cors.preflight()
        if request.path.startswith(PREFIX):
            response = await self.admin.handle(request)
        else:
            with self.world.clock.working():
                if request.path.startswith(_LOCALSTACK):
                    response = self.localstack.handle(request)
                else:
                    response = await self.gateway.handle(request)
        if cors is not None:
            cors.mark(response)
        return response

    def _has_room(self, request: HttpRequest) -> bool:
        return self.world.has_room is None or self.world.has_room(len(request.body))

    def refuse(self, status: int, message: str, request: HttpRequest | None, code: str = "") -> HttpResponse:
        """The answer to what no service answers, in the shape that the request's protocol gives to errors."""
        if request is not None and request.path.startswith((PREFIX, _LOCALSTACK)):
            return HttpResponse(status, [("Content-Type", "application/json")], orjson.dumps({"message": message}))
        form = recognise(request).form if request is not None else "rest"
        code = code or _CODES.get(status, "InternalFailure")
        if form in ("s3", "query"):
            code = code.removesuffix("Exception")
        request_id = self.world.new_id()
        # S3 answers a request that does not go on with 400.
        error = AwsError(code, message, 400 if status == 408 else status)
        response = error_response(error, form, request_id)
        response.headers.append(("x-amzn-RequestId", request_id))
        return response


class _Counted:
    """The pieces of an answer, each made as work in flight and told only when what it tells of is durable."""

    def __init__(self, world: World, chunks: Pieces[bytes]) -> None:
        self._world = world
        self._chunks = chunks

    async def __anext__(self) -> bytes:
        with self._world.clock.working():
            chunk = await self._chunks.__anext__()
        if self._world.commit is not None:
            self._world.commit()
        return chunk

    async def aclose(self) -> None:
        with self._world.clock.working():
            await self._chunks.aclose()
