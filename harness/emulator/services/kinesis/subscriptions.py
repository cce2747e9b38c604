"""SubscribeToShard: a shard's records pushed to an enhanced fan-out consumer (B9).

A subscription belongs to a connection, so it lives in memory: a restart or a restore ends it, and the consumer
subscribes again where it was, as it does every five minutes.
"""

from __future__ import annotations

import asyncio

from harness.emulator.call import Call
from harness.emulator.clock import TICK
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages, sequence
from harness.emulator.services.kinesis.entry import Entry, bytes_read
from harness.emulator.services.kinesis.get_records import (
    MAX_RECORDS,
    GetRecordsOperations,
    described_children,
    described_records,
    millis_behind,
    within_bytes,
)
from harness.emulator.services.kinesis.model import Consumer, Shard, Stream, canonical_shard_id
from harness.emulator.services.kinesis.resources import ResourceOperations
from harness.emulator.world import World
from harness.json_object import Json

LIFE = 300.0
"""Seconds of a subscription."""
HEARTBEAT = 5.0
"""Seconds without an event after which one without records is sent."""
TAKE_OVER = 5.0
"""Seconds after a successful call in which another one is refused; a later one takes the subscription over."""
MAX_EVENT = 15 * 1024 * 1024 // 2
"""Bytes of the records of one event (recorded: 7.5 MiB of data, never more)."""

SubscriptionKey = tuple[str, str]
"""(consumer ARN, shard id)"""


class SubscriptionOperations(GetRecordsOperations, ResourceOperations):
    """One subscription at a time for a consumer and shard."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._subscriptions: dict[SubscriptionKey, Subscription] = {}

    async def start(self) -> None:
        await super().start()
        self.world.topics.subscribe("edge:stopping", self._end_all)

    async def stop(self) -> None:
        await super().stop()
        self._end_all()

    @operation
    def subscribe_to_shard(
        self, call: Call, *, consumer_arn: str, shard_id: str, starting_position: Json, dry_run: bool = False
    ) -> Json:
        """Events from a position on, for five minutes. Raises ResourceInUseException (the consumer is not ACTIVE, or
        called less than five seconds ago), ResourceNotFoundException, InvalidArgumentException."""
        _, consumer = self.find_consumer(call, consumer_arn)
        stream = self.find(call, None, consumer_arn)
        if consumer.status != "ACTIVE":
            raise messages.consumer_not_active(consumer, stream)
        shard = stream.shards.get(canonical_shard_id(shard_id))
        if shard is None:
            raise messages.shard_missing(shard_id, stream)
        if dry_run:
            raise messages.dry_run("SubscribeToShard")
        number, timestamp = starting_position.get("SequenceNumber"), starting_position.get("Timestamp")
        position = self.start_at(call, stream, shard, starting_position["Type"], number, timestamp)
        self._make_room(consumer, stream, shard)
        subscription = Subscription(self, call, consumer, stream, shard, position)
        self._subscriptions[consumer.arn, shard.id] = subscription
        self.metrics(stream).subscribed(consumer.name, throttled=False)
        return {"EventStream": subscription}

    def _make_room(self, consumer: Consumer, stream: Stream, shard: Shard) -> None:
        """End the subscription that the next one takes over, and forget those that are long over."""
        now = self.world.clock.now()
        latest = now - TAKE_OVER + TICK
        present = self._subscriptions.get((consumer.arn, shard.id))
        if present is not None and present.began > latest:
            self.metrics(stream).subscribed(consumer.name, throttled=True)
            raise messages.subscribed(consumer, stream, shard.id)
        if present is not None:
            present.end()
        for key, old in tuple(self._subscriptions.items()):
            if now >= old.began + LIFE:
                old.end()  # nobody asks it for events any more
            if old.has_ended and old.began <= latest:
                del self._subscriptions[key]

    def _end_all(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.end()
        self._subscriptions.clear()


class Subscription:
    """The events of one subscription, made when they are asked for."""

    def __init__(
        self,
        kinesis: SubscriptionOperations,
        call: Call,
        consumer: Consumer,
        stream: Stream,
        shard: Shard,
        position: int,
    ) -> None:
        self._kinesis = kinesis
        self._world = kinesis.world
        self._call = call
        self._consumer = consumer.name
        self._stream = stream
        self._shard = shard
        self._position = position
        self._topic = f"kinesis:{stream.arn}"
        self._woken: asyncio.Future[None] | None = None
        self.has_ended = False
        self.began = self._last = self._world.clock.now()
        self._world.topics.subscribe(self._topic, self._wake)

    async def __anext__(self) -> tuple[str, Json]:
        clock = self._world.clock
        while not self.has_ended:
            now = clock.now()
            # Deregistration of the consumer ends nothing that was admitted (recorded); the stream's end does.
            is_there = self._kinesis.streams.get(self._stream.key) is self._stream
            if not is_there or now >= self.began + LIFE - TICK:
                self.end()
                break
            event = self._event(now)
            if event is not None:
                return "SubscribeToShardEvent", event
            await self._wait(min(self._last + HEARTBEAT, self.began + LIFE))
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """The client has gone."""
        self._leave()

    def end(self) -> None:
        """The service ends it: no exception, the stream just ends (recorded)."""
        if not self.has_ended:
            self._leave()
            self._kinesis.metrics(self._stream).subscription_ended(self._consumer)

    def _leave(self) -> None:
        self.has_ended = True
        self._world.topics.unsubscribe(self._topic, self._wake)
        self._wake()

    def _event(self, now: float) -> Json | None:
        """What there is to say now: records, the end of the shard, or that there is nothing new."""
        stream, shard = self._stream, self._shard
        log = self._kinesis.log(stream, shard)
        self._kinesis.trim(stream, log, now)
        first = max(self._position, log.first)
        entries = within_bytes(log.read(first, MAX_RECORDS), MAX_EVENT)
        self._position = following = first + len(entries)
        is_over = shard.closed is not None and not entries and following >= log.end
        if not entries and not is_over and now < self._last + HEARTBEAT - TICK:
            return None
        self._last = now
        behind = millis_behind(entries, following, log, now) if entries else 0
        event: Json = {"Records": described_records(stream, shard, first, entries), "MillisBehindLatest": behind}
        if is_over:
            event["ChildShards"] = described_children(stream, shard)
            self._leave()
        else:
            event["ContinuationSequenceNumber"] = f"{shard.head}{sequence.FIRST + following}{stream.tail}"
        if entries:
            self._world.trace.fetched(self._call, stream.tail, shard.index, first, following)
        self._measure(entries, behind)
        return event

    def _measure(self, entries: list[Entry], behind: int) -> None:
        size = bytes_read(entries)
        metrics = self._kinesis.metrics(self._stream)
        metrics.event(self._consumer, size, len(entries), behind)
        if self._stream.metrics:
            outgoing = {"OutgoingBytes": size, "OutgoingRecords": len(entries)}
            metrics.shard(self._shard.id, self._stream.metrics, outgoing)

    async def _wait(self, until: float) -> None:
        """Until the stream says that something came, or until that time."""
        clock = self._world.clock
        self._woken = asyncio.get_running_loop().create_future()
        name = f"kinesis subscription of {self._consumer} to {self._shard.id}"
        timer = clock.call_at(until, self._wake, name=name, data=False)
        try:
            await clock.wait(self._woken)
        finally:
            timer.cancel()
            self._woken = None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
