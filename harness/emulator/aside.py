"""Work that would hold the event loop for too long, in one thread of its own, one piece after the other.

One thread: however many callers bring such work, it takes no more than one share of the interpreter from the others.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harness.emulator.clock import Clock

T = TypeVar("T")
Text = TypeVar("Text", str, bytes)

_SHORT = 4096
"""Texts up to here are read at once: YAML takes 5 ms for them with libyaml, 30 ms without."""


class Aside:
    """The thread begins with the first piece of work. Virtual time waits for what is in progress."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """`work(*arguments)`; raises what it raises."""
        with self._clock.working():
            return await asyncio.get_running_loop().run_in_executor(self._thread, uncollected, work, *arguments)

    async def read(self, parse: Callable[[Text], T], text: Text) -> T:
        """`parse(text)`, which runs here unless the text is short. Raises what it raises."""
        return parse(text) if len(text) <= _SHORT else await self.run(parse, text)


def uncollected(work: Callable[..., T], *arguments: object) -> T:
    """`work(*arguments)` without the garbage collector, which stops every thread: for 0.3 s among the million objects
    of a large document. What runs beside the loop is bounded, so it can wait."""
    gc.disable()
    try:
        return work(*arguments)
    finally:
        gc.enable()
