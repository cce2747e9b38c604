"""Draining waits on a condition, and says so when it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.ledger import ByClock, ByPolling, bursts, ramp, steady
from harness.ledger.settle import Drained
from harness.sinks import Found, Reading
from harness.sinks.fates import Fate


@dataclass
class World:
    """Time that only `sleep` moves."""

    now: float = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class SlowSink:
    """Holds one more record after each of `times`."""

    world: World
    times: list[float]
    fails_until: float = -1.0
    name: str = "slow"
    fate: Fate = "delivered"
    reads: int = field(default=0)

    def read(self) -> Reading:
        self.reads += 1
        if self.world.now < self.fails_until:
            raise OSError("not there yet")
        return Reading([Found(b"", "o") for time in self.times if time <= self.world.now])


def drain(sink: SlowSink, wanted: int) -> Drained:
    polling = ByPolling(100, 10, 1, sink.world.clock, sink.world.sleep)
    return polling.drain([sink], having(wanted))


def having(count: int) -> Callable[[Drained], bool]:
    return lambda drained: sum(len(reading.found) for _, reading in drained.readings) >= count


def test_polling_ends_when_all_is_found_and_nothing_more_comes() -> None:
    world = World()
    drained = drain(SlowSink(world, [3, 20, 28]), 2)
    assert (world.now, len(drained.readings[0][1].found), drained.troubles) == (38.0, 3, [])


def test_what_is_missing_after_a_quiet_bound_is_missing() -> None:
    world = World()
    drained = drain(SlowSink(world, [3]), 2)
    assert (world.now, drained.troubles) == (100.0, [])


def test_sinks_that_change_until_the_bound_are_not_drained() -> None:
    drained = drain(SlowSink(World(), [3, 95]), 3)
    assert drained.troubles == ["the sinks were still changing after 100 s"]


def test_a_sink_that_becomes_readable_is_waited_for() -> None:
    assert drain(SlowSink(World(), [1], fails_until=50), 1).troubles == []
    assert drain(SlowSink(World(), [1], fails_until=500), 1).troubles == ["slow cannot be read: OSError: not there yet"]


def test_an_emulator_that_is_gone_has_not_settled() -> None:
    sink = SlowSink(World(), [0])
    drained = ByClock("http://127.0.0.1:1").drain([sink], having(1))
    assert (len(drained.troubles), sink.reads) == (1, 1)
    assert drained.troubles[0].startswith("not settled")


def test_load_shapes_send_all_and_repeat() -> None:
    loads: tuple[Callable[[], Any], ...] = (
        lambda: steady(1000, 300),
        lambda: ramp(1000, 10, 90, 20),
        lambda: bursts(1000, 7),
    )
    for load in loads:
        steps = list(load())
        assert sum(step.count for step in steps) == 1000
        assert steps == list(load())
        assert min(step.count for step in steps) >= 1
    assert [step.count for step in ramp(100, 1, 41, 4)] == [1, 11, 21, 31, 36]
    assert list(bursts(1000, 7)) != list(bursts(1000, 8))
