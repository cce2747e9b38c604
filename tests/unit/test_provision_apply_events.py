"""Reading Terraform's JSON events."""

from __future__ import annotations

import json
from typing import Any

from harness.provision.apply_events import ApplyProgress


def change(kind: str, address: str, action: str = "create", **more: Any) -> str:
    body = {"resource": {"addr": address}, "action": action, **more}
    return json.dumps({"type": kind, "change" if kind == "planned_change" else "hook": body})


def read(*lines: str) -> ApplyProgress:
    progress = ApplyProgress()
    for line in lines:
        progress.read(line)
    return progress


def test_error_with_its_place() -> None:
    diagnostic = {
        "severity": "error",
        "summary": "creating queue",
        "detail": "QueueDeletedRecently\nwait",
        "address": "aws_sqs_queue.q",
        "range": {"filename": "main.tf", "start": {"line": 7}},
    }
    progress = read(json.dumps({"type": "diagnostic", "diagnostic": diagnostic}))
    assert progress.errors == [
        "Error: creating queue\n  main.tf line 7, in aws_sqs_queue.q\n  QueueDeletedRecently\n  wait"
    ]


def test_error_without_place_or_detail() -> None:
    progress = read(json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "broken"}}))
    assert progress.errors == ["Error: broken"]


def test_warning_is_no_error() -> None:
    progress = read(json.dumps({"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "old"}}))
    assert (progress.errors, progress.warnings) == ([], ["Warning: old"])


def test_lines_that_are_not_events_are_kept() -> None:
    assert read("Unable to parse x\n", "", "[1]", "{}").other_lines == ["Unable to parse x", "[1]", "{}"]


def test_counts_what_is_planned_and_done() -> None:
    progress = read(
        change("planned_change", "a"),
        change("planned_change", "b", "replace"),
        change("planned_change", "c", "no-op"),
        change("apply_start", "data.d", "read"),
        change("apply_complete", "data.d", "read", elapsed_seconds=1),
        change("apply_start", "a"),
        change("apply_start", "b", "delete"),
        change("apply_complete", "b", "delete", elapsed_seconds=2),
        change("apply_start", "b"),
        change("apply_complete", "b", elapsed_seconds=3),
        change("apply_start", "e"),
        change("apply_errored", "e"),
    )
    assert (progress.total, progress.done, progress.running) == (3, 2, {"a": "create"})
    assert progress.slowest(1) == [("b", 5.0)]
