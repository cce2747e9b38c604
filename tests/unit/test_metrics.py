"""The store of metrics: buckets of a minute, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator import metrics
from harness.emulator.clock import Clock
from harness.emulator.metrics import Bucket, Group, Identity, Metric
from harness.emulator.services.cloudwatch import statistics
from harness.emulator.world import World

START = 1_700_000_000 // 3600 * 3600
BYTES = Metric("000000000000", "us-east-1", "AWS/X", "Bytes", "Bytes", (("Name", "n"),))
COUNT = BYTES._replace(name="Count", unit="Count")


def identity(metric: Metric) -> Identity:
    return (metric.account, metric.region, metric.namespace, metric.name, metric.dimensions)


def in_world(test: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        world = World(clock=Clock("manual", start=float(START)), seed=1)
        await world.start()
        await test(world)
        await world.stop()

    asyncio.run(run())


def sums(world: World, metric: Metric = BYTES, unit: str | None = None) -> list[tuple[int, float]]:
    """(seconds since the beginning, sum) of all buckets."""
    found = world.metrics.buckets(identity(metric), 0, START + 100 * 86400, unit)
    return [(at - START, bucket.sum) for _, at, bucket in found]


def test_the_oldest_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, whatever is measured."""
    monkeypatch.setattr(metrics, "MOST_BUCKETS", 90)

    async def test(world: World) -> None:
        for _ in range(200):
            world.metrics.add(BYTES, 1)
            await world.clock.advance(60)
        left = [at for at, _ in sums(world)]
        assert len(left) <= 120
        assert left[-1] == 199 * 60
        assert left[0] % 600 == 0

    in_world(test)


def test_data_for_many_minutes_at_once_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What callers send has its own time: no minute needs to pass. What is measured meanwhile is kept."""
    monkeypatch.setattr(metrics, "MOST_BUCKETS", 50)

    async def test(world: World) -> None:
        group = Group((COUNT,))
        for minute in range(300, 0, -1):
            world.metrics.add_all(group, (1,))
            world.metrics.record(BYTES, START - minute * 60, 60, Bucket())
        assert len(sums(world)) <= 50
        assert sums(world, COUNT) == [(0, 300)]

    in_world(test)


def test_what_is_out_of_retention_is_forgotten() -> None:
    """E2: 15 days at one minute; the metric itself is gone with its last bucket."""

    async def test(world: World) -> None:
        world.metrics.add(BYTES, 1)
        await world.clock.advance(16 * 86400)
        world.metrics.add(COUNT, 1)
        assert sums(world) == []
        assert world.metrics.find("000000000000", "us-east-1") == [identity(COUNT)]

    in_world(test)


def test_data_that_is_too_old_is_not_kept() -> None:
    async def test(world: World) -> None:
        world.metrics.record(BYTES, START - 16 * 86400, 60, Bucket())
        assert world.metrics.find("000000000000", "us-east-1") == []

    in_world(test)


def test_a_snapshot_keeps_the_running_minute_and_a_reset_forgets_it() -> None:
    """Also a group that was measured before writes into the restored state afterwards."""

    async def test(world: World) -> None:
        group = Group((BYTES, COUNT))
        world.metrics.add_all(group, (5, 1))
        state = await world.save()
        world.metrics.add_all(group, (5, 1))
        await world.restore(state)
        assert sums(world) == [(0, 5)]
        world.metrics.add_all(group, (5, 1))
        assert sums(world) == [(0, 10)]
        await world.restore(None)
        assert sums(world) == []
        world.metrics.add(BYTES, 1)
        assert sums(world) == [(0, 1)]

    in_world(test)


def test_samples_of_a_minute_are_one_bucket() -> None:
    async def test(world: World) -> None:
        group = Group((BYTES, COUNT))
        for value in (5, 2, 9):
            world.metrics.add_all(group, (value, 1))
        await world.clock.advance(60)
        world.metrics.add(BYTES, 4)
        ((_, _, bucket), (_, later, _)) = world.metrics.buckets(identity(BYTES), START, START + 120)
        assert (bucket.sum, bucket.minimum, bucket.maximum, bucket.count) == (16, 2, 9, 3)
        assert later == START + 60
        assert sums(world, COUNT) == [(0, 3)]

    in_world(test)


def test_a_group_is_what_single_samples_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are held back until there are many, or until somebody reads; minutes stay apart."""
    monkeypatch.setattr(metrics, "_HELD_BACK", 7)
    single = BYTES._replace(name="Single")

    async def test(world: World) -> None:
        group = Group((BYTES, COUNT))
        for number in range(40):
            value = number * 7 % 5
            world.metrics.add_all(group, (value, 1))
            world.metrics.add(single, value)
            if number % 15 == 14:
                await world.clock.advance(60)
        together, apart = (
            [(at, bucket.__getstate__()) for _, at, bucket in world.metrics.buckets(identity(metric), 0, START + 3600)]
            for metric in (BYTES, single)
        )
        assert together == apart
        assert len(together) == 3
        assert sums(world, COUNT) == [(0, 15), (60, 15), (120, 10)]

    in_world(test)


