"""A function's process that ends at an odd moment (C2)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.clock import Clock
from harness.emulator.services.lambda_.execution.worker import InitFailed, Worker

NO_PROCESS = 2**22 + 1  # above the largest process id


class Transport:
    def get_pid(self) -> int:
        return NO_PROCESS

    def get_returncode(self) -> int:
        return 3

    def close(self) -> None:
        """Nothing is open."""


class Silent:
    """In place of a log stream and of the platform's lines."""

    def append(self, timestamp: int, message: str) -> None:
        """Not kept."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: ""


class Loop:
    """The running loop, but for how a process starts."""

    def __init__(self, start: Any) -> None:
        self.subprocess_exec = start
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


def start(how: Any) -> tuple[Worker, list[Worker], BaseException | None, int]:
    """Start a worker whose process is started by `how(worker, factory)`; returns the files left open, too."""

    async def begin() -> tuple[Worker, list[Worker], BaseException | None, int]:
        gone: list[Worker] = []
        silent: Any = Silent()
        worker = Worker("1", Clock("manual"), silent, silent, 128, gone.append)

        async def exec_(factory: Any, *arguments: str, **options: Any) -> None:
            await how(factory())

        loop: Any = Loop(exec_)
        worker._loop = loop
        before = len(os.listdir("/dev/fd"))
        error: BaseException | None = None
        try:
            await worker.start(["python"], {}, Path("."), 5.0)
        except (InitFailed, asyncio.CancelledError) as raised:
            error = raised
        return worker, gone, error, len(os.listdir("/dev/fd")) - before

    return asyncio.run(begin())


def test_a_process_that_ended_before_its_start_was_told() -> None:
    """Its exit code is known, nothing stays open, and no other process is signalled."""

    async def how(protocol: Worker) -> None:
        protocol.connection_made(Transport())  # type: ignore[arg-type]
        protocol.process_exited()

    worker, gone, error, left = start(how)
    assert isinstance(error, InitFailed) and error.code == 3
    assert (worker.ended, gone, left) == (True, [worker], 0)


@pytest.mark.parametrize("connected", [False, True])
def test_a_start_that_is_given_up(connected: bool) -> None:
    """A restore cancels it: before or after the process is there, nothing stays open."""

    async def how(protocol: Worker) -> None:
        if connected:
            protocol.connection_made(Transport())  # type: ignore[arg-type]
            asyncio.get_running_loop().call_soon(protocol.process_exited)
        raise asyncio.CancelledError

    worker, gone, error, left = start(how)
    assert isinstance(error, asyncio.CancelledError)
    if connected:
        assert left == 2  # until the process has ended
        return
    assert (worker.ended, gone, left) == (True, [worker], 0)
