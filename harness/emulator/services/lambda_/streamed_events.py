"""A streamed answer as the events of InvokeWithResponseStream (C13)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Coroutine
from typing import Any

from harness.emulator.clock import Clock
from harness.emulator.services.lambda_.execution.outcome import Outcome
from harness.emulator.services.lambda_.execution.stream import Stream
from harness.json_object import Json

Event = tuple[str, Json]

_TAIL = 4096


class StreamedAnswer:
    """The pieces of an answer while the function runs. A reader that goes away does not stop the function."""

    def __init__(self, clock: Clock, stream: Stream, running: Coroutine[Any, Any, Outcome]) -> None:
        self.stream = stream
        self.outcome: Outcome | None = None
        self._clock = clock
        self._running = running
        self._task: asyncio.Task[None] | None = None
        self._failure: Exception | None = None
        self._first: bytes | None = None

    async def begin(self) -> None:
        """Run until there is something to tell. Raises AwsError for a function that does not run."""
        self._task = self._clock.spawn(self._run(), name="lambda: a streamed answer")
        self._first = await self._take()
        if self._failure is not None:
            raise self._failure

    async def _run(self) -> None:
        try:
            self.outcome = await self._running
            if self.outcome.error is None:
                await self.stream.put(self.outcome.payload)
        except Exception as error:
            self._failure = error
        finally:
            self.stream.end()

    async def next_piece(self) -> bytes | None:
        """None behind the last one: `outcome` is known then."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return await self._take()

    async def _take(self) -> bytes | None:
        piece = await self.stream.get(self._clock)
        if piece is None and self._task is not None:
            await self._clock.wait(asyncio.shield(self._task))
            # What a function that does not stream answers comes with its end.
            piece = await self.stream.get(self._clock)
        return piece

    async def aclose(self) -> None:
        self.stream.close()


class StreamedEvents(StreamedAnswer):
    """PayloadChunk for each piece, then InvokeComplete."""

    def __init__(self, clock: Clock, stream: Stream, running: Coroutine[Any, Any, Outcome], *, want_log: bool) -> None:
        super().__init__(clock, stream, running)
        self._want_log = want_log
        self._complete = False

    async def __anext__(self) -> Event:
        if self._complete:
            raise StopAsyncIteration
        piece = await self.next_piece()
        if piece is not None:
            return "PayloadChunk", {"Payload": piece}
        self._complete = True
        told: Json = {}
        if self.outcome is not None and self.outcome.error is not None:
            told = {"ErrorCode": self.outcome.error, "ErrorDetails": self.outcome.payload.decode("utf-8", "replace")}
        if self._want_log and self.outcome is not None:
            told["LogResult"] = log_tail(self.outcome)
        return "InvokeComplete", told


class NoEvents:
    """The stream of a dry run."""

    async def __anext__(self) -> Event:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Nothing is open."""


def log_tail(outcome: Outcome) -> str:
    """The last 4 KB of an invocation's log, in base64."""
    return base64.b64encode("".join(outcome.log).encode()[-_TAIL:]).decode()
