"""What the report of a failed test tells: it is complete, and it never fails itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.ledger import ByClock, Ledger
from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget
from harness.testing.journey import journey
from harness.testing.ledger import TestedLedger
from harness.testing.report import Using, failed, logged_errors, sections
from harness.testing.suite import Suite

# Nothing listens there.
GONE = "http://127.0.0.1:9"

LOG = """\
2026-11-20 12:00:00,001 INFO harness: fine
Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: first
2026-11-20 12:00:00,002 WARNING harness: so so
with a second line
2026-11-20 12:00:00,003 ERROR harness.bus: broken
Traceback (most recent call last):
KeyError: 'second'
2026-11-20 12:00:00,004 INFO harness: fine again
"""


def using(tmp_path: Path) -> Using:
    target = EmbeddedTarget(Workspace(tmp_path), 9)
    assert target.endpoint_url == GONE
    target.log.parent.mkdir(parents=True)
    target.log.write_text(LOG)
    return Using(Suite(target, 3), 0.0, 0)


def test_an_emulator_that_is_gone_is_said_and_its_errors_are_told(tmp_path: Path) -> None:
    told = dict(sections(using(tmp_path), "tests/test_x.py::test_y", ""))
    assert told["harness"].splitlines()[0] == 'seed 3; again: pytest --harness-seed 3 "tests/test_x.py::test_y"'
    assert "does not answer" in told["harness"]
    assert "cannot be read" in told["harness: functions"]
    assert "KeyError: 'second'" in told["harness: errors of the emulator"]


def test_a_ledger_tells_its_verdict_unless_the_failure_did(tmp_path: Path) -> None:
    test = using(tmp_path)
    ledger = TestedLedger(1, ByClock(GONE))
    test.ledgers.append(ledger)
    assert "harness: ledger" not in dict(sections(test, "t", ""))  # it was not used

    ledger.sent.extend(_sent())
    assert dict(sections(test, "t", ""))["harness: ledger"] == "ledger: 2 records sent, never checked"
    ledger.check([])
    assert dict(sections(test, "t", ""))["harness: ledger"].startswith("ledger: unknown\n")
    assert "harness: ledger" not in dict(sections(test, "t", "LedgerBroken: ledger: unknown\n because…"))


def test_errors_of_a_log_with_their_tracebacks() -> None:
    errors = logged_errors(LOG)
    assert "ValueError: first" in errors
    assert "harness.bus: broken\nTraceback (most recent call last):\nKeyError: 'second'" in errors
    assert "fine" not in errors
    assert "so so" not in errors
    assert "second line" not in errors
    assert logged_errors("") == ""


def test_the_log_of_a_test_begins_with_the_test(tmp_path: Path) -> None:
    target = using(tmp_path).suite.target
    before = target.log_position()
    assert before == len(LOG)
    assert target.log is not None
    with target.log.open("a") as file:
        file.write("new")
    assert target.log_since(before) == "new"
    target.log.write_text("anew")  # a restart begins the log again
    assert target.log_since(before) == "anew"


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR] RuntimeError: no price today",
        "2026-11-20T12:00:00.000Z 7c3 Task timed out after 3.00 seconds",
        "REPORT RequestId: 7c3\tDuration: 1.00 ms\tStatus: timeout",
        "REPORT RequestId: 7c3\tDuration: 1.00 ms\tStatus: error\tError Type: Runtime.ExitError",
        '{"type":"platform.report","record":{"status":"error"}}',
        '{"timestamp": "x", "level": "ERROR", "message": "no"}',
        "2026-11-20T12:00:00.000Z\t7c3\tERROR\tInvoke Error",
    ],
)
def test_signs_of_a_failed_function(line: str) -> None:
    assert failed(["START RequestId: 7c3 Version: $LATEST", line])


def test_a_function_that_did_its_work_shows_none_of_them() -> None:
    lines = ["START RequestId: 7c3", "[INFO]\tTransformed: {}", "REPORT RequestId: 7c3\tDuration: 1 ms", "0 errors"]
    assert not failed(lines)


def test_a_journey_is_one_line_per_hop() -> None:
    hops = [
        {"time": 101.0, "service": "kinesis", "event": "put", "text": "wrote it", "faults": ["slow"]},
        {"time": 161.5, "service": "firehose", "event": "dropped", "text": "the transform dropped it"},
    ]
    fates = [{"fate": "dropped", "why": "the transform answered Dropped"}]
    match = {"kind": "kinesis-record", "sequence_number": "495", "hops": hops, "fates": fates}
    text = journey(
        {"kind": "text", "matches": [match, {"kind": "object", "object": "s3://b/k", "hops": [], "fates": []}]}, 100
    )
    assert text.splitlines() == [
        "kinesis-record 495",
        "      +1.000 s  kinesis    put        wrote it  fault: slow",
        "     +61.500 s  firehose   dropped    the transform dropped it",
        "  fate: dropped because the transform answered Dropped",
        "object s3://b/k",
        "  fate: unknown",
    ]
    assert journey(match, 100) == "\n".join(text.splitlines()[:4])


def _sent() -> list[Any]:
    ledger = Ledger(1)

    class Nowhere:
        name, most_records, most_bytes = "nowhere", 10, 10**6

        def deliver(self, batch: Any) -> Any:
            from harness.ledger import Outcome

            return [Outcome("refused", "Nowhere")] * len(batch)

    return ledger.send(Nowhere(), [{"id": 1}, {"id": 2}])
