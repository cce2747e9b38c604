"""When a drill passes: the ledger is valid, every record has the declared fate, and every declared fault fired.

`fail` is proved; `unknown` means that nobody can say: something was still in flight, a sink could not be read, or the
drill could not be played to its end. Unknown is not a pass. A drill that needs what its target does not have is
`skipped`: it was not played.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.drills.drill import Drill
from harness.drills.drill_run import FaultRun
from harness.ledger import Report

Word = Literal["pass", "fail", "unknown", "skipped"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and why it is not `pass`."""

    word: Word
    reasons: Sequence[str] = ()


@dataclass(slots=True)
class Evidence:
    """What a run left: the ledger's report, the declared faults with their counts, whether nothing was in flight at the
    end (else what was), and what the drill itself found wrong."""

    report: Report
    faults: Sequence[FaultRun]
    settled: bool = True
    stuck: Sequence[str] = ()
    complaints: Sequence[str] = field(default_factory=list)


def judge(drill: Drill, evidence: Evidence) -> Verdict:
    """The verdict on one run."""
    report = evidence.report
    reasons = [*report.reasons]
    reasons += _duplicates(drill, report)
    reasons += [f"{count} contents of {sink} carry no identity" for sink, count in report.unidentified.items()]
    proved = report.verdict == "invalid" or len(reasons) > len(report.reasons)
    undrained = not evidence.settled or not report.drained
    if not evidence.settled and not any("not settled" in reason for reason in reasons):
        reasons.append(f"not settled: {', '.join(evidence.stuck) or 'something'} is still in flight")
    # What is still to come may change these, so they prove nothing before everything has come to rest.
    late = [*_faults(evidence), *_fates(drill, report), *_copies(drill, report), *evidence.complaints]
    reasons += late
    if proved or (late and not undrained):
        return Verdict("fail", reasons)
    if undrained or report.verdict == "unknown":
        return Verdict("unknown", reasons)
    return Verdict("pass")


def _faults(evidence: Evidence) -> list[str]:
    return [f"the fault {fault.id} ({fault.kind}) never fired" for fault in evidence.faults if fault.fired < 1]


def _fates(drill: Drill, report: Report) -> list[str]:
    found, wanted = dict(report.fates), dict(drill.fates)
    problems = [
        f"{fate}: {wanted.get(fate, 0)} records expected, {found.get(fate, 0)} found"  # type: ignore[call-overload]
        for fate in sorted(found.keys() | wanted.keys())
        if found.get(fate, 0) != wanted.get(fate, 0)  # type: ignore[call-overload]
    ]
    outcomes, expected = dict(report.outcomes), dict(drill.expected_outcomes)
    problems += [
        f"{status}: {expected.get(status, 0)} records expected to be so, {outcomes.get(status, 0)} were"
        for status in sorted(outcomes.keys() | expected.keys())
        if outcomes.get(status, 0) != expected.get(status, 0)
    ]
    return problems


def _duplicates(drill: Drill, report: Report) -> list[str]:
    """Duplicates that nobody declared are the ledger's own reason; of the declared ones, all must be there."""
    count = len(report.duplicated)
    if not drill.duplicates or count == drill.duplicates:
        return []
    return [f"{drill.duplicates} records expected to be found more than once, {count} were"]


def _copies(drill: Drill, report: Report) -> list[str]:
    problems = []
    for name, copies in report.copies.items():
        if len(copies.missing) != drill.missing_copies:
            problems.append(f"{name} lacks {len(copies.missing)} copies, {drill.missing_copies} expected")
        if copies.duplicated and not drill.duplicates:
            problems.append(f"{name} holds {len(copies.duplicated)} records more than once")
    return problems
