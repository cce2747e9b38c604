"""`harness up --no-stack`, `status` and `down` from the outside, with processes below the emulator."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget
from harness.targets.process import process_identity
from tests.integration.provisioning import ROOT

_WHO = "import os\ndef handler(event, context):\n    return os.getpid()\n"


def harness(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command in a project of its own; returns its exit code and what it printed."""
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "harness.cli", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return finished.returncode, finished.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".harness").mkdir()
    return tmp_path


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_taken_port_is_one_sentence_and_leaves_nothing(project: Path) -> None:
    """Another program listens there: exit code 1, one sentence, no record of an emulator."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        code, said = harness(project, "up", "--no-stack", "--port", str(taken))
    assert code == 1
    assert f"Port {taken} is in use by another program" in said
    assert "Traceback" not in said
    assert not list((project / ".harness").glob("*/instance.json"))


def test_up_status_down_leaves_no_process(project: Path, port: int) -> None:
    """Up twice is one emulator; down ends it and the function's process below it; down twice is no error."""
    try:
        code, said = harness(project, "up", "--no-stack", "--clock", "manual", "--port", str(port))
        assert code == 0, said
        assert f"http://127.0.0.1:{port}" in said
        target = EmbeddedTarget(Workspace(project), port)
        instance = target.running()
        assert instance is not None

        code, said = harness(project, "up", "--no-stack", "--port", str(port))
        assert code == 0
        assert f"already running (pid {instance.pid})" in said
        code, said = harness(project, "status")
        assert code == 0
        assert f"port {port}  pid {instance.pid}  running" in said
        assert "manual clock" in said

        function = _function_process(target)
        assert process_identity(function) is not None
    finally:
        code, said = harness(project, "down", "--port", str(port))
    assert (code, said) == (0, f"port {port}: stopped\n")
    assert process_identity(instance.pid) is None
    assert process_identity(function) is None
    assert harness(project, "down", "--port", str(port)) == (0, f"port {port}: nothing was running\n")
    assert "nothing is running" in harness(project, "status")[1]


def _function_process(target: EmbeddedTarget) -> int:
    """The pid of a warm function process of the emulator."""
    client = target.aws.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("who.py", _WHO)
    client.create_function(
        FunctionName="who",
        Role="arn:aws:iam::000000000000:role/who",
        Runtime="python3.11",
        Handler="who.handler",
        Code={"ZipFile": package.getvalue()},
    )
    return int(json.loads(client.invoke(FunctionName="who")["Payload"].read()))


def test_an_upstream_is_named_once(project: Path, port: int) -> None:
    """`--upstream` and `--native` reach the emulator, and a second `up` may not ask for others."""
    code, said = harness(project, "up", "--no-stack", "--native", "firehose", "--port", str(port))
    assert (code, "--native says what is not passed on; it needs --upstream." in said) == (1, True)
    behind = "http://127.0.0.1:1"
    options = ["up", "--no-stack", "--port", str(port), "--upstream", behind, "--native", "all,-s3"]
    try:
        code, said = harness(project, *options)
        assert code == 0, said
        target = EmbeddedTarget(Workspace(project), port)
        assert target.aws.client("kinesis").list_streams()["StreamNames"] == []
        answer = httpx.get(f"{target.endpoint_url}/")  # ListBuckets
        assert answer.status_code == 503 and behind in answer.text
        code, said = harness(project, *options[:-1], "firehose")
        assert (code, "runs with --native all,-s3" in said) == (1, True)
    finally:
        code, said = harness(project, "down", "--port", str(port))
    assert code == 0, said