def test_a_state_is_sampled_once_a_minute() -> None:
    """A limit is a value, not an event."""

    async def test(world: World) -> None:
        for _ in range(3):
            world.metrics.state(BYTES, 7)
        await world.clock.advance(60)
        world.metrics.state(BYTES, 7)
        assert sums(world) == [(0, 7), (60, 7)]

    in_world(test)


def test_units_are_apart_and_dimensions_have_no_order() -> None:
    async def test(world: World) -> None:
        one = BYTES._replace(dimensions=(("B", "2"), ("A", "1")))
        other = BYTES._replace(dimensions=(("A", "1"), ("B", "2")), unit="Count")
        world.metrics.add(one, 1)
        world.metrics.add(other, 2)
        assert world.metrics.find("000000000000", "us-east-1") == [identity(other)]
        assert sums(world, other) == [(0, 1), (0, 2)]
        assert sums(world, other, "Count") == [(0, 2)]

    in_world(test)


def test_seconds_become_minutes_after_three_hours() -> None:
    """High-resolution data is not kept as such for long."""

    async def test(world: World) -> None:
        for second in range(120):
            bucket = Bucket()
            bucket.add(second)
            world.metrics.record(BYTES, START + second, 1, bucket)
        assert len(sums(world)) == 120
        await world.clock.advance(5 * 3600)
        world.metrics.add(COUNT, 1)
        assert sums(world) == [(0, sum(range(60))), (60, sum(range(60, 120)))]

    in_world(test)


samples = st.lists(st.integers(-1000, 1000), min_size=1, max_size=60)


@given(samples, samples)
def test_a_merge_is_what_one_bucket_would_have_seen(one: list[int], other: list[int]) -> None:
    whole, left, right = Bucket(), Bucket(), Bucket()
    for value in one:
        left.add(value)
        whole.add(value)
    for value in other:
        right.add(value)
        whole.add(value)
    left.merge(right)
    assert left.__getstate__() == whole.__getstate__()
    assert (whole.minimum, whole.maximum) == (min(one + other), max(one + other))


@given(samples)
def test_percentiles_lie_between_the_limits_and_rise(values: list[int]) -> None:
    bucket = Bucket()
    for value in values:
        bucket.add(value)
    found = [statistics.value(bucket, f"p{percent}") for percent in (0, 10, 50, 90, 99.9, 100)]
    assert found == sorted(found, key=lambda each: each or 0)
    assert (found[0], found[-1]) == (min(values), max(values))


def test_a_percentile_of_a_statistic_set_is_not_known() -> None:
    """E2: a set tells its limits only."""
    bucket = Bucket()
    bucket.add_set(10, 1, 9, 2)
    assert statistics.value(bucket, "p50") is None
    assert statistics.value(bucket, "Average") == 5


def test_many_values_are_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of a bucket are bounded; its sum and limits stay exact."""
    monkeypatch.setattr(metrics, "MOST_VALUES", 10)
    bucket = Bucket()
    for value in range(100_000, 110_000):
        bucket.add(value)
    assert len(bucket.samples()) <= 30
    assert (bucket.minimum, bucket.maximum, bucket.count) == (100_000, 109_999, 10_000)
    assert statistics.value(bucket, "p50") == pytest.approx(105_000, rel=0.02)
