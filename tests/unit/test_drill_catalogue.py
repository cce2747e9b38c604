"""The catalogue: well-formed drills that cover every fault there is."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from harness.drills import Drill, all_drills, drills_named
from harness.drills.drill import Act
from harness.drills.processed import ProcessedByFunction
from harness.drills.producer import Retrying
from harness.emulator.faults import catalogue
from harness.ledger import Outcome, Outgoing
from harness.problem import Problem


def test_every_fault_has_a_drill() -> None:
    """docs/faults.md's vocabulary, all of it."""
    played = {rule["fault"] for drill in all_drills() for rule in drill.faults}
    assert set(catalogue.names()) - played == set()


def test_every_failure_path_of_the_systems_has_a_drill() -> None:
    paths = {path for drill in all_drills() for path in drill.proves}
    assert {
        "000 Lambda → Kinesis fails",
        "001 ProcessingFailed",
        "001 Dropped",
        "003 Lambda processing failure",
        "003 HTTP delivery failure",
        "003 both failures",
        "003 contract validation",
        "004 poison batch",
        "004 DLQ",
        "004 iterator age",
        "004 throttling",
        "both down for 24 h",
        "primary gone, backup works",
        "backup gone, primary works",
    } <= paths
    assert len(all_drills()) >= 24


@pytest.mark.parametrize("drill", all_drills(), ids=lambda drill: drill.name)
def test_drills_add_up(drill: Drill) -> None:
    """Each record has a fate or an outcome of its own, and what leaves nothing to find is told from a loss."""
    assert re.fullmatch(r"[a-z0-9-]+", drill.name)
    assert sum(drill.expected_outcomes.values()) == drill.records > 0
    assert sum(drill.fates.values()) == drill.expected_outcomes["acknowledged"]
    assert not drill.title.endswith(".") and drill.proves
    assert len(drill.fates) == 1 or set(drill.fates) == set(drill.which)
    assert drill.faults or drill.scripts or any(isinstance(step, Act) and step.fault for step in drill.plan)
    ids = [rule["id"] for rule in drill.faults]
    assert len(set(ids)) == len(ids)


def test_names_that_are_none_are_refused() -> None:
    with pytest.raises(Problem, match="There is no drill nope"):
        drills_named(["nope"])


class _Flaky:
    """Takes every other record the first time it sees it."""

    name, most_records, most_bytes = "flaky", 10, 1000

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()

    def deliver(self, batch: list[Outgoing]) -> list[Outcome]:
        self.seen.update(record.data for record in batch)
        return [
            Outcome("acknowledged" if self.seen[record.data] > 1 or number % 2 else "throttled")
            for number, record in enumerate(batch)
        ]


def test_a_retrying_producer_sends_only_what_failed() -> None:
    flaky, waits = _Flaky(), list[float]()
    outcomes = Retrying(flaky, waits.append).deliver([Outgoing(b"%d" % n, "") for n in range(4)])  # type: ignore[arg-type]
    assert [outcome.status for outcome in outcomes] == ["acknowledged"] * 4
    assert flaky.seen == {b"0": 2, b"1": 1, b"2": 2, b"3": 1}
    assert waits == [1.0]


class _Logs:
    """CloudWatch Logs with these events."""

    def __init__(self, *events: tuple[str, str]) -> None:
        self.events = [
            {"logStreamName": stream, "message": message, "timestamp": 1000 * number}
            for number, (stream, message) in enumerate(events)
        ]

    def get_paginator(self, name: str) -> _Logs:
        return self

    def paginate(self, **request: str) -> list[dict[str, object]]:
        return [{"events": self.events}]


def test_records_of_failed_invocations_are_not_processed() -> None:
    """Streams interleave; a failure belongs to the invocation between its START and the next."""
    logs = _Logs(
        ("a", "START RequestId: 1 Version: $LATEST"),
        ("b", "START RequestId: 2 Version: $LATEST"),
        ("a", "Processed orders one"),
        ("b", "Processed orders two"),
        ("a", "[ERROR] PoisonEvent: three"),
        ("a", "END RequestId: 1"),
        ("b", "END RequestId: 2"),
        ("a", "START RequestId: 3 Version: $LATEST"),
        ("a", "Processed orders one"),
        ("a", "END RequestId: 3"),
    )
    sink = ProcessedByFunction(logs, "/aws/lambda/f", "Processed orders ")
    assert {(found.content, found.place) for found in sink.read().found} == {
        (b"Processed orders two", "/aws/lambda/f b 2"),
        (b"Processed orders one", "/aws/lambda/f a 3"),
    }
    assert sink.times() == {"/aws/lambda/f b 2": 3.0, "/aws/lambda/f a 3": 8.0}
