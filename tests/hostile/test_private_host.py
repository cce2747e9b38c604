"""The host stays private: its environment reaches no function, and its AWS settings change nothing."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clients import Aws, local_session
from harness.emulator.private import leave_host_environment, private_environment
from harness.emulator.testing import EmulatorThread
from harness.ledger.entry_points import aws_client

BOUND = 60.0
MARKER = "seen-only-by-who-looks"
ROLE = "arn:aws:iam::000000000000:role/r"
NOWHERE = "http://127.0.0.1:1"
LOOKING = """
import glob, os, tempfile

def handler(event, context):
    seen = dict(os.environ)
    files = {}
    pid = os.getpid()
    for _ in range(8):
        try:
            files[pid] = open(f"/proc/{pid}/environ", "rb").read().decode("latin-1")
            pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
        except OSError:
            break
        if pid == event.get("stop_at"):
            break
    open(os.path.join(tempfile.gettempdir(), "left"), "w").close()
    return {"environ": seen, "proc": list(files.values()), "temporary": tempfile.gettempdir(),
            "others": os.listdir(tempfile.gettempdir())}
"""
SERVICES = {
    "apigateway": "get_rest_apis",
    "apigatewayv2": "get_apis",
    "cloudformation": "list_stacks",
    "cloudwatch": "list_metrics",
    "dynamodb": "list_tables",
    "dynamodbstreams": "list_streams",
    "events": "list_rules",
    "firehose": "list_delivery_streams",
    "glue": "get_databases",
    "iam": "list_roles",
    "kinesis": "list_streams",
    "kms": "list_keys",
    "lambda": "list_functions",
    "logs": "describe_log_groups",
    "s3": "list_buckets",
    "secretsmanager": "list_secrets",
    "sns": "list_topics",
    "sqs": "list_queues",
    "ssm": "describe_parameters",
    "sts": "get_caller_identity",
}


def hostile(folder: Path) -> dict[str, str]:
    """The settings of a developer's machine that must not matter, and secrets that must not be seen."""
    (folder / "config").write_text("not [ a config\n\x00")
    (folder / ".netrc").write_text(f"machine 127.0.0.1 login x password {MARKER}\n")
    models = folder / ".aws" / "models" / "sqs" / "2012-11-05"
    models.mkdir(parents=True)
    (models / "service-2.json").write_text("{}")
    return {
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": f"A-{MARKER}",
        "AWS_CA_BUNDLE": "/nonexistent",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_DATA_PATH": str(folder / ".aws" / "models"),
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_PROFILE": "missing",
        "AWS_SECRET_ACCESS_KEY": MARKER,
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "config"),
        "DATABASE_URL": f"postgres://x:{MARKER}@db",
        "GITHUB_TOKEN": MARKER,
        "HTTPS_PROXY": NOWHERE,
        "HTTP_PROXY": NOWHERE,
        "PYTHONWARNINGS": "ignore",
        "REQUESTS_CA_BUNDLE": "/nonexistent",
        "http_proxy": NOWHERE,
        "https_proxy": NOWHERE,
    }


class Process:
    def __init__(self, folder: Path) -> None:
        environ = {**os.environ, **hostile(folder), "TMPDIR": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.emulator", "--port", "0", "--seed", "5"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        self.url = self.ready.split()[1]

    def client(self, service: str) -> Any:
        return local_session("us-east-1").client(service, endpoint_url=self.url)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(BOUND)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path)
    yield started
    if started.process.poll() is None:
        started.end()


def package() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("main.py", LOOKING)
    return out.getvalue()


def look(emulator: Process, name: str) -> dict[str, Any]:
    """What a function sees."""
    client = emulator.client("lambda")
    client.create_function(
        FunctionName=name, Runtime=f"python3.{sys.version_info.minor}", Role=ROLE, Handler="main.handler",
        Code={"ZipFile": package()}, Timeout=60, Environment={"Variables": {"CONFIGURED": "yes"}},
    )  # fmt: skip
    # What starts the test run is above the emulator and not what is promised.
    payload = json.dumps({"stop_at": os.getpid()})
    answer = client.invoke(FunctionName=name, Payload=payload)
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found


