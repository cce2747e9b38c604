"""Faults of an emulator process of its own: it kills itself, and the command line drives its rules."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

BOUND = 60.0  # real seconds


class Emulator:
    def __init__(self, state: Path) -> None:
        command = [sys.executable, "-m", "harness.emulator", "--port", "0", "--clock", "manual", "--seed", "7"]
        command += ["--state-dir", str(state)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().split()[1]
        self.http = httpx.Client(base_url=self.url)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Emulator]]:
    """Starts an emulator on the test's own state folder."""
    started: list[Emulator] = []

    def begin() -> Emulator:
        started.append(Emulator(tmp_path))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait(BOUND)
        assert each.process.stdout is not None
        each.process.stdout.close()


@pytest.mark.parametrize("point", ["before", "after"])
def test_the_emulator_kills_itself(start: Callable[[], Emulator], point: str) -> None:
    """Law 4's premise: as in a power cut, at a named call, and nobody gets an answer. A restart knows of it."""
    emulator_process = start()
    kinesis = emulator_process.client("kinesis")
    kinesis.create_stream(StreamName="killed", ShardCount=1)
    rule = {
        "fault": "kill-emulator",
        "match": {"service": "kinesis", "operation": "PutRecord", "resource": "killed"},
        "when": {"nth": 2},
        "with": {"point": point},
    }
    (added,) = emulator_process.http.post("/_harness/faults", json=rule).json()["faults"]
    assert added["state"] == "active"
    kinesis.put_record(StreamName="killed", Data=b"1", PartitionKey="k")
    with pytest.raises(ConnectionClosedError):
        kinesis.put_record(StreamName="killed", Data=b"2", PartitionKey="k")
    assert emulator_process.process.wait(BOUND) == -signal.SIGKILL
    again = start()
    (rule,) = again.http.get("/_harness/faults").json()["faults"]
    assert (rule["matched"], rule["fired"], rule["state"]) == (2, 1, "spent")
    again.client("kinesis").put_record(StreamName="killed", Data=b"2", PartitionKey="k")


def test_a_bad_rule_in_the_process(start: Callable[[], Emulator]) -> None:
    rule = {"fault": "kill-emulator", "with": {"point": "during"}}
    refused = start().http.post("/_harness/faults", content=json.dumps(rule))
    assert (refused.status_code, "at 'with.point'" in refused.json()["message"]) == (400, True)
