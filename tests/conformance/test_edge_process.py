"""`python -m harness.emulator`: start, signals, state, ports."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

BOUND = 60.0  # real seconds after which a test gives up


class Process:
    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "harness.emulator", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        self.url = self.ready.split()[1] if self.ready else ""

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(BOUND)

    def kinesis(self) -> Any:
        return boto3.client(
            "kinesis",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Process] = []

    def begin(*arguments: str) -> Process:
        started.append(Process(*arguments))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait(BOUND)
        assert each.process.stdout is not None
        each.process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_on_a_signal(start: Any, number: int) -> None:
    emulator = start("--clock", "manual", "--seed", "5")
    assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+ in \d+\.\d\d s\n", emulator.ready)
    health = httpx.get(f"{emulator.url}/_harness/health").json()
    assert (health["pid"], health["seed"]) == (emulator.process.pid, 5)
    assert emulator.end(number) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{emulator.url}/_harness/health")


def test_the_state_survives_a_graceful_stop(start: Any, tmp_path: Path) -> None:
    first = start("--state-dir", str(tmp_path / "state"))
    first.kinesis().create_stream(StreamName="kept", ShardCount=1)
    assert first.end() == 0
    second = start("--state-dir", str(tmp_path / "state"))
    assert second.kinesis().list_streams()["StreamNames"] == ["kept"]


def test_snapshots_are_files_that_another_emulator_can_read(start: Any, tmp_path: Path) -> None:
    first, second = start("--snapshot-dir", str(tmp_path)), start("--snapshot-dir", str(tmp_path))
    first.kinesis().create_stream(StreamName="shared", ShardCount=1)
    assert httpx.put(f"{first.url}/_harness/snapshots/one").status_code == 200
    assert [path.name for path in tmp_path.iterdir()] == ["one.snapshot"]
    assert httpx.post(f"{second.url}/_harness/snapshots/one").status_code == 200
    assert second.kinesis().list_streams()["StreamNames"] == ["shared"]


def test_a_snapshot_that_is_none_is_refused_and_changes_nothing(start: Any, tmp_path: Path) -> None:
    emulator = start("--snapshot-dir", str(tmp_path))
    emulator.kinesis().create_stream(StreamName="kept", ShardCount=1)
    (tmp_path / "junk.snapshot").write_bytes(b"junk")
    refused = httpx.post(f"{emulator.url}/_harness/snapshots/junk")
    assert refused.status_code == 409
    assert "junk can't be restored" in refused.json()["message"]
    assert emulator.kinesis().list_streams()["StreamNames"] == ["kept"]


def test_permissions_are_enforced_from_the_start_and_after_a_reset(start: Any) -> None:
    """`--iam enforce`: a reset goes back to the mode of the start (docs/permissions.md)."""
    emulator = start("--clock", "manual", "--iam", "enforce")
    mode = f"{emulator.url}/_harness/iam"
    assert httpx.get(mode).json() == {"mode": "enforce"}
    httpx.post(mode, json={"mode": "off"}).raise_for_status()
    httpx.post(f"{emulator.url}/_harness/reset").raise_for_status()
    assert httpx.get(mode).json() == {"mode": "enforce"}
    httpx.put(f"{emulator.url}/_harness/snapshots/x").raise_for_status()
    httpx.post(mode, json={"mode": "off"}).raise_for_status()
    httpx.post(f"{emulator.url}/_harness/snapshots/x").raise_for_status()
    assert httpx.get(mode).json() == {"mode": "enforce"}


def fails(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "harness.emulator", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=BOUND)
    assert ended.stdout == ""
    return ended.returncode, "\n".join(line for line in ended.stderr.splitlines() if " WARNING " not in line)


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, text = fails("--port", str(port))
    assert (code, text) == (1, f"Port {port} is in use; choose another with --port.")


def test_a_broken_state_is_one_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    state = tmp_path / "world.snapshot"
    state.write_bytes(b"junk")
    code, text = fails("--port", "0", "--state-dir", str(tmp_path))
    assert code == 1
    assert text.startswith(f"The state in {tmp_path} can't be used: not a snapshot")
    assert len(text.splitlines()) == 1
    assert state.read_bytes() == b"junk"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 is not a loopback address (--allow-remote lets other machines in)"),
        (["--host", "0.0.0.0", "--allow-remote", "--port", "70000"], "--port must be from 0 to 65535"),
        (["--host", "example.com", "--allow-remote"], "example.com is not a loopback address"),
        (["--port", "0", "--allow-host", "http://receiver"], "--allow-host http://receiver is not a host name"),
        (["--port", "0", "--allow-host", "*.example.com"], "--allow-host *.example.com is not a host name"),
        (["--port", "0", "--allow-origin", "*"], "--allow-origin * is not an origin such as http://localhost:3000"),
        (["--port", "0", "--sinks", "sink:4566"], "--sinks sink:4566 is not a URL"),
        (["--host", "example.com"], "example.com is not a loopback address"),
        (["--port", "70000"], "--port must be from 0 to 65535"),
        (["--clock", "x0", "--port", "0"], "clock must be real, manual or x<rate>"),
    ],
)
def test_bad_options_end_with_a_sentence(arguments: list[str], text: str) -> None:
    code, said = fails(*arguments)
    assert code != 0
    assert text in said


def test_a_start_imports_nothing_heavy() -> None:
    """What costs tens of milliseconds is imported when it is first needed."""
    heavy = ["moto", "botocore.loaders", "botocore.model", "boto3", "httpx", "rich", "jsonschema", "urllib3", "flask"]
    script = (
        "import sys, harness.emulator.__main__, harness.emulator.edge.server\n"
        "from harness.emulator.build import build_world\n"
        "build_world()\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=BOUND, check=True)
    assert told.stdout.strip() == "[]"
