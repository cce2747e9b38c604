"""A streamed answer on its way from a function's process to whoever asked (C13)."""

from __future__ import annotations

import asyncio
from collections import deque

from harness.emulator.clock import Clock

MAX_STREAMED = 209_715_200
"""Bytes of a streamed answer."""

_WAITING = 16  # pieces that may wait for a slow reader before the function does


class Stream:
    """The process puts pieces, one reader takes them. `content_type` is known with the first piece."""

    def __init__(self) -> None:
        self.content_type = ""
        self._pieces: deque[bytes] = deque()
        self._ended = False
        self._closed = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Hand a piece over, and wait while the reader is behind. Without a reader it is thrown away."""
        if piece and not self._closed:
            self._pieces.append(piece)
            self._arrived.set()
        while len(self._pieces) >= _WAITING and not (self._closed or self._ended):
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """No more pieces come."""
        self._ended = True
        self._arrived.set()
        self._room.set()

    def close(self) -> None:
        """Nobody reads any more; the function goes on."""
        self._closed = True
        self._pieces.clear()
        self._room.set()

    async def get(self, clock: Clock) -> bytes | None:
        """The next piece; None behind the last one."""
        while not self._pieces:
            if self._ended:
                return None
            self._arrived.clear()
            await clock.wait(self._arrived.wait())
        self._room.set()
        return self._pieces.popleft()
