"""What was deleted gives its memory back."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from harness.emulator.build import build_world
from harness.emulator.call import Caller
from harness.emulator.world import World

ROLE = "arn:aws:iam::000000000000:role/r"
CYCLES = 60


async def a_stream(world: World, name: str) -> None:
    bus = world.bus
    await bus.call("kinesis", "CreateStream", {"StreamName": name, "ShardCount": 2}, Caller())
    arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    await bus.call("kinesis", "RegisterStreamConsumer", {"StreamARN": arn, "ConsumerName": "c"}, Caller())
    await bus.call("kinesis", "DeleteStream", {"StreamName": name, "EnforceConsumerDeletion": True}, Caller())


async def a_used_stream(world: World, name: str) -> None:
    bus = world.bus
    await bus.call("kinesis", "CreateStream", {"StreamName": name, "ShardCount": 1}, Caller())
    await bus.call("kinesis", "PutRecord", {"StreamName": name, "Data": b"x" * 100, "PartitionKey": "k"}, Caller())
    place = {"StreamName": name, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = (await bus.call("kinesis", "GetShardIterator", place, Caller()))["ShardIterator"]
    await bus.call("kinesis", "GetRecords", {"ShardIterator": iterator}, Caller())
    await bus.call("kinesis", "DeleteStream", {"StreamName": name}, Caller())


def s3(name: str) -> dict[str, object]:
    destination = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket"}
    return {"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination}


async def a_delivery_stream(world: World, name: str) -> None:
    await world.bus.call("firehose", "CreateDeliveryStream", s3(name), Caller())
    await world.bus.call("firehose", "DeleteDeliveryStream", {"DeliveryStreamName": name}, Caller())


async def a_delivery_stream_with_a_source(world: World, name: str) -> None:
    bus = world.bus
    await bus.call("kinesis", "CreateStream", {"StreamName": name, "ShardCount": 1}, Caller())
    arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    source = {"KinesisStreamARN": arn, "RoleARN": ROLE}
    members = s3(name) | {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": source}
    await bus.call("firehose", "CreateDeliveryStream", members, Caller())
    await bus.call("firehose", "DeleteDeliveryStream", {"DeliveryStreamName": name}, Caller())
    await bus.call("kinesis", "DeleteStream", {"StreamName": name}, Caller())


async def a_used_delivery_stream(world: World, name: str) -> None:
    bus = world.bus
    await bus.call("firehose", "CreateDeliveryStream", s3(name), Caller())
    record = {"DeliveryStreamName": name, "Record": {"Data": b"x" * 100}}
    await bus.call("firehose", "PutRecord", record, Caller())
    await bus.call("firehose", "DeleteDeliveryStream", {"DeliveryStreamName": name}, Caller())


def kinds() -> Counter[str]:
    gc.collect()
    return Counter(type(item).__name__ for item in gc.get_objects())


@pytest.mark.parametrize("cycle", [a_stream, a_delivery_stream])
def test_nothing_stays(cycle: Callable[[World, str], Awaitable[None]]) -> None:
    async def scenario() -> None:
        world = build_world("manual", 3)
        await world.start()
        await world.bus.call("s3", "CreateBucket", {"Bucket": "bucket"}, Caller())

        async def many(first: int) -> None:
            for number in range(first, first + CYCLES):
                await cycle(world, f"name-{number}")
                await world.clock.quiesce()
            await world.clock.advance(600)  # past the times of cancelled timers

        await many(0)
        before = kinds()
        await many(CYCLES)
        grown = kinds() - before
        assert {kind: count for kind, count in grown.items() if count >= CYCLES} == {}
        await world.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("cycle", [a_used_stream, a_used_delivery_stream, a_delivery_stream_with_a_source])
def test_only_measurements_stay_of_what_was_used(cycle: Callable[[World, str], Awaitable[None]]) -> None:
    """Metrics outlive their resource, as on AWS (15 days, a bounded number); nothing else does. Cancelled timers go by
    the hundred."""

    async def scenario() -> None:
        world = build_world("manual", 3)
        await world.start()
        await world.bus.call("s3", "CreateBucket", {"Bucket": "bucket"}, Caller())

        async def many(first: int) -> None:
            for number in range(first, first + CYCLES):
                await cycle(world, f"name-{number}")
                await world.clock.quiesce()
            await world.clock.advance(600)  # past the times of cancelled timers

        await many(0)
        world.metrics.keep()
        rows = {name: len(items) for name, items in world.store.rows().items()}
        before = kinds()
        await many(CYCLES)
        grown = kinds() - before
        assert {name for name, items in world.store.rows().items() if len(items) > rows.get(name, 0)} <= {
            "metrics.buckets"
        }
        left = {name for name in grown if grown[name] >= CYCLES}
        assert left <= {"Metric", "Bucket", "Group", "Timer", "dict", "tuple", "set", "list"}, grown.most_common(12)
        assert not {"Measures", "Stream", "Shard", "Pipeline", "Log"} & grown.keys()
        await world.stop()

    asyncio.run(scenario())
