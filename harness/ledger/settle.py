"""Draining: wait until nothing is in flight any more, then read every sink."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.sinks.base import Reading, Sink, no_duplicates
from harness.targets.admin import Admin, AdminError
from harness.waiting import NotInTime, wait_for

WEEK = 7 * 86400.0


@dataclass(slots=True)
class Drained:
    """What each sink held, and sentences about why that may not be all."""

    readings: list[tuple[Sink, Reading]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class Settle(Protocol):
    """How to wait on one kind of target."""

    def drain(self, sinks: Sequence[Sink], complete: Callable[[Drained], bool]) -> Drained:
        """Wait and read. `complete` tells whether every record that was sent has been found."""


@dataclass(frozen=True)
class ByClock:
    """On a target that owns its clock: let time pass until nothing is in flight, at most `max_seconds` of it."""

    endpoint_url: str
    max_seconds: float = WEEK

    def drain(self, sinks: Sequence[Sink], complete: Callable[[Drained], bool]) -> Drained:
        troubles: list[str] = []
        try:
            answer = Admin(self.endpoint_url).settle(self.max_seconds)
            if not answer.get("settled"):
                stuck = ", ".join(map(str, answer.get("stuck", []))) or "unnamed"
                troubles.append(f"not settled after {answer.get('elapsed', 0):.0f} s; still in flight: {stuck}")
        except AdminError as error:
            troubles.append(f"not settled: {error.sentence}")
        drained = read_all(sinks)
        drained.troubles = troubles + drained.troubles
        return drained


@dataclass(frozen=True)
class ByPolling:
    """On a target in real time: read again and again until all records are found and nothing new came for
    `quiet_seconds`. Records still missing after `bound_seconds` are taken for lost, if it was quiet by then."""

    bound_seconds: float = 900.0
    quiet_seconds: float = 30.0
    interval_seconds: float = 5.0
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def drain(self, sinks: Sequence[Sink], complete: Callable[[Drained], bool]) -> Drained:
        drained, count, changed = Drained(), 0, self.now()

        def look() -> Drained | None:
            nonlocal drained, count, changed
            drained = read_all(sinks)
            if (fresh := _count(drained)) != count:
                count, changed = fresh, self.now()
            return drained if self._quiet(changed) and not drained.troubles and complete(drained) else None

        try:
            wait_for(
                look,
                seconds=self.bound_seconds,
                what="Not all was found",
                every=self.interval_seconds,
                now=self.now,
                sleep=self.sleep,
            )
        except NotInTime:
            if not self._quiet(changed):
                drained.troubles.append(f"the sinks were still changing after {self.bound_seconds:.0f} s")
        return drained

    def _quiet(self, changed: float) -> bool:
        return self.now() - changed >= self.quiet_seconds


def how_to_settle(endpoint_url: str | None, bound_seconds: float = 900.0, quiet_seconds: float = 30.0) -> Settle:
    """By the clock where the target has one, else by polling."""
    if endpoint_url is not None:
        try:
            Admin(endpoint_url).clock()
        except AdminError:
            pass
        else:
            return ByClock(endpoint_url)
    return ByPolling(bound_seconds, quiet_seconds)


def read_all(sinks: Sequence[Sink]) -> Drained:
    """Read every sink once; one that cannot be read is a trouble, not an end."""
    no_duplicates([sink.name for sink in sinks])
    drained = Drained()
    for sink in sinks:
        try:
            reading = sink.read()
        except Exception as error:
            drained.troubles.append(f"{sink.name} cannot be read: {type(error).__name__}: {error}")
            continue
        drained.readings.append((sink, reading))
        drained.troubles += reading.troubles
    return drained


def _count(drained: Drained) -> int:
    return sum(len(reading.found) for _, reading in drained.readings)
