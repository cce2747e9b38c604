"""Made-up drills and reports for the tests of verdicts and reports."""

from __future__ import annotations

from collections import Counter
from typing import Any

from harness.drills.drill import Drill, Send
from harness.drills.drill_run import FaultRun
from harness.drills.result import Moment, Result, Results
from harness.drills.verdict import Verdict
from harness.ledger import Ledger, Outcome, Report
from harness.ledger.check import check
from harness.ledger.report import Sent
from harness.ledger.settle import Drained
from harness.sinks import Collected, Found, Reading


def drill(**members: Any) -> Drill:
    """Ten records, all delivered."""
    given: dict[str, Any] = {
        "name": "at-hand",
        "title": "Nothing much happens",
        "system": "none",
        "proves": ("nothing",),
        "topology": lambda run: None,
        "plan": [Send(10)],
        "fates": {"delivered": 10},
        **members,
    }
    return Drill(**given)


def report(found: Counter[int], sent: int = 10, *, troubles: tuple[str, ...] = (), **options: Any) -> Report:
    """The ledger's report when each of these records was found so often in a sink, and `copies` in a backup."""
    ledger = Ledger(seed=1)
    records = [
        Sent(number, ledger.identity.token(number), b"", b"", "", "here", Outcome("acknowledged"))
        for number in range(sent)
    ]
    contents = [Found(ledger.identity.token(number).encode(), "there") for number in found.elements()]
    readings = [(Collected("sink", list), Reading(contents))]
    copies = options.pop("copies", None)
    if copies is not None:
        kept = [Found(ledger.identity.token(number).encode(), "backup") for number in copies]
        readings.append((Collected("backup", list, fate="copy"), Reading(kept)))
    drained = Drained(list(readings), list(troubles))
    return check(ledger.identity, records, drained, options.pop("declared", {}), **options)


def result(word: str = "pass", **members: Any) -> Result:
    """A result with a timeline and a fault."""
    fault = FaultRun("slow", "latency", "service s3, <seconds=3> & more", fired=2, begins=10.0, ends=40.0)
    reasons = [] if word == "pass" else ["1 record is lost", 'a sink said "<no>"\x00']
    given: dict[str, Any] = {
        "drill": drill(),
        "seed": 7,
        "verdict": Verdict(word, reasons),  # type: ignore[arg-type]
        "virtual_seconds": 60.0,
        "real_ms": 12.5,
        "faults": [fault],
        "report": report(Counter(range(10))),
        "timeline": [Moment(0.0, "sent", 10), Moment(60.0, "delivered", 10)],
        "ledger": ["ledger: valid"],
        **members,
    }
    return Result(**given)


def results(*words: str) -> Results:
    return Results(7, [result(word, drill=drill(name=f"drill-{n}")) for n, word in enumerate(words)], 1.5)
