"""The part of LocalStack's own API that its tools and wait scripts ask for."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.coverage import service_kinds
from harness.emulator.edge.chaos import PREFIX, Chaos, ChaosProblem
from harness.version import VERSION

if TYPE_CHECKING:
    from harness.emulator.world import World

_JSON = [("Content-Type", "application/json")]


class LocalStackApi:
    """Answers `/_localstack/…`. What is not there is refused by name (law 1)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chaos = Chaos(world.faults)
        self.session = world.new_id()
        self._started = time.monotonic()

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            if request.path == "/_localstack/health":
                return self._json({"services": self._services(), "edition": "pipeline-harness", "version": VERSION})
            if request.path == "/_localstack/info":
                return self._json(self._info())
        if request.path.startswith(PREFIX):
            try:
                answer = self.chaos.handle(request)
            except ChaosProblem as problem:
                return self._json({"message": str(problem)}, 400)
            if answer is not None:
                return self._json(answer)
        message = f"{request.method} {request.path} is not emulated. See /_harness/coverage for what is."
        return self._json({"__type": "NotEmulated", "message": message}, 501)

    def _services(self) -> dict[str, str]:
        return {
            name: "running" if kind == "native" else "available" for name, kind in service_kinds(self.world).items()
        }

    def _info(self) -> dict[str, object]:
        return {
            "version": VERSION,
            "edition": "pipeline-harness",
            "is_license_activated": False,
            "session_id": self.session,
            "machine_id": "local",
            "system": platform.system().lower(),
            "is_docker": False,
            "server_time_utc": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
            "uptime": int(time.monotonic() - self._started),
        }

    def _json(self, content: object, status: int = 200) -> HttpResponse:
        return HttpResponse(status, list(_JSON), orjson.dumps(content))
