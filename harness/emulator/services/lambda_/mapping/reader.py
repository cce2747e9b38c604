"""All shards of one mapping: which of them may be read now, parents before children, woken by the stream's topic."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.checkpoint import ready_shards
from harness.emulator.kinesis_consumer.client import StreamClient
from harness.emulator.services.lambda_.mapping.shard import ShardReader
from harness.emulator.services.lambda_.model import EventSourceMapping, MappingCheckpoint
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.lambda_.event_source_mappings import EventSourceMappings

log = logging.getLogger(__name__)


class MappingReader:
    """Reads one enabled mapping until `stop`. `after` are tasks of a reader that this one replaces."""

    def __init__(self, service: EventSourceMappings, mapping: EventSourceMapping) -> None:
        self.service = service
        self.mapping = mapping
        self.caller = Caller(mapping.account, mapping.region)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.shards: dict[str, ShardReader] = {}
        self.stopping = False
        self.client = StreamClient(self._kinesis, mapping.stream_arn)
        self._role: str | None = None
        self._topic = f"kinesis:{mapping.stream_arn}"

    def start(self, after: set[asyncio.Task[Any]]) -> None:
        self.service.world.topics.subscribe(self._topic, self._wake)
        self._spawn(self._begin(after), "start")

    def stop(self) -> set[asyncio.Task[Any]]:
        """End reading; a batch in flight is finished, not retried. Returns the tasks that still run."""
        self.stopping = True
        self.service.world.topics.unsubscribe(self._topic, self._wake)
        for shard in self.shards.values():
            shard.wake()
        return self.tasks

    def role(self) -> str:
        """The function's execution role; of a deleted function, the last one known.

        Raises ResourceNotFoundException when it never was known.
        """
        try:
            self._role = self.service.version_for(self.mapping).role
        except AwsError:
            if self._role is None:
                raise
        return self._role

    async def _kinesis(self, operation: str, params: Json) -> Json:
        """Call Kinesis with the function's role, as a fan-out consumer only while that is registered. Raises AwsError.

        Records are read with GetRecords: a subscription would let the function wait for the five seconds in which AWS
        lets nobody begin at another place, after each failure.
        """
        if self.mapping.source_arn != self.mapping.stream_arn:
            consumer = {"ConsumerARN": self.mapping.source_arn}
            await self.service.world.bus.ask("kinesis", "DescribeStreamConsumer", consumer, self.caller)
        caller = self.service.as_lambda(self.caller, self.role(), self.mapping.arn)
        return await self.service.call("kinesis", operation, params, caller)

    def result(self, text: str) -> None:
        """LastProcessingResult."""
        if self.mapping.last_result != text and self.mapping.key in self.service.mappings:
            self.mapping.last_result = text
            self.service.mappings.put(self.mapping.key, self.mapping)

    def _wake(self) -> None:
        for shard in self.shards.values():
            shard.wake()

    def _spawn(self, work: Any, what: str) -> None:
        task = self.service.world.clock.spawn(work, name=f"event source mapping {self.mapping.uuid}: {what}")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _begin(self, after: set[asyncio.Task[Any]]) -> None:
        if after:
            await self.service.world.clock.wait(asyncio.wait(after))
        await self._start_ready_shards()

    async def _start_ready_shards(self) -> None:
        """Begin reading every shard that is new and whose parents are finished. What is gone ends at its first read."""
        try:
            listed = await self.client.shards()
        except AwsError as error:
            self.result(f"PROBLEM: {error.message}")
            return
        if self.stopping:
            return
        table, uuid = self.service.checkpoints, self.mapping.uuid
        for shard in listed:
            if (uuid, shard.id) not in table:
                table.put((uuid, shard.id), MappingCheckpoint(parents=shard.parents))
        known = {key[1]: checkpoint for key, checkpoint in table.items() if key[0] == uuid}
        for shard_id in ready_shards(known):
            if shard_id not in self.shards:
                reader = self.shards[shard_id] = ShardReader(self, shard_id, known[shard_id])
                self._spawn(self._read(reader), shard_id)

    async def _read(self, reader: ShardReader) -> None:
        ended = await reader.run()
        self.shards.pop(reader.shard_id, None)
        if ended and not self.stopping:
            await self._start_ready_shards()
