"""Tumbling windows of one shard: which records belong together, and the state that goes from call to call (C9).

A window is open from its first record on. It is over when a record of a later one comes, when the shard ends, or when
its time has passed: then the function is called once more, without records. AWS waits up to two minutes longer for
records that are late; here none are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.mapping import event
from harness.emulator.services.lambda_.model import MappingCheckpoint, TumblingWindow
from harness.emulator.spec.encode import iso_time
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.lambda_.mapping.shard import ShardReader

log = logging.getLogger(__name__)

MAX_STATE = 1_048_576
"""Bytes of state; a larger one ends its window early."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class TumblingWindows:
    """The windows of a shard, one after the other. The open one is in the shard's checkpoint; `save` stores that."""

    def __init__(self, shard: ShardReader, checkpoint: MappingCheckpoint, save: Callable[[], None]) -> None:
        self._shard = shard
        self._mapping = shard.mapping
        self._checkpoint = checkpoint
        self._save = save

    @property
    def due(self) -> float | None:
        """When the open window is over; None if none is open."""
        window = self._checkpoint.window
        return None if window is None else window.end

    def are_apart(self, one: Json, other: Json) -> bool:
        """Whether two records belong to different windows."""
        return self._start_of(one) != self._start_of(other)

    def _start_of(self, record: Json) -> float:
        """The beginning of the window that a record belongs to, by its arrival."""
        arrival: float = record["ApproximateArrivalTimestamp"]
        return arrival // self._mapping.tumbling_window * self._mapping.tumbling_window

    async def enter(self, record: Json) -> bool:
        """Records of this record's window come next: a window before it is over. False: the mapping stopped."""
        start = self._start_of(record)
        window = self._checkpoint.window
        if window is not None and window.start != start and not await self.finish():
            return False
        if self._checkpoint.window is None:
            self._checkpoint.window = TumblingWindow(start, start + self._mapping.tumbling_window)
        return True

    def members(self, *, final: bool = False, early: bool = False) -> Json:
        """What an event has besides the records."""
        window = self._checkpoint.window
        assert window is not None
        return {
            "window": {"start": iso_time(window.start), "end": iso_time(window.end)},
            "state": window.state,
            "shardId": self._shard.shard_id,
            "eventSourceARN": self._mapping.source_arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": early,
        }

    def take(self, payload: bytes) -> bool:
        """Keep the state that the function returned; False if it returned none, which is a failure."""
        try:
            answer = orjson.loads(payload or b"null")
        except orjson.JSONDecodeError:
            return False
        if not isinstance(answer, dict) or "state" not in answer:
            return False
        assert self._checkpoint.window is not None
        self._checkpoint.window.state = answer["state"]
        return True

    async def check_size(self) -> None:
        """A state that is too large ends the window; what still comes of it begins with an empty one."""
        window = self._checkpoint.window
        if window is not None and len(orjson.dumps(window.state)) > MAX_STATE:
            await self.finish(early=True)

    async def finish(self, *, early: bool = False) -> bool:
        """Call the function for the last time in the open window, until it succeeds or may not be tried any more.
        False: the mapping stopped before that."""
        attempts = waits = 0
        while not self._shard.stopping:
            try:
                answer = await self._invoke(early)
            except AwsError as error:
                self._shard.reader.result(f"PROBLEM: {error.message}")
            else:
                if not answer.get("FunctionError"):
                    self._shard.reader.result("OK")
                    break
                self._shard.reader.result("PROBLEM: Function call failed")
                attempts += 1
            if self._given_up(attempts):
                log.warning("%s: the result of a tumbling window is lost", self._shard.name)
                break
            waits += 1
            pause = min(_FIRST_PAUSE * 2.0 ** min(waits - 1, 10), _LONGEST_PAUSE)
            await self._shard.pause(pause, "ending a tumbling window again")
        else:
            return False
        self._checkpoint.window = None
        self._save()
        return True

    def _given_up(self, attempts: int) -> bool:
        most, age = self._mapping.maximum_retry_attempts, self._mapping.maximum_record_age
        assert self.due is not None
        return 0 <= most < attempts or (age >= 0 and self._shard.clock.now() - self.due > age)

    async def _invoke(self, early: bool) -> Json:
        """Raises AwsError when the function did not run."""
        shard, mapping = self._shard, self._mapping
        role = shard.reader.role()
        service = shard.reader.service
        payload = event.build(mapping, shard.shard_id, role, [], self.members(final=True, early=early))
        caller = service.as_lambda(shard.reader.caller, role, mapping.arn)
        params = {"FunctionName": mapping.function_arn, "InvocationType": "RequestResponse", "Payload": payload}
        return await service.world.bus.run(Call("lambda", "Invoke", params, caller, service.world.new_id()))
