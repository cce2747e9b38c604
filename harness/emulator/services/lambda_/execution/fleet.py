"""All execution environments of a world: pools per function version, the machine's limits, and the end of it all."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import LAMBDA
from harness.emulator.services.lambda_.execution import environment
from harness.emulator.services.lambda_.execution.disk import Disk, fingerprint
from harness.emulator.services.lambda_.execution.interpreters import (
    ABSENT,
    BOOTSTRAP,
    NODE_LOOP,
    Interpreter,
    Interpreters,
    succeeds,
)
from harness.emulator.services.lambda_.execution.log_writer import LogStream, LogWriter
from harness.emulator.services.lambda_.execution.node_sdk import NodeSdk, missing
from harness.emulator.services.lambda_.execution.outcome import Invocation, Outcome, failure
from harness.emulator.services.lambda_.execution.platform_log import PlatformLog
from harness.emulator.services.lambda_.execution.pool import Pool
from harness.emulator.services.lambda_.execution.runtime_api import RuntimeApi
from harness.emulator.services.lambda_.execution.sandbox import Sandbox
from harness.emulator.services.lambda_.execution.worker import InitFailed, Worker
from harness.emulator.services.lambda_.model import Code, FunctionVersion

if TYPE_CHECKING:
    from harness.emulator.world import World

MAX_PROCESSES = 64
"""Processes at one time; callers beyond it wait for a free one."""

NOT_EMULATED = "Runtime.NotEmulated"
"""The error type of a function whose runtime is not here."""

IDLE_SECONDS = 600.0
"""Virtual seconds after which an idle process ends."""

_STOP_GRACE = 0.3  # real seconds between SIGTERM and SIGKILL when the emulator stops
_RUNTIME = Path(__file__).parent.parent / "runtime"

VersionKey = tuple[str, str, str, str]


class Fleet:
    """Runs invocations and owns every process. No process exists before the first event."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.running: Counter[tuple[str, str, str]] = Counter()
        """Invocations in progress per function, waiting ones included."""
        self.initialising = 0
        self.api = RuntimeApi(self._package)
        self._interpreters = Interpreters()
        self._node_sdk = NodeSdk()
        self._disk = Disk()
        self._logs = LogWriter(world)
        self._pools: dict[VersionKey, Pool] = {}
        self._retired: list[Pool] = []
        self._workers: dict[Worker, Pool] = {}
        self._ids = itertools.count(1)
        self._wants_rooms = sys.platform == "linux" and os.environ.get("HARNESS_LAMBDA_PATHS") != "real"
        self._rooms: asyncio.Task[bool] | None = None
        self._max_initialising = 2 * (os.cpu_count() or 1)
        self._recycling = False
        self._stopping = False

    # -- invocations ------------------------------------------------------------------------------------------

    async def invoke(self, version: FunctionVersion, invocation: Invocation) -> Outcome:
        """Run one event on a process of this version."""
        pool = self._pool(version)
        if not self.world.faults.active:
            return await pool.invoke(invocation)
        caller = Caller(version.account, version.region)
        call = Call("lambda", "Invoke", {"FunctionName": invocation.arn}, caller, invocation.request_id)
        sandbox = Sandbox(pool, invocation, self.world.clock)
        outcome: Outcome = await self.world.faults.around(LAMBDA, call, sandbox, lambda _: pool.invoke(invocation))
        return outcome

    def _pool(self, version: FunctionVersion) -> Pool:
        key = (version.account, version.region, version.name, version.version)
        pool = self._pools.get(key)
        codes = (version.code, *(layer.code for layer in version.layers))
        mark = sum(fingerprint(code.folder) for code in codes if code.folder is not None)
        if pool is None or pool.version is not version or pool.fingerprint != mark:
            if pool is not None:
                self._retire(key)
            stored = {code.sha256: self._package(code.sha256) for code in codes if code.folder is None}
            packages = {sha256: package for sha256, package in stored.items() if package is not None}
            pool = self._pools[key] = Pool(self, version, mark, packages)
        return pool

    def retire_function(self, account: str, region: str, name: str, version: str | None = None) -> None:
        """End the processes of a function (of one version): it was changed or deleted."""
        for key in [k for k in self._pools if k[:3] == (account, region, name) and version in (None, k[3])]:
            self._retire(key)

    def _retire(self, key: VersionKey) -> None:
        pool = self._pools.pop(key)
        pool.retire()
        self._retired = [p for p in self._retired if p.waiting]
        self._retired.append(pool)

    # -- processes --------------------------------------------------------------------------------------------

    def may_start(self) -> bool:
        """Whether one more process may start now; makes room by ending the process that was idle longest."""
        if self._stopping or self.initialising >= self._max_initialising:
            return False
        if len(self._workers) + self.initialising < MAX_PROCESSES:
            return True
        idle = [worker for pool in self._pools.values() for worker in pool.idle]
        if not idle:
            return False
        oldest = min(idle, key=lambda worker: worker.idle_since)
        self._workers[oldest].gone(oldest)
        oldest.end()
        return True

    def grow(self) -> None:
        """A process ended or is ready: others may start."""
        if not self._stopping:
            for pool in [*self._pools.values(), *self._retired]:
                if pool.waiting:
                    pool.grow()

    async def launch(self, pool: Pool, limit: float) -> Worker:
        """Start a process and wait until it is ready. Raises InitFailed."""
        if self._stopping:
            raise InitFailed
        version = pool.version
        interpreter = await self._interpreters.find(version.runtime)
        if interpreter.loop == ABSENT:
            raise InitFailed(self._absent(version))
        address = await self.api.start()
        packages = self._disk.packages()
        folder, layers = await self.world.aside.run(self._unpacked, pool)
        node_sdk = await self._sdk_for_node(folder, layers) if interpreter.loop == NODE_LOOP else None
        if self._stopping:
            raise InitFailed
        stream = self._stream(version)
        # Nobody guesses the id of another process: who knows it can answer for it.
        worker_id = f"{next(self._ids)}-{secrets.token_hex(8)}"
        report = PlatformLog(version, self.world.clock)
        worker = Worker(worker_id, self.world.clock, stream, report, version.memory_size, self._gone)
        self._workers[worker] = pool
        self.api.workers[worker_id] = worker
        variables = environment.variables(
            version,
            runtime_api=f"{address}/w/{worker_id}",
            endpoint_url=self.world.endpoint_url,
            log_group=stream.group,
            log_stream=stream.name,
            task_root=str(folder),
            packages=packages,
            layers=layers,
            node_sdk=node_sdk,
            home=self._disk.home(),
            temporary=self._disk.temporary(worker_id),
            interpreter=interpreter.executable,
        )
        stage = self._disk.stage() if await self._has_rooms() else ""
        places = [str(folder), str(packages), str(layers or ""), str(stage)]
        hot = any(code.folder is not None for code in (version.code, *(layer.code for layer in version.layers)))
        await worker.start(_arguments(interpreter, places, hot), variables, folder, limit)
        return worker

    async def _sdk_for_node(self, folder: Path, layers: Path | None) -> Path | None:
        """The AWS SDK's packages that this code needs from the runtime, if there are such."""
        names = await self.world.aside.run(missing, [path for path in (folder, layers) if path is not None])
        return await self._node_sdk.modules(names)

    async def _has_rooms(self) -> bool:
        """Whether processes may have AWS's paths on this machine: tried once, by a process that is thrown away."""
        if not self._wants_rooms:
            return False
        if self._rooms is None:
            self._rooms = asyncio.ensure_future(self._try_rooms())
        return await asyncio.shield(self._rooms)

    async def _try_rooms(self) -> bool:
        program = str(_RUNTIME / "rooms.py")
        return await succeeds(sys.executable, "-S", program, str(self._disk.home()), str(self._disk.stage()))

    async def runs_as_on_aws(self, runtime: str) -> bool:
        """Whether functions of this runtime run on what AWS would run them on."""
        return (await self._interpreters.find(runtime)).fits

    def _absent(self, version: FunctionVersion) -> Outcome:
        """How every invocation ends that nothing here can run; its log tells as well."""
        text = f"NotEmulated: nothing on this machine runs functions of the runtime {version.runtime}"
        self._stream(version).append(int(self.world.clock.now() * 1000), f"[ERROR] {NOT_EMULATED}: {text}\n")
        return failure(NOT_EMULATED, text)

    def _unpacked(self, pool: Pool) -> tuple[Path, Path | None]:
        """The folders of a version's code and of its layers together; None without layers."""

        def folder(code: Code) -> Path:
            if code.folder is not None:
                return Path(code.folder)
            return self._disk.code(code.sha256, pool.packages[code.sha256])

        version = pool.version
        layers = [folder(layer.code) for layer in version.layers]
        return folder(version.code), self._disk.merged(layers, pool.fingerprint) if layers else None

    def _package(self, sha256: str) -> bytes | None:
        package: bytes | None = self.world.store.table("lambda.code").get(sha256)
        return package

    def _stream(self, version: FunctionVersion) -> LogStream:
        day = datetime.fromtimestamp(self.world.clock.now(), UTC).strftime("%Y/%m/%d")
        name = f"{day}/[{version.version}]{self.world.rng.getrandbits(128):032x}"
        caller = Caller(version.account, version.region).on_behalf("lambda.amazonaws.com", role=version.role)
        return LogStream(self._logs, caller, version.log_group, name)

    def _gone(self, worker: Worker) -> None:
        pool = self._workers.pop(worker, None)
        self.api.workers.pop(worker.id, None)
        if not self._stopping:  # then all folders go at once
            asyncio.get_running_loop().run_in_executor(None, self._disk.remove_temporary, worker.id)
        if pool is not None:
            pool.gone(worker)
        self.grow()

    # -- idle processes ---------------------------------------------------------------------------------------

    def became_idle(self) -> None:
        """Some process is idle: look again when it may have been so for too long."""
        if not self._recycling:
            self._recycling = True
            self.world.clock.call_later(IDLE_SECONDS, self._recycle, name="lambda: end idle processes", data=False)

    def _recycle(self) -> None:
        self._recycling = False
        limit = self.world.clock.now() - IDLE_SECONDS
        left: list[float] = []
        for pool in self._pools.values():
            for worker in tuple(pool.idle):
                if worker.idle_since <= limit:
                    pool.gone(worker)
                    worker.end()
                else:
                    left.append(worker.idle_since)
        if left:
            self._recycling = True
            due = min(left) + IDLE_SECONDS
            self.world.clock.call_at(due, self._recycle, name="lambda: end idle processes", data=False)

    # -- life -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Allow processes again after a stop."""
        self._stopping = False

    async def stop(self) -> None:
        """End every process, the listener and the files."""
        self._stopping = True
        self._recycling = False
        for pool in [*self._pools.values(), *self._retired]:
            pool.give_up(AwsError("ServiceException", "The emulator stops its functions.", 500))
        self._pools.clear()
        self._retired.clear()
        await self._node_sdk.stop()
        workers = list(self._workers)
        for worker in workers:
            worker.kill(signal.SIGTERM)
        ends = [asyncio.ensure_future(worker.wait_ended()) for worker in workers if worker.pid]
        if ends:
            _, late = await asyncio.wait(ends, timeout=_STOP_GRACE)
            if late:
                for worker in workers:
                    worker.kill()
                await asyncio.wait(late, timeout=2.0)
        self._workers.clear()
        self._logs.reset()
        await self.api.stop()
        self._disk.remove()


def _arguments(interpreter: Interpreter, places: list[str], hot: bool) -> list[str]:
    launch = str(_RUNTIME / "launch.py")
    if interpreter.loop == NODE_LOOP:
        loop = str(_RUNTIME / "node_loop.mjs")
        return [sys.executable, "-S", launch, "exec", *places, interpreter.executable, loop]
    if interpreter.loop == BOOTSTRAP:
        return [interpreter.executable, "-S", launch, BOOTSTRAP, *places]
    return [interpreter.executable, "-S", launch, interpreter.loop, *places, "1" if hot else "0"]
