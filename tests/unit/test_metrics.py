"""Metrics of services on their way to CloudWatch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.emulator import metrics
from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.metrics import Metric
from harness.emulator.service import Service, operation
from harness.emulator.world import World

BYTES = Metric("000000000000", "us-east-1", "AWS/X", "Bytes", "Bytes", (("Name", "n"),))
OTHER = Metric("000000000000", "eu-west-1", "AWS/X", "Bytes", "Bytes", (("Name", "n"),))


class CloudWatch(Service):
    name = "cloudwatch"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.data: list[tuple[str, dict[str, Any]]] = []
        self.broken = False

    @operation
    async def put_metric_data(self, call: Call, *, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise AwsError("InternalServiceFault", "no", 500)
        assert namespace == "AWS/X"
        self.data += [(call.region, datum) for datum in metric_data]

    @operation
    def list_metrics(self, call: Call) -> dict[str, Any]:
        return {"Metrics": [datum for _, datum in self.data]}


def in_world(test: Callable[[World, CloudWatch], Awaitable[None]]) -> None:
    async def run() -> None:
        world = World(clock=Clock("manual", start=1_700_000_000.0), seed=1)
        cloudwatch = CloudWatch(world)
        world.add(cloudwatch)
        await world.start()
        await test(world, cloudwatch)
        await world.stop()

    asyncio.run(run())


async def look(world: World) -> list[dict[str, Any]]:
    with world.clock.working():
        answer = await world.bus.call("cloudwatch", "ListMetrics", {}, Caller())
    return list(answer["Metrics"])


def test_a_cloudwatch_that_fails_loses_the_metrics_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """The call that looked is answered all the same."""

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        cloudwatch.broken = True
        world.metrics.add(BYTES, 1)
        assert await look(world) == []
        cloudwatch.broken = False
        world.metrics.add(BYTES, 2)
        assert [datum["StatisticValues"]["Sum"] for datum in await look(world)] == [2]

    in_world(test)
    assert "metrics of AWS/X are lost" in caplog.text


def test_minutes_that_nobody_reads_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr(metrics, "MOST_SETS", 3)

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        for value in range(10):
            world.metrics.add(BYTES, value)
            await world.clock.advance(60)
        assert [datum["StatisticValues"]["Sum"] for datum in await look(world)] == [6, 7, 8, 9]

    in_world(test)


def test_samples_of_a_minute_are_one_statistic_set() -> None:
    """Sum, minimum, maximum, sample count, at the minute's beginning; regions apart; nothing is sent twice."""

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        for value in (5, 2, 9):
            world.metrics.add(BYTES, value)
        world.metrics.add(OTHER, 1)
        assert cloudwatch.data == []
        (datum, _) = await look(world)
        assert datum == {
            "MetricName": "Bytes",
            "Dimensions": [{"Name": "Name", "Value": "n"}],
            "Timestamp": 1_700_000_000 // 60 * 60,
            "Unit": "Bytes",
            "StatisticValues": {"Sum": 16, "Minimum": 2, "Maximum": 9, "SampleCount": 3},
        }
        assert [region for region, _ in cloudwatch.data] == ["us-east-1", "eu-west-1"]
        assert len(await look(world)) == 2
        world.metrics.add(BYTES, 1)
        assert len(await look(world)) == 3

    in_world(test)


def test_a_state_is_sampled_once_a_minute() -> None:
    """A limit is a value, not an event."""

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        for _ in range(3):
            world.metrics.state(BYTES, 7)
        await world.clock.advance(60)
        world.metrics.state(BYTES, 7)
        assert [datum["StatisticValues"]["SampleCount"] for datum in await look(world)] == [1, 1]

    in_world(test)


def test_a_snapshot_keeps_what_nobody_has_read_and_a_reset_forgets_it() -> None:
    """The store has them at the moment of the snapshot."""

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        world.metrics.add(BYTES, 1)
        state = await world.save()
        world.metrics.add(BYTES, 1)
        await world.restore(state)
        assert [datum["StatisticValues"]["Sum"] for datum in await look(world)] == [1]
        world.metrics.add(BYTES, 1)
        await world.restore(None)
        assert len(await look(world)) == 1

    in_world(test)


def test_two_readers_at_once_both_see_everything() -> None:
    """The second one waits until the first one's samples are handed over."""

    async def test(world: World, cloudwatch: CloudWatch) -> None:
        world.metrics.add(BYTES, 1)
        assert [len(found) for found in await asyncio.gather(look(world), look(world))] == [1, 1]

    in_world(test)
