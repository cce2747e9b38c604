"""What the Kinesis operations share: finding streams and logs, changes of state, retention."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import Service
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.entry import ShardLog, arrival_of
from harness.emulator.services.kinesis.metrics import StreamMetrics
from harness.emulator.services.kinesis.model import (
    Change,
    Consumer,
    LogKey,
    Shard,
    Stream,
    StreamKey,
)
from harness.emulator.services.kinesis.tokens import Tokens
from harness.emulator.store import Table
from harness.emulator.world import World

DAY = 86400.0

ConsumerKey = tuple[str, str, str, str]
"""(account, region, stream name, consumer name)"""


class KinesisBase(Service):
    """Tables, look-up and life cycle. The operations are in the mixins beside this file."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.streams: Table[StreamKey, Stream] = world.store.table("kinesis.streams")
        self.logs: Table[LogKey, ShardLog] = world.store.table("kinesis.logs")
        self.consumers: Table[ConsumerKey, Consumer] = world.store.table("kinesis.consumers")
        self.tokens = Tokens(world)
        self._latest_arrival = 0.0
        self._metrics: dict[str, StreamMetrics] = {}

    async def start(self) -> None:
        self._latest_arrival = 0.0
        self._metrics.clear()
        for stream in self.streams.values():
            if stream.change is not None:
                self._schedule(stream)
        for key, consumer in self.consumers.items():
            if consumer.due:
                self.schedule_consumer(key, consumer)

    # -- finding ----------------------------------------------------------------------------------------------

    def find(self, call: Call, name: str | None, arn: str | None) -> Stream:
        """The stream addressed by name, ARN or both (B1). Closed shards out of retention are gone.

        Raises InvalidArgumentException (neither, or both and disagreeing, or another region),
        ResourceNotFoundException, AccessDeniedException, UnrecognizedClientException (another account).
        """
        caller = call.caller
        if arn is None:
            if name is None:
                raise messages.invalid("Stream arn and stream name can't be empty at the same time")
            account = caller.account
        else:
            account, region, inferred = self._parse(arn)
            if name is not None and name != inferred:
                raise messages.invalid(
                    f"Input stream name {name} doesn't match the inferred name in stream arn {inferred}"
                )
            if region != caller.region:
                raise messages.invalid(f"The region specified in the ARN '{arn}' does not match the endpoint region")
            name = inferred
        stream = self.streams.get((account, caller.region, name))
        if account != caller.account:
            self._check_foreign(call, account, stream)
        if stream is None:
            raise messages.stream_not_found(name, account)
        if stream.has_closed_shards():
            self._expire_shards(stream)
        return stream

    def find_active(self, call: Call, name: str | None, arn: str | None) -> Stream:
        """`find` for a change of the stream. Raises ResourceInUseException if another one is under way."""
        stream = self.find(call, name, arn)
        if stream.status != "ACTIVE":
            raise messages.not_active(stream)
        return stream

    @staticmethod
    def _parse(arn: str) -> tuple[str, str, str]:
        """(account, region, name) of a stream's ARN, or of the stream in a consumer's ARN."""
        parts = arn.split(":", 5)
        return parts[4], parts[3], parts[5].split("/")[1]

    def _check_foreign(self, call: Call, account: str, stream: Stream | None) -> None:
        if stream is not None and stream.policy is not None:
            return
        if not any(stream.account == account for stream in self.streams.values()):
            raise AwsError("UnrecognizedClientException", "No account found for the given parameters")
        raise AwsError(
            "AccessDeniedException",
            f"User: arn:aws:iam::{call.caller.account}:root is not authorized to perform: "
            f"kinesis:{call.operation} because no resource-based policy allows the kinesis:{call.operation} action",
        )

    def log(self, stream: Stream, shard: Shard) -> ShardLog:
        """The records of a shard. A log notes its own growth; it is put only once."""
        key = stream.log_key(shard)
        log = self.logs.get(key)
        if log is None:
            log = ShardLog()
            self.logs.put(key, log)
        return log

    # -- time -------------------------------------------------------------------------------------------------

    def arrival_now(self) -> float:
        """Now, in whole milliseconds and never before an earlier arrival: logs are searched by arrival."""
        now = round(self.world.clock.now(), 3)
        if now < self._latest_arrival:
            return self._latest_arrival
        self._latest_arrival = now
        return now

    def trim(self, stream: Stream, log: ShardLog, now: float) -> None:
        """Forget the records that are older than the retention period (B6)."""
        first, end = log.first, log.end
        horizon = now - stream.retention_hours * 3600
        if first < end and arrival_of(log.at(first)) <= horizon:
            log.trim(bisect_right(range(end), horizon, lo=first, key=lambda p: arrival_of(log.at(p))))

    def seek(self, log: ShardLog, timestamp: float) -> int:
        """The position of the first record that arrived at `timestamp` or later."""
        return bisect_left(range(log.end), timestamp, lo=log.first, key=lambda p: arrival_of(log.at(p)))

    def horizon(self, stream: Stream) -> float:
        """The arrival before which nothing is kept."""
        return self.world.clock.now() - stream.retention_hours * 3600

    def _expire_shards(self, stream: Stream) -> None:
        horizon = self.horizon(stream)
        expired = [s for s in stream.shards.values() if s.closed is not None and s.closed <= horizon]
        for shard in expired:
            stream.expire(shard)
            self.logs.delete(stream.log_key(shard))
        if expired:
            self.streams.put(stream.key, stream)

    def check_daily(self, stream: Stream, past: list[float], allowed: int) -> None:
        """Note one more change of a kind that AWS allows `allowed` times in 24 hours."""
        now = self.world.clock.now()
        past[:] = [moment for moment in past if moment > now - DAY]
        if len(past) >= allowed:
            raise messages.rate_exceeded(stream)
        past.append(now)

    # -- change of state --------------------------------------------------------------------------------------

    def change(self, stream: Stream, status: str, kind: str, *arguments: object) -> None:
        """Bring `stream` into `status` until the method `end_<kind>` ends the change after the world's transition
        time; with no such time it ends now."""
        seconds = self.world.transition_seconds
        if seconds <= 0:
            self._end(stream, kind, arguments)
            return
        stream.status = status
        stream.change = Change(kind, arguments, self.world.clock.now() + seconds)
        self.streams.put(stream.key, stream)
        self._schedule(stream)
        self.notify(stream)

    def _schedule(self, stream: Stream) -> None:
        change = stream.change
        assert change is not None

        def end() -> None:
            if stream.change is change and self.streams.get(stream.key) is stream:
                stream.change = None
                self._end(stream, change.kind, change.arguments)

        name = f"kinesis {change.kind} {stream.name}"
        self.world.clock.call_at(change.due, end, name=name, data=False)

    def _end(self, stream: Stream, kind: str, arguments: tuple[object, ...]) -> None:
        finish: Callable[..., None] = getattr(self, f"end_{kind}")
        stream.status = "ACTIVE"
        self.streams.put(stream.key, stream)
        finish(stream, *arguments)
        self.notify(stream)

    def schedule_consumer(self, key: ConsumerKey, consumer: Consumer) -> None:
        """End a consumer's CREATING or DELETING when it is due."""

        def end() -> None:
            if self.consumers.get(key) is consumer:
                self.end_consumer_change(key, consumer)

        name = f"kinesis consumer {consumer.name}"
        self.world.clock.call_at(consumer.due, end, name=name, data=False)

    def end_consumer_change(self, key: ConsumerKey, consumer: Consumer) -> None:
        """CREATING becomes ACTIVE, DELETING becomes nothing."""
        if consumer.status == "DELETING":
            self.consumers.delete(key)
            return
        consumer.status, consumer.due = "ACTIVE", 0.0
        self.consumers.put(key, consumer)

    def notify(self, stream: Stream) -> None:
        """Wake the stream's readers."""
        self.world.topics.notify(f"kinesis:{stream.arn}")

    # -- counts -----------------------------------------------------------------------------------------------

    def metrics(self, stream: Stream) -> StreamMetrics:
        """The metrics of a stream."""
        found = self._metrics.get(stream.arn)
        if found is None:
            found = self._metrics[stream.arn] = StreamMetrics(self.world, stream)
        return found

    def forget_metrics(self, stream: Stream) -> None:
        """The stream is gone. What was measured stays with the metrics, for as long as those are kept."""
        self._metrics.pop(stream.arn, None)

    def streams_of(self, call: Call) -> list[Stream]:
        """The caller's streams in this region, by name."""
        place = (call.caller.account, call.caller.region)
        return sorted((s for s in self.streams.values() if (s.account, s.region) == place), key=lambda s: s.name)

    def consumers_of(self, stream: Stream) -> list[Consumer]:
        return [
            consumer
            for (account, region, name, _), consumer in self.consumers.items()
            if (account, region, name) == stream.key
        ]
