"""A producer that tries again, as AWS's own producers do: what was not acknowledged is sent again, after a pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.drills.drill import Pipeline
from harness.drills.drill_run import DrillRun
from harness.ledger import EntryPoint, Outcome, Outgoing

_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Retrying:
    """Sends what failed or was not answered up to `attempts` times in all; `wait(seconds)` passes time in between.

    Where an acknowledgement was lost, this makes duplicates: at least once is all that it promises.
    """

    entry: EntryPoint
    wait: Callable[[float], object]
    attempts: int = 5

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def most_records(self) -> int:
        return self.entry.most_records

    @property
    def most_bytes(self) -> int:
        return self.entry.most_bytes

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        outcomes = self.entry.deliver(batch)
        for attempt in range(1, self.attempts):
            again = [place for place, outcome in enumerate(outcomes) if outcome.status != "acknowledged"]
            if not again:
                break
            self.wait(_PAUSE_SECONDS * attempt)
            for place, outcome in zip(again, self.entry.deliver([batch[each] for each in again]), strict=True):
                outcomes[place] = outcome
        return outcomes


def retrying(topology: Callable[[DrillRun], Pipeline]) -> Callable[[DrillRun], Pipeline]:
    """The topology with a producer that tries again."""

    def build(run: DrillRun) -> Pipeline:
        pipeline = topology(run)
        return replace(pipeline, entry=Retrying(pipeline.entry, run.wait))

    return build
