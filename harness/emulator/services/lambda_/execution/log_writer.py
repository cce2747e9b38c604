"""Functions' log lines on their way to CloudWatch Logs: batched, off the invocation's path, bounded (C3, E3)."""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

MAX_QUEUED = 50_000
"""Events that one log stream may hold back; more push out the oldest."""

_MAX_BATCH = 5_000
_MAX_BATCH_BYTES = 1_000_000
_MAX_EVENT_BYTES = 1_000_000
_OVERHEAD = 26  # bytes that PutLogEvents counts per event
_BATCH_SECONDS = 0.1


class LogStream:
    """One execution environment's log stream and what is still to be written to it."""

    def __init__(self, writer: LogWriter, caller: Caller, group: str, name: str) -> None:
        self.caller = caller
        self.group = group
        self.name = name
        self.exists = False
        self.queue: deque[tuple[int, str]] = deque(maxlen=MAX_QUEUED)
        self._writer = writer

    def append(self, timestamp: int, message: str) -> None:
        """Queue one event. `timestamp`: virtual epoch milliseconds."""
        self.queue.append((timestamp, message))
        self._writer.wake(self)


class LogWriter:
    """Writes every stream's queue in batches. With a clock that runs, lines of a tenth of a second go together."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._dirty: dict[LogStream, None] = {}
        self._scheduled = False
        self._unavailable = False

    def wake(self, stream: LogStream) -> None:
        self._dirty[stream] = None
        if self._scheduled:
            return
        self._scheduled = True
        clock = self._world.clock
        if clock.mode == "manual":
            clock.spawn(self._write(), name="lambda logs")
        else:
            clock.call_later(_BATCH_SECONDS, self._write, name="lambda logs", data=True)

    def reset(self) -> None:
        """Forget what is queued: the world stops."""
        self._dirty.clear()
        self._scheduled = False

    async def _write(self) -> None:
        try:
            while self._dirty:
                stream = next(iter(self._dirty))
                del self._dirty[stream]
                while stream.queue:
                    await self._write_batch(stream)
        finally:
            self._scheduled = False

    async def _write_batch(self, stream: LogStream) -> None:
        events: list[dict[str, object]] = []
        size = 0
        while stream.queue and len(events) < _MAX_BATCH:
            timestamp, message = stream.queue[0]
            weight = len(message.encode("utf-8", "replace")) + _OVERHEAD
            if weight > _MAX_EVENT_BYTES:
                message = message.encode("utf-8", "replace")[: _MAX_EVENT_BYTES - _OVERHEAD].decode("utf-8", "ignore")
                weight = _MAX_EVENT_BYTES
            if events and size + weight > _MAX_BATCH_BYTES:
                break
            stream.queue.popleft()
            size += weight
            events.append({"timestamp": timestamp, "message": message})
        names = {"logGroupName": stream.group, "logStreamName": stream.name}
        try:
            if not stream.exists:
                await self._create(stream)
            try:
                await self._call(stream, "PutLogEvents", {**names, "logEvents": events})
            except AwsError as error:
                if error.code != "ResourceNotFoundException":
                    raise
                # Somebody deleted the group or the stream: a function that goes on logging makes them again.
                await self._create(stream)
                await self._call(stream, "PutLogEvents", {**names, "logEvents": events})
        except AwsError as error:
            if not self._unavailable:
                log.warning("function logs to %s can't be written: %s", stream.group, error)
            self._unavailable = True

    async def _create(self, stream: LogStream) -> None:
        for operation, params in (
            ("CreateLogStream", {"logGroupName": stream.group, "logStreamName": stream.name}),
            ("CreateLogGroup", {"logGroupName": stream.group}),
            ("CreateLogStream", {"logGroupName": stream.group, "logStreamName": stream.name}),
        ):
            try:
                await self._call(stream, operation, params)
                if operation == "CreateLogStream":
                    break
            except AwsError as error:
                if error.code == "ResourceAlreadyExistsException" and operation == "CreateLogStream":
                    break
                if error.code not in ("ResourceAlreadyExistsException", "ResourceNotFoundException"):
                    raise
        stream.exists = True

    async def _call(self, stream: LogStream, operation: str, params: Mapping[str, object]) -> None:
        # How many calls there are depends on real time: an id from the world's rng would shift all that follow (law 3).
        await self._world.bus.run(Call("logs", operation, dict(params), stream.caller, str(uuid.uuid4())))
