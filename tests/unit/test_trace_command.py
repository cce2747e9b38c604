"""`harness trace`: a readable timeline, and a sentence when nothing is known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.cli import trace as command
from harness.targets.admin import AdminError

HOPS = [
    {"time": 1000.0, "service": "firehose", "event": "put", "text": "took 2 records from a put"},
    {
        "time": 1060.0,
        "service": "firehose",
        "event": "put-object",
        "text": "wrote s3://b/k",
        "attempt": 2,
        "faults": ["fault-1"],
    },
]
FATES = [{"fate": "delivered", "by": "arn:stream", "where": "s3://b/k"}]
RECORD = {"kind": "firehose-record", "fate": "delivered", "fates": FATES, "hops": HOPS}


class Emulator:
    """Stands in for the running emulator."""

    def __init__(self, answer: Any) -> None:
        self.admin = self
        self.answer = answer

    def trace(self, record_id: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return {"id": record_id, **self.answer}


def run(monkeypatch: pytest.MonkeyPatch, answer: Any, *options: str) -> Any:
    monkeypatch.setattr(command, "running_target", lambda port: Emulator(answer))
    return CliRunner().invoke(app, ["trace", "some-id", *options], env={"COLUMNS": "200"})


def test_nothing_known_is_a_sentence_and_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, AdminError(404, "nothing is known of 'some-id'."))
    assert result.exit_code == 1
    assert "nothing is known of 'some-id'." in result.output


def test_a_record_without_an_end_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "fate: unknown" in run(monkeypatch, {**RECORD, "fates": []}).output


def test_forgotten_hops_are_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "7,000 older hops were forgotten" in run(monkeypatch, {**RECORD, "forgotten": 7000}).output


def test_the_timeline_counts_from_the_first_hop(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, RECORD)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[:2] == ["firehose-record", "from 1970-01-01T00:16:40.000+00:00"]
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "+0.000 s firehose put took 2 records from a put",
        "+60.000 s firehose put-object wrote s3://b/k (attempt 2) fault: fault-1",
        "fate: delivered in s3://b/k by arn:stream",
    ]


def test_each_match_of_a_text_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, {"kind": "text", "matches": [RECORD, RECORD]})
    assert result.output.count("fate: delivered") == 2


def test_json_is_the_answer_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(run(monkeypatch, RECORD, "--json").output)["fates"] == FATES
