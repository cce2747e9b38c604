"""The clock: order of timers, owned time, what counts as work in flight."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.clock import Clock, Timer

START = 1_000.0
BOUND = 10.0  # real seconds after which a test gives up


def run(test: Callable[[Clock], Coroutine[Any, Any, None]], clock: str = "manual") -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(Clock.parse(clock, START)), BOUND)

    asyncio.run(bounded())


@pytest.mark.parametrize("text", ["", "x", "x0", "x-1", "xnan", "xinf", "x1e999", "fast", "Real"])
def test_parse_refuses_what_is_no_clock(text: str) -> None:
    with pytest.raises(ValueError, match="clock must be real, manual or x<rate>"):
        Clock.parse(text)


def test_parse() -> None:
    assert [(c.mode, c.rate) for c in map(Clock.parse, ("real", "manual", "x60", "x0.5"))] == [
        ("real", 1.0),
        ("manual", 1.0),
        ("scaled", 60.0),
        ("scaled", 0.5),
    ]


def test_manual_time_stands_still() -> None:
    async def test(clock: Clock) -> None:
        clock.call_later(0.001, lambda: pytest.fail("fired"), name="t", data=True)
        await asyncio.sleep(0.01)
        assert clock.now() == START

    run(test)


def test_manual_timer_that_is_due_now_fires_now() -> None:
    async def test(clock: Clock) -> None:
        fired = asyncio.Event()
        clock.call_later(0, fired.set, name="t", data=True)
        await fired.wait()
        assert clock.now() == START

    run(test)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), max_size=40),
    st.lists(st.integers(0, 10), max_size=5),
)
def test_advance_fires_what_is_due_in_order(timers: list[tuple[int, bool, bool]], steps: list[int]) -> None:
    """Timers fire at their own time, by time and then by the order in which they were made; cancelled ones never."""

    async def test(clock: Clock) -> None:
        fired: list[tuple[float, int]] = []
        made: list[Timer] = []

        def note(index: int) -> None:
            fired.append((clock.now() - START, index))

        for index, (delay, data, _) in enumerate(timers):
            made.append(clock.call_later(delay, partial(note, index), name="t", data=data))
        for timer, (_, _, cancelled) in zip(made, timers, strict=True):
            if cancelled:
                timer.cancel()
                timer.cancel()
        expected = sorted((delay, index) for index, (delay, _, cancelled) in enumerate(timers) if not cancelled)
        for step in steps:
            await clock.advance(step)
        reached = sum(steps)
        assert clock.now() == START + reached
        if steps:
            assert fired == [(float(delay), index) for delay, index in expected if delay <= reached]
        assert len(clock.stuck()) == sum(
            1 for index, (_, data, cancelled) in enumerate(timers)
            if data and not cancelled and index not in [i for _, i in fired]
        )  # fmt: skip

    run(test)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=30), st.integers(0, 25))
def test_settle_ends_at_the_last_data_timer(timers: list[tuple[int, bool]], bound: int) -> None:
    async def test(clock: Clock) -> None:
        fired: list[int] = []
        for index, (delay, data) in enumerate(timers):
            clock.call_later(delay, partial(fired.append, index), name=f"t{delay}", data=data)
        result = await clock.settle(bound)
        last = max([delay for delay, data in timers if data], default=0)
        assert result.settled == (last <= bound)
        reached = max([delay for delay, data in timers if data and delay <= bound], default=0)
        assert result.elapsed == clock.now() - START == reached
        # Housekeeping on the way fires too, and nothing beyond the last data timer.
        due = sorted((delay, index, data) for index, (delay, data) in enumerate(timers))
        while due and not (due[-1][2] and due[-1][0] <= bound):
            due.pop()
        assert fired == [index for _, index, _ in due]
        assert sorted(result.stuck) == sorted(f"t{delay}" for delay, data in timers if data and delay > bound)

    run(test)


def test_each_timer_runs_with_all_it_sets_off_before_the_next() -> None:
    async def test(clock: Clock) -> None:
        steps: list[str] = []

        async def work(name: str) -> None:
            steps.append(f"{name} begins")
            for _ in range(20):
                await asyncio.sleep(0)
            clock.call_later(0, lambda: steps.append(f"{name} retries"), name="r", data=True)
            clock.spawn(echo(name), name="echo")

        async def echo(name: str) -> None:
            await asyncio.sleep(0.001)
            steps.append(f"{name} echoes")

        clock.call_later(5, lambda: work("a"), name="a", data=True)
        clock.call_later(5, lambda: work("b"), name="b", data=True)
        await clock.advance(5)
        assert steps == ["a begins", "a echoes", "b begins", "b echoes", "a retries", "b retries"]

    run(test)


def test_a_timer_for_the_past_fires_once_owned_time_ends() -> None:
    async def test(clock: Clock) -> None:
        fired: list[str] = []
        clock.call_later(
            5, lambda: clock.call_at(START, lambda: fired.append("late"), name="p", data=False), name="d", data=True
        )
        assert (await clock.settle()).settled
        for _ in range(5):
            await asyncio.sleep(0)
        assert fired == ["late"]

    run(test)


def test_settle_names_what_is_stuck_and_always_ends() -> None:
    async def test(clock: Clock) -> None:
        def again() -> None:
            clock.call_later(3600, again, name="hourly retry", data=True)

        again()
        result = await clock.settle(86400)
        assert (result.settled, result.stuck, result.elapsed) == (False, ["hourly retry"], 86400)

    run(test)


def test_settle_gives_up_on_a_retry_without_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.emulator.clock._MAX_AT_ONE_TIME", 100)

    async def test(clock: Clock) -> None:
        def again() -> None:
            clock.call_later(0, again, name="hot loop", data=True)

        clock.call_later(1, again, name="start", data=True)
        result = await clock.settle()
        assert (result.settled, result.stuck) == (False, ["hot loop"])
        clock.stop()

    run(test)


def test_settle_waits_for_work_but_not_for_housekeeping() -> None:
    async def test(clock: Clock) -> None:
        done: list[str] = []

        async def work() -> None:
            await asyncio.sleep(0.01)
            await clock.sleep(30, name="batch window")
            await asyncio.sleep(0.01)
            done.append("work")

        clock.call_later(1e6, lambda: pytest.fail("housekeeping ran"), name="retention", data=False)
        clock.spawn(work(), name="work")
        result = await clock.settle()
        assert (result.settled, result.elapsed, done) == (True, 30, ["work"])

    run(test)


def test_wait_does_not_count_and_what_it_waits_for_does() -> None:
    async def test(clock: Clock) -> None:
        order: list[str] = []

        async def inner() -> str:
            await asyncio.sleep(0.01)
            order.append("inner")
            return "value"

        async def outer() -> None:
            order.append(await clock.wait(clock.spawn(inner(), name="inner")))

        clock.spawn(outer(), name="outer")
        await clock.quiesce()
        assert order == ["inner", "value"]

        parked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = clock.spawn(wait_for(clock, parked), name="parked")
        await clock.quiesce()  # would hang if the parked task counted
        assert not waiting.done()
        parked.set_result(None)
        await clock.quiesce()
        assert waiting.done()

    async def wait_for(clock: Clock, future: asyncio.Future[None]) -> None:
        await clock.wait(future)

    run(test)


def test_working_blocks_count_nested_and_through_exceptions() -> None:
    async def test(clock: Clock) -> None:
        with pytest.raises(KeyError), clock.working(), clock.working():
            raise KeyError
        quiet = asyncio.create_task(clock.quiesce())
        await quiet
        with clock.working():
            quiet = asyncio.create_task(clock.quiesce())
            await asyncio.sleep(0.01)
            assert not quiet.done()
        await quiet

    run(test)


def test_a_cancelled_sleep_leaves_nothing_behind() -> None:
    async def test(clock: Clock) -> None:
        task = clock.spawn(clock.sleep(10, name="nap"), name="sleeper")
        await clock.quiesce()
        assert clock.stuck() == ["nap"]
        task.cancel()
        await clock.quiesce()
        assert clock.stuck() == []
        assert (await clock.settle()).elapsed == 0

    run(test)


def test_stop_ends_tasks_timers_and_sleeps_of_callers() -> None:
    async def test(clock: Clock) -> None:
        async def api_call() -> None:
            with clock.working():
                await clock.sleep(10, name="long poll")

        clock.call_later(1, lambda: pytest.fail("fired"), name="t", data=True)
        task = clock.spawn(clock.sleep(10, name="nap"), name="sleeper")
        call = asyncio.create_task(api_call())
        await clock.quiesce()
        assert clock.stop() == [task]
        await asyncio.wait([task, call])
        assert task.cancelled()
        assert call.cancelled()
        assert clock.stuck() == []
        await clock.advance(100)
        # The clock serves on: a restored world uses the same one.
        assert (await clock.settle()).settled

    run(test)


def test_failures_are_logged_and_time_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def test(clock: Clock) -> None:
        async def fails() -> None:
            raise RuntimeError("late")

        def breaks() -> None:
            raise RuntimeError("early")

        fired: list[int] = []
        clock.call_later(1, breaks, name="breaks", data=True)
        clock.call_later(2, fails, name="fails", data=True)
        clock.call_later(3, lambda: fired.append(3), name="fine", data=True)
        assert (await clock.settle()).settled
        assert fired == [3]

    with caplog.at_level(logging.ERROR):
        run(test)
    assert [record.getMessage() for record in caplog.records] == ["timer breaks failed", "task fails failed"]


def test_time_never_goes_back() -> None:
    async def test(clock: Clock) -> None:
        with pytest.raises(ValueError, match="must not be negative"):
            await clock.advance(-1)
        clock.call_at(START - 100, lambda: None, name="past", data=True)
        await clock.advance(0)
        assert clock.now() == START
        assert clock.stuck() == []

    run(test)


def test_cancelled_timers_do_not_pile_up() -> None:
    async def test(clock: Clock) -> None:
        for _ in range(10_000):
            clock.call_later(900, lambda: None, name="buffer interval", data=True).cancel()
        assert len(clock._heap) < 1000
        assert len(clock._data_heap) < 1000
        for n in range(1000):
            clock.call_later(0, lambda: None, name=str(n), data=True)
        assert (await clock.settle()).settled
        assert len(clock._data_heap) < 1000

    run(test)


def test_scaled_time_runs_at_its_rate() -> None:
    async def test(clock: Clock) -> None:
        fired: list[float] = []
        clock.call_later(30, lambda: fired.append(clock.now()), name="t", data=True)
        clock.call_later(60, lambda: fired.append(clock.now()), name="u", data=False)
        await clock.advance(60)
        assert len(fired) == 2
        assert START + 30 <= fired[0] <= fired[1]
        assert START + 60 <= fired[1] <= clock.now()

    run(test, "x6000")


def test_settle_in_scaled_time() -> None:
    async def test(clock: Clock) -> None:
        async def work() -> None:
            await clock.sleep(30, name="window")

        clock.spawn(work(), name="work")
        result = await clock.settle(600)
        assert result.settled
        assert result.elapsed >= 30
        clock.call_later(1e6, lambda: None, name="far", data=True)
        assert (await clock.settle(600)).stuck == ["far"]
        clock.stop()

    run(test, "x6000")


def test_set_now_jumps_without_firing_what_lies_between() -> None:
    async def test(clock: Clock) -> None:
        clock.set_now(START + 1000)
        assert clock.now() == START + 1000
        fired: list[float] = []
        clock.call_later(1, lambda: fired.append(clock.now()), name="t", data=True)
        await clock.advance(1)
        assert fired == [START + 1001]

    run(test)


def test_what_a_clock_showed_when_the_machine_s_showed_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = [1000.0]
    monkeypatch.setattr(time, "time", lambda: machine[0])

    async def moved() -> Clock:
        clock = Clock("manual", start=5000.0)
        machine[0] = 1010.0
        await clock.advance(3600)
        machine[0] = 1020.0
        clock.set_now(100.0)
        machine[0] = 1030.0
        return clock

    clock = asyncio.run(moved())
    shown = [clock.shown_at(real) for real in (990.0, 1000.0, 1009.0, 1010.0, 1019.0, 1020.0, 1030.0, 1040.0)]
    assert shown == [4990.0, 5000.0, 5000.0, 8600.0, 8600.0, 100.0, 100.0, 110.0]
    fast = Clock("scaled", 60.0, start=5000.0)
    machine[0] += 10
    assert [fast.shown_at(real) for real in (1020.0, 1030.0, 1035.0, 1050.0)] == [4990.0, 5000.0, 5300.0, 5610.0]
