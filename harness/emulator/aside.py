"""Work that would hold the event loop for too long, in one thread of its own, one piece after the other.

One thread: however many callers bring such work, it takes no more than one share of the interpreter from the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.emulator.clock import Clock

T = TypeVar("T")


class Aside:
    """The thread begins with the first piece of work. Virtual time waits for what is in progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """`work(*arguments)`; raises what it raises."""
        with self._clock.working():
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*arguments))
