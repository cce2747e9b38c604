"""What several drills expect beyond fates."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.drills.drill import Holds
from harness.drills.drill_run import DrillRun
from harness.ledger import Fate

Also = Callable[[DrillRun], list[str]]


def error_codes(bucket: str, prefix: str, **expected: int) -> Also:
    """The error codes that stand in the error objects, with their numbers; `_` stands for the dot."""
    wanted = {name.replace("_", "."): count for name, count in expected.items()}
    return lambda run: run.require("error codes", dict(run.error_codes(bucket, prefix)), wanted)


def first(count: int, then: Fate, rest: Fate) -> Mapping[Fate, Holds]:
    """The first `count` records end one way, all others another."""
    return {then: lambda sent: sent.number < count, rest: lambda sent: sent.number >= count}