def test_every_service_answers_whatever_the_host_has_set(emulator: Process) -> None:
    for service, operation in SERVICES.items():
        getattr(emulator.client(service), operation)()


def test_a_function_sees_nothing_of_the_host(emulator: Process, tmp_path: Path) -> None:
    seen = look(emulator, "one")
    assert MARKER not in json.dumps(seen)
    if sys.platform == "linux":
        assert len(seen["proc"]) == 2, "its own, and the emulator's"
        assert "GITHUB_TOKEN" not in seen["proc"][1] and "AWS_PROFILE" not in seen["proc"][1]
    mine = seen["environ"]
    assert mine["CONFIGURED"] == "yes"
    assert mine["PATH"] == f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin/:/bin:/opt/bin"
    assert mine["HOME"] != str(tmp_path)
    known = {
        "AWS_ENDPOINT_URL", "CONFIGURED", "HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "PWD", "PYTHONPATH",
        "SHLVL", "TMPDIR", "TZ", "_HANDLER", "_LAMBDA_TELEMETRY_LOG_FD", "_X_AMZN_TRACE_ID", "DYLD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
    }  # fmt: skip
    others = {name for name in mine if not name.startswith(("AWS_LAMBDA_", "AWS_XRAY_", "_AWS_XRAY_", "LAMBDA_"))}
    assert others - known == {
        "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }  # fmt: skip


def test_each_process_has_a_temporary_folder_of_its_own(emulator: Process) -> None:
    one, two = look(emulator, "one"), look(emulator, "two")
    assert one["temporary"] != two["temporary"]
    assert (one["others"], two["others"]) == (["left"], ["left"])
    folder = Path(one["temporary"])
    assert folder.stat().st_mode & 0o777 == 0o700
    emulator.client("lambda").delete_function(FunctionName="one")
    assert emulator.end() == 0
    assert not folder.exists() and not Path(two["temporary"]).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the process's own environment is read in /proc")
def test_the_emulator_starts_without_the_hosts_variables(emulator: Process) -> None:
    seen = Path(f"/proc/{emulator.process.pid}/environ").read_bytes()
    assert MARKER.encode() not in seen and b"_PROXY" not in seen
    assert f"HARNESS_PRIVATE={emulator.process.pid}".encode() in seen


def test_what_is_private_already_starts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = private_environment(
        {"PATH": "/bin", "GITHUB_TOKEN": "x", "LC_ALL": "C", "HARNESS_X": "1", "AWS_PROFILE": "p"}
    )
    assert mine.keys() >= {"PATH", "LC_ALL", "HARNESS_X"}
    assert not mine.keys() & {"GITHUB_TOKEN", "AWS_PROFILE"}
    assert private_environment(mine) == mine
    started: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.setattr(os, "environ", dict(mine))
    leave_host_environment()
    assert started == []
    # A system that adds a variable to every process does not make it start for ever.
    monkeypatch.setattr(os, "environ", {**mine, "HARNESS_PRIVATE": str(os.getpid()), "__ADDED": "1"})
    leave_host_environment()
    assert started == [] and "__ADDED" not in os.environ


def test_our_own_clients_take_nothing_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the target, the pytest plugin, the drills and the ledger."""
    for name, value in hostile(tmp_path).items():
        monkeypatch.setenv(name, value)
    from harness.drills.drill_run import Clients
    from harness.provision.workspace import Workspace
    from harness.targets.embedded import EmbeddedTarget

    with EmulatorThread() as emulator:
        port = int(emulator.url.rpartition(":")[2])
        makers = [
            EmbeddedTarget(Workspace(tmp_path), port).aws.client,
            Aws(emulator.url, "us-east-1").client,
            lambda service: aws_client(service, emulator.url),
            Clients(emulator.url).get,
        ]
        for make in makers:
            assert make("sqs").list_queues().get("QueueUrls", []) == []
            assert make("dynamodb").list_tables()["TableNames"] == []
