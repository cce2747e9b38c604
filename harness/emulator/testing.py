"""An emulator inside a test process: its own thread, its own event loop, a port chosen by the system."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

from harness.emulator.build import build_world
from harness.emulator.edge.server import Edge
from harness.emulator.loop import loop_factory
from harness.emulator.upstream.split import NATIVE_BY_DEFAULT
from harness.emulator.world import World

T = TypeVar("T")

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class EmulatorThread:
    """`with EmulatorThread() as emulator: boto3.client("kinesis", endpoint_url=emulator.url, …)`.

    `world` belongs to the thread's loop: reach it with `run`. What fails at start is raised by `__enter__`.
    """

    def __init__(
        self,
        clock: str = "manual",
        seed: int | None = 7,
        *,
        upstream: str | None = None,
        native: str = NATIVE_BY_DEFAULT,
        allowed_hosts: Sequence[str] = (),
        allowed_origins: Sequence[str] = (),
        verify_signatures: bool = False,
    ) -> None:
        self._build = functools.partial(
            build_world,
            clock,
            seed,
            upstream=upstream,
            native=native,
            allowed_hosts=allowed_hosts,
            verify_signatures=verify_signatures,
        )
        self._allowed_origins = allowed_origins
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self.url = ""
        self.world: World

    def __enter__(self) -> EmulatorThread:
        self._thread = threading.Thread(target=self._main, name="emulator", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the emulator did not start")
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None and self._ended is not None and self._thread is not None
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise TimeoutError("the emulator did not stop")
        if self._failure is not None:
            raise self._failure

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 60.0) -> T:
        """Run a coroutine on the emulator's loop and wait for its result (real seconds)."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self.world = self._build()
        edge = Edge(self.world, allowed_origins=self._allowed_origins)
        self.url = await edge.bind()
        try:
            await self.world.start()
            await edge.serve()
            self._ready.set()
            await self._ended.wait()
        finally:
            await edge.stop(grace=1.0)
            await self.world.stop()
