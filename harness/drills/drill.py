"""What a drill is: a topology, a load, faults, a plan of acts in time, and the fates that its records must have."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.json_object import Json
from harness.ledger import EntryPoint, Fate, Sent
from harness.ledger.identity import Payload
from harness.sinks import Sink

if TYPE_CHECKING:
    from harness.drills.drill_run import DrillRun

Make = Callable[[random.Random, int], Payload]
Holds = Callable[[Sent], bool]

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A topology that stands: where records go in, where they can end, and what a good record looks like."""

    entry: EntryPoint
    sinks: Sequence[Sink]
    make: Make


@dataclass(frozen=True, slots=True)
class Send:
    """Send `records`, all at once or so many `per_second` of the clock.

    `make` makes each payload (the pipeline's own good record without it). `key` gives partition keys.
    """

    records: int
    make: Make | None = None
    per_second: int | None = None
    key: Callable[[Sent], str] | None = None


@dataclass(frozen=True, slots=True)
class SendMeanwhile:
    """Send records while time stands still for them: once the rule `fault` has fired on one, `seconds` of the clock
    pass. For calls from outside that wait on the emulator's clock."""

    records: int
    fault: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Let `seconds` of the clock pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Act:
    """Do something directly. An act that is a fault names it in `fault`; it lasts until the plan's `Heal` of that name,
    or to the end. One that breaks a container names that in `container`: the drill needs a target with containers."""

    do: Callable[[DrillRun], object]
    fault: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Heal:
    """End a fault: take its rule away, or undo its act with `do`."""

    fault: str
    do: Callable[[DrillRun], object] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The script of a built-in HTTP sink (docs/faults.md), as a fault: it has fired when all of it was given, or when
    `all_given` is False, when any of it was."""

    sink: str
    answers: Sequence[Json]
    all_given: bool = True


Step = Send | SendMeanwhile | Wait | Act | Heal


def rule(fault_id: str, fault: str, match: Json | None = None, when: Json | None = None, **arguments: Any) -> Json:
    """A rule of docs/faults.md with an id of its own."""
    return {"id": fault_id, "fault": fault, "match": match or {}, "when": when or {}, "with": arguments}


@dataclass(frozen=True)
class Drill:
    """One failure, played through.

    `proves` names the failure paths that it stands for. `faults` are rules that stand before the first step; `later`
    are rules by id that an act of the plan adds. `fates` are the exact numbers of records per fate; `which` tells for a
    fate which records must have it (needed for `dropped` and `expired`, which leave nothing to find). `outcomes` are
    the exact numbers of records by what their sender knows (all acknowledged without it). `duplicates` is how many
    records are found more than once. `missing_copies` is how many acknowledged records each backup lacks. `also`
    returns sentences about what else is wrong. `durable` runs it on an emulator of its own with a state directory.
    """

    name: str
    title: str
    system: str
    proves: Sequence[str]
    topology: Callable[[DrillRun], Pipeline]
    plan: Sequence[Step]
    fates: Mapping[Fate, int]
    faults: Sequence[Json] = ()
    scripts: Sequence[Answers] = ()
    which: Mapping[Fate, Holds] = field(default_factory=dict)
    outcomes: Mapping[str, int] | None = None
    duplicates: int = 0
    missing_copies: int = 0
    order: bool = False
    also: Callable[[DrillRun], list[str]] | None = None
    durable: bool = False
    most_seconds: float = 10 * DAY

    @property
    def records(self) -> int:
        return sum(step.records for step in self.plan if isinstance(step, Send | SendMeanwhile))

    @property
    def expected_outcomes(self) -> Mapping[str, int]:
        return self.outcomes if self.outcomes is not None else {"acknowledged": self.records}

    @property
    def expected_loss(self) -> bool:
        """Whether records are declared to expire: the drill passes because they are lost."""
        return self.fates.get("expired", 0) > 0
