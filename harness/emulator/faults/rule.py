"""A rule: which calls it matches, when it fires on them, and how often it did."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.call import Caller
    from harness.emulator.faults.fault import Fault

Patterns = tuple[str, ...]

EXTERNAL = "external"
"""How a rule names callers from outside: clients and functions. Services go by their principal."""


@dataclass(slots=True, frozen=True)
class Match:
    """Patterns with `*` and `?`, one of which must fit; none at all fits everything."""

    service: Patterns = ()
    operation: Patterns = ()
    resource: Patterns = ()
    caller: Patterns = ()
    region: Patterns = ()

    def fits(self, service: str, operation: str, caller: Caller) -> bool:
        """Everything but the resource, whose names cost more to find."""
        return (
            _fits(self.service, service)
            and _fits(self.operation, operation)
            and _fits(self.caller, caller.service or EXTERNAL)
            and _fits(self.region, caller.region)
        )

    def fits_resource(self, names: list[str]) -> bool:
        return any(_glob(pattern).fullmatch(name) for pattern in self.resource for name in names)


@dataclass(slots=True, frozen=True)
class When:
    """`nth`: numbers of matching calls, from 1. `start` and `end`: virtual epoch seconds, the end not included."""

    nth: frozenset[int] = frozenset()
    probability: float = 1.0
    count: int | None = None
    start: float = -math.inf
    end: float = math.inf


@dataclass(slots=True)
class Rule:
    """`given` is the rule's JSON with its id. `source` says which API it belongs to: `harness` or `localstack`."""

    id: str
    fault: Fault
    match: Match
    when: When
    added: float
    source: str
    given: Json = field(default_factory=dict)
    matched: int = 0
    fired: int = 0

    def fires(self, now: float, rng: random.Random) -> bool:
        """Count a call that matches, and say whether the fault happens to it."""
        when = self.when
        if not when.start <= now < when.end:
            return False
        self.matched += 1
        if when.count is not None and self.fired >= when.count:
            return False
        if when.nth and self.matched not in when.nth:
            return False
        if when.probability < 1.0 and rng.random() >= when.probability:
            return False
        self.fired += 1
        return True

    def state(self, now: float) -> str:
        """`waiting` for its window, `active`, `spent` (it fired as often as it may) or `over`."""
        when = self.when
        if now < when.start:
            return "waiting"
        if now >= when.end:
            return "over"
        if when.count is not None and self.fired >= when.count:
            return "spent"
        if when.nth and self.matched >= max(when.nth):
            return "spent"
        return "active"

    def describe(self, now: float) -> Json:
        """The rule as it was given, its counters and its state."""
        return {
            **self.given,
            "added": self.added,
            "matched": self.matched,
            "fired": self.fired,
            "state": self.state(now),
        }


def _fits(patterns: Patterns, value: str) -> bool:
    return not patterns or any(_glob(pattern).fullmatch(value) for pattern in patterns)


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` is any text, `?` any character; everything else, brackets too, means itself."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)
