"""What a run of the suite showed, test by test, and the file that a run writes.

The file has one JSON object a line: `{"tests": 3}` when the number is known, `{"apart": ["<test>", …]}`, one object per
test (`Shown.to_json`), and `{"stopped": "<sentence>"}` when the run was given up.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.json_object import Json

PASS = "pass"
FAIL = "fail"
NO_ANSWER = "no answer"
NOT_SHOWN = "cannot be shown"
SKIPPED = "skipped"
OUTCOMES = (PASS, FAIL, NO_ANSWER, NOT_SHOWN, SKIPPED)

OK = "ok"
UNANSWERED = "unanswered"


@dataclass(frozen=True, order=True)
class Call:
    """An operation (`kinesis.PutRecord`) and how it was answered: `ok`, an error code, `HTTP 404` for what is not an
    AWS client's, or `unanswered`."""

    operation: str
    answer: str


@dataclass(frozen=True)
class Shown:
    """One test on one target.

    `reason` is one line, empty for a pass. `needs` is the capability that the target lacks, where that is the reason.
    `calls` are the distinct ones, in the order of their first occurrence; `last` is the operation that was called last.
    """

    test: str
    outcome: str
    reason: str = ""
    needs: str = ""
    calls: tuple[Call, ...] = ()
    last: str = ""

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(call.operation for call in self.calls)

    def to_json(self) -> Json:
        return {
            "test": self.test,
            "outcome": self.outcome,
            "reason": self.reason,
            "needs": self.needs,
            "calls": [[call.operation, call.answer] for call in self.calls],
            "last": self.last,
        }

    @classmethod
    def from_json(cls, content: Json) -> Shown:
        calls = tuple(Call(operation, answer) for operation, answer in content["calls"])
        return cls(content["test"], content["outcome"], content["reason"], content["needs"], calls, content["last"])


@dataclass
class Run:
    """The suite on one target. `apart` are tests that are not about a target; `stopped` says why the run was given up;
    `expected` is how many tests there are, 0 while that is not known."""

    target: str
    shown: dict[str, Shown] = field(default_factory=dict)
    apart: tuple[str, ...] = ()
    stopped: str = ""
    seconds: float = 0.0
    expected: int = 0

    def count(self, outcome: str) -> int:
        return self.counts()[outcome]

    def counts(self) -> Counter[str]:
        return Counter(shown.outcome for shown in self.shown.values())


def read_run(target: str, path: Path) -> Run:
    """The run as far as its file says; a last line that is half written is left out."""
    run = Run(target)
    for entry in _entries(path):
        if "apart" in entry:
            run.apart = tuple(entry["apart"])
        elif "stopped" in entry:
            run.stopped = entry["stopped"]
        elif "tests" in entry:
            run.expected = entry["tests"]
        else:
            shown = Shown.from_json(entry)
            run.shown[shown.test] = shown
    return run


def _entries(path: Path) -> Iterator[Json]:
    try:
        content = path.read_text()
    except FileNotFoundError:
        return
    for line in content.split("\n")[:-1]:
        yield json.loads(line)
