"""The admin API, `/_harness/…`: health, time, snapshots, reset, coverage, sinks, issuers, faults, trace.
JSON in and out.

Bad input is answered with 400, an unknown path with 404, a wrong method with 405, each with `{"message": …}`.
Calls that move or replace the world run one at a time. Nothing here counts as work in flight: `advance`, `settle` and
saving wait for that work to end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, unquote

import orjson

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.coverage import coverage, markdown, service_kinds
from harness.emulator.edge.admin_input import body_of, seconds_of
from harness.emulator.edge.admin_problem import AdminProblem
from harness.emulator.edge.faults_admin import FaultsAdmin
from harness.emulator.edge.issuers_admin import issuer_document
from harness.emulator.edge.sinks import Sinks
from harness.emulator.edge.snapshot_files import SnapshotFiles
from harness.emulator.edge.trace_admin import trace
from harness.emulator.permissions import MODES
from harness.emulator.store.form import OtherForm
from harness.json_object import Json
from harness.version import VERSION

if TYPE_CHECKING:
    from harness.emulator.world import World

T = TypeVar("T")

PREFIX = "/_harness/"
_DEFAULT_SETTLE = 7 * 86400.0


class Admin:
    """Answers `/_harness/…` for one world."""

    def __init__(self, world: World, sinks: Sinks, snapshots: SnapshotFiles) -> None:
        self.world = world
        self.sinks = sinks
        self.snapshots = snapshots
        self.faults = FaultsAdmin(world.faults)
        self._alone = asyncio.Lock()
        self._routes: dict[str, dict[str, Callable[[HttpRequest], Awaitable[Json | HttpResponse]]]] = {
            "health": {"GET": self._health},
            "clock": {"GET": self._clock},
            "clock/advance": {"POST": self._advance},
            "clock/settle": {"POST": self._settle},
            "snapshots": {"GET": self._list_snapshots},
            "reset": {"POST": self._reset},
            "quotas": {"GET": self._quotas, "POST": self._set_quotas},
            "iam": {"GET": self._iam, "POST": self._set_iam},
            "coverage": {"GET": self._coverage},
            "kept": {"GET": self._kept},
            "sinks": {"GET": self._list_sinks},
            "issuers": {"GET": self._list_issuers},
        }
        self._snapshot_routes: dict[str, Callable[[str, HttpRequest], Awaitable[Json]]] = {
            "PUT": self._save,
            "POST": self._restore,
            "DELETE": self._delete,
        }

    async def handle(self, request: HttpRequest) -> HttpResponse:
        try:
            answer = await self._route(request)
        except AdminProblem as problem:
            return _json({"message": str(problem)}, problem.status)
        return answer if isinstance(answer, HttpResponse) else _json(answer)

    async def _route(self, request: HttpRequest) -> Json | HttpResponse:
        path = request.path[len(PREFIX) :].rstrip("/")
        method = "GET" if request.method == "HEAD" else request.method
        room, _, rest = path.partition("/")
        if path not in self._routes and rest:
            if room == "snapshots":
                snapshot_route = _method(self._snapshot_routes, method, path)
                return await snapshot_route(unquote(rest), request)
            if room == "faults":
                return self.faults.handle(request, method, unquote(rest))
            if room == "callbacks":
                return self._callback(request, method, rest)
            if room == "trace":
                return trace(self.world, request, method, unquote(rest))
            if room == "sinks":
                return await self._sink(request, method, rest)
            if room == "issuers":
                return await issuer_document(self.world.issuers, request, method, unquote(rest))
        if path == "faults":
            return self.faults.handle(request, method, "")
        if path == "trace":
            return trace(self.world, request, method, "")
        if path not in self._routes:
            raise AdminProblem(404, f"there is no {request.path}")
        return await _method(self._routes[path], method, path)(request)

    # -- health and time --------------------------------------------------------------------------------------

    async def _health(self, request: HttpRequest) -> Json:
        return {
            "status": "running",
            "version": VERSION,
            "pid": os.getpid(),
            "seed": self.world.seed,
            "clock": self._time(),
            "services": service_kinds(self.world),
        }

    def _time(self) -> Json:
        clock = self.world.clock
        return {"mode": clock.mode, "rate": clock.rate, "now": clock.now()}

    async def _clock(self, request: HttpRequest) -> Json:
        return self._time()

    async def _advance(self, request: HttpRequest) -> Json:
        seconds = seconds_of(body_of(request, {"seconds"}), "seconds", None)
        async with self._alone:
            await self.world.clock.advance(seconds)
        return self._time()

    async def _settle(self, request: HttpRequest) -> Json:
        max_seconds = seconds_of(body_of(request, {"max_seconds"}), "max_seconds", _DEFAULT_SETTLE)
        async with self._alone:
            result = await self.world.clock.settle(max_seconds)
        return {
            "settled": result.settled,
            "elapsed": result.elapsed,
            "stuck": result.stuck,
            "now": self.world.clock.now(),
        }

    # -- state ------------------------------------------------------------------------------------------------

    async def _list_snapshots(self, request: HttpRequest) -> Json:
        return {"snapshots": self.snapshots.list()}

    async def _save(self, name: str, request: HttpRequest) -> Json:
        self._refuse_half(request)
        async with self._alone:
            content = await self.world.save()
            try:
                return await asyncio.to_thread(self.snapshots.write, name, content)
            except ValueError as error:
                raise AdminProblem(400, str(error)) from error
            except OSError as error:
                raise AdminProblem(500, f"the snapshot can't be written: {error.strerror}") from error

    async def _restore(self, name: str, request: HttpRequest) -> Json:
        self._refuse_half(request)
        content = self._existing(name)
        async with self._alone:
            try:
                await self.world.restore(content)
            except OtherForm as error:
                raise AdminProblem(
                    409,
                    f"snapshot {name} can't be restored: {error}. Remove it with harness snapshot rm {name}, or put "
                    f"the present state in its place with harness snapshot save {name}.",
                ) from error
            except ValueError as error:
                raise AdminProblem(409, f"snapshot {name} can't be restored: {error}") from error
        return {"name": name, "bytes": len(content), "clock": self._time()}

    async def _delete(self, name: str, request: HttpRequest) -> Json:
        self._existing(name)
        self.snapshots.delete(name)
        return {"name": name}

    def _existing(self, name: str) -> bytes:
        try:
            content = self.snapshots.read(name)
        except ValueError as error:
            raise AdminProblem(400, str(error)) from error
        if content is None:
            raise AdminProblem(404, f"there is no snapshot {name}")
        return content

    def _refuse_half(self, request: HttpRequest) -> None:
        """Half a state is no state, unless the caller says that it takes care of the other half (`?part=here`)."""
        if not _here_only(request) and self.world.remote is not None:
            raise AdminProblem(
                409,
                f"no snapshot can hold the state of the upstream {self.world.remote.url}; "
                "?part=here takes what is here alone",
            )

    async def _reset(self, request: HttpRequest) -> Json:
        remote = None if _here_only(request) else self.world.remote
        async with self._alone:
            if remote is not None and not await remote.empty():
                raise AdminProblem(
                    409, f"the upstream {remote.url} has no way to be emptied; ?part=here empties what is here alone"
                )
            await self.world.restore(None)
            self.sinks.clear()
        return {"clock": self._time()}

    async def _quotas(self, request: HttpRequest) -> Json:
        return {"enabled": self.world.quotas}

    async def _set_quotas(self, request: HttpRequest) -> Json:
        enabled = body_of(request, {"enabled"}).get("enabled")
        if not isinstance(enabled, bool):
            raise AdminProblem(400, "enabled must be true or false")
        self.world.quotas = enabled
        return await self._quotas(request)

    async def _iam(self, request: HttpRequest) -> Json:
        return {"mode": self.world.permissions.mode}

    async def _set_iam(self, request: HttpRequest) -> Json:
        mode = body_of(request, {"mode"}).get("mode")
        if mode not in MODES:
            raise AdminProblem(400, f"mode must be {' or '.join(MODES)}")
        try:
            self.world.permissions.switch(mode)
        except ValueError as error:
            raise AdminProblem(409, f"permissions can't be enforced: {error}") from error
        return await self._iam(request)

    async def _coverage(self, request: HttpRequest) -> Json | HttpResponse:
        form = parse_qs(request.query).get("format", ["json"])[0]
        if form not in ("json", "markdown"):
            raise AdminProblem(400, f"format must be json or markdown, not {form!r}")
        report = coverage(self.world)
        if form == "json":
            return report
        return HttpResponse(200, [("Content-Type", "text/markdown; charset=utf-8")], markdown(report).encode())

    def _callback(self, request: HttpRequest, method: str, token: str) -> Json:
        if method != "PUT":
            raise AdminProblem(405, f"callbacks take PUT, not {method}")
        if not self.world.callbacks.deliver(token, request.body):
            raise AdminProblem(404, "nobody waits for this answer")
        return {}

    async def _kept(self, request: HttpRequest) -> Json:
        """`{"strict": false, "kept": [{"service", "resource", "setting"}]}`."""
        kept = self.world.kept
        return {"strict": kept.strict, "kept": [setting._asdict() for setting in kept.all()]}

    # -- sinks ------------------------------------------------------------------------------------------------

    async def _list_sinks(self, request: HttpRequest) -> Json:
        return {"sinks": self.sinks.names()}

    async def _list_issuers(self, request: HttpRequest) -> Json:
        """`{"issuers": [{"name", "issuer", "audiences", "key_id"}]}`."""
        return {"issuers": self.world.issuers.all()}

    async def _sink(self, request: HttpRequest, method: str, rest: str) -> Json | HttpResponse:
        name, _, action = unquote(rest).partition("/")
        try:
            if action == "deliver" or action.startswith("deliver/"):
                if method != "POST":
                    raise AdminProblem(405, f"a delivery is a POST, not a {method}")
                return await self.sinks.deliver(name, request)
            if action:
                raise AdminProblem(404, f"there is no {request.path}")
            if method == "GET":
                return self.sinks.read(name)
            if method == "PUT":
                return self.sinks.script(name, body_of(request, {"answers"}))
            if method == "DELETE":
                return self.sinks.delete(name)
        except ValueError as error:
            raise AdminProblem(400, str(error)) from error
        raise AdminProblem(405, f"sinks/{name} takes GET, PUT, DELETE, not {method}")


def _method(routes: dict[str, T], method: str, path: str) -> T:
    if method not in routes:
        raise AdminProblem(405, f"{path} takes {', '.join(routes)}, not {method}")
    return routes[method]


def _here_only(request: HttpRequest) -> bool:
    """Whether the caller means what is here, and not what is behind (`?part=here`)."""
    parts = parse_qs(request.query, keep_blank_values=True).get("part")
    if parts not in (None, ["here"]):
        raise AdminProblem(400, f"part must be here, not {', '.join(parts)!r}")
    return parts is not None


def _json(content: Json, status: int = 200) -> HttpResponse:
    return HttpResponse(status, [("Content-Type", "application/json")], orjson.dumps(content))
