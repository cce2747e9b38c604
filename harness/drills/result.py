"""What a run of a drill leaves behind: verdict, figures, timeline; the same for every form of the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import get_args

from harness.drills.drill import Drill
from harness.drills.drill_run import FaultRun
from harness.drills.verdict import Verdict, Word
from harness.json_object import Json
from harness.ledger import Report


@dataclass(frozen=True, slots=True)
class Moment:
    """`count` records took on `state` at `time`, in seconds from the drill's start.

    The state `sent` stands for all that an entry point got; every other one is a fate, or `refused`, `throttled` or
    `unknown` by the sender's knowledge.
    """

    time: float
    state: str
    count: int


@dataclass(slots=True)
class Result:
    """`real_ms` is what the run took here; `virtual_seconds` what passed on the emulator's clock.

    `ledger` are the lines of the ledger's own report.
    """

    drill: Drill
    seed: int
    verdict: Verdict
    virtual_seconds: float
    real_ms: float
    faults: Sequence[FaultRun] = ()
    report: Report | None = None
    timeline: Sequence[Moment] = ()
    ledger: Sequence[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return self.verdict.word == "pass"

    @property
    def skipped(self) -> bool:
        return self.verdict.word == "skipped"

    @property
    def reproduce(self) -> str:
        return f"harness drill run {self.drill.name} --seed {self.seed}"

    def to_json(self) -> Json:
        report = self.report
        return {
            "name": self.drill.name,
            "title": self.drill.title,
            "system": self.drill.system,
            "proves": list(self.drill.proves),
            "verdict": self.verdict.word,
            "reasons": list(self.verdict.reasons),
            "expected_loss": self.drill.expected_loss,
            "virtual_seconds": round(self.virtual_seconds, 3),
            "real_ms": round(self.real_ms, 1),
            "records": {
                "sent": dict(report.outcomes) if report else {},
                "fates": dict(report.fates) if report else {},
                "expected_fates": dict(self.drill.fates),
                "lost": len(report.lost) if report else None,
                "duplicated": len(report.duplicated) if report else None,
                "expected_duplicated": self.drill.duplicates,
                "recovered": len(report.recovered) if report else None,
                "never_known": len(report.unresolved) if report else None,
                "copies": {name: copies.found for name, copies in report.copies.items()} if report else {},
            },
            "faults": [_fault(fault) for fault in self.faults],
            "timeline": [asdict(moment) for moment in self.timeline],
            "ledger": list(self.ledger),
            "reproduce": self.reproduce,
        }


@dataclass(slots=True)
class Results:
    """All drills of one command. `real_seconds` includes starting the emulator."""

    seed: int
    results: list[Result]
    real_seconds: float

    @property
    def passed(self) -> bool:
        """Whether all that were played passed, and any was."""
        played = [result for result in self.results if not result.skipped]
        return bool(played) and all(result.passed for result in played)

    @property
    def words(self) -> dict[str, int]:
        """How many there are of each verdict; of none, where there is no such."""
        counts = {word: sum(each.verdict.word == word for each in self.results) for word in get_args(Word)}
        return {word: count for word, count in counts.items() if count}

    @property
    def virtual_seconds(self) -> float:
        return sum(result.virtual_seconds for result in self.results)

    @property
    def simulated_per_second(self) -> float:
        return self.virtual_seconds / self.real_seconds if self.real_seconds else 0.0

    def count(self, word: Word) -> int:
        return self.words.get(word, 0)


def _fault(fault: FaultRun) -> Json:
    return {
        "id": fault.id,
        "kind": fault.kind,
        "summary": fault.summary,
        "fired": fault.fired,
        "begins": None if fault.begins is None else round(fault.begins, 3),
        "ends": None if fault.ends is None else round(fault.ends, 3),
    }
