"""The processes themselves: none outlives the emulator, Node runs, other Pythons run (C5)."""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def wait_dead(pids: list[int], seconds: float = 5.0) -> list[int]:
    """The processes that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < deadline:
        select.select([], [], [], 0.01)
    return left


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_orphan_survives_the_emulator(functions: Any, how: signal.Signals, tmp_path: Path) -> None:
    """C5: idle and busy processes, and what they started, end with the emulator however it ends."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), "HOME": str(tmp_path)}
    emulator = subprocess.Popen(
        [sys.executable, "-m", "harness.emulator", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert emulator.stdout is not None
        url = emulator.stdout.readline().split()[1]
        client = boto3.client(
            "lambda", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}),
        )  # fmt: skip
        source = """
import os, subprocess, time
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(f"{os.getpid()}\\n")
        file.write(f"{subprocess.Popen(['sleep', '600']).pid}\\n")
    if event.get("busy"):
        while True:
            pass
"""
        functions.client = client
        name = functions.make(source, Timeout=60)
        idle, busy = tmp_path / "idle", tmp_path / "busy"
        functions.invoke(name, {"file": str(idle)})
        functions.invoke(name, {"file": str(busy), "busy": 1}, InvocationType="Event")
        deadline = time.monotonic() + 20
        while not (busy.exists() and len(busy.read_text().split()) == 2) and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        pids = [int(pid) for pid in (idle.read_text() + busy.read_text()).split()]
        assert all(alive(pid) for pid in pids) and len(pids) >= 4
        emulator.send_signal(how)
        assert wait_dead(pids) == []
        code = emulator.wait(10)
        assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    finally:
        emulator.kill()
        emulator.wait()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
class TestNode:
    """nodejs runtimes run on the node of this machine."""

    def make(self, functions: Any, source: str, file: str = "index.js", **settings: Any) -> str:
        return str(functions.make("", files={file: source}, Runtime="nodejs20.x", **settings))

    def test_the_three_kinds_of_handlers(self, functions: Any) -> None:
        """C5: async functions, callbacks, ES modules."""
        asynchronous = self.make(
            functions, "exports.handler = async (event, context) => ({ event, id: context.awsRequestId })"
        )
        answer = functions.invoke(asynchronous, {"a": 1})
        assert answer.json == {"event": {"a": 1}, "id": answer.raw["ResponseMetadata"]["RequestId"]}
        callback = self.make(
            functions, "exports.handler = (event, context, done) => setTimeout(() => done(null, 'late'), 5)"
        )
        assert functions.invoke(callback).json == "late"
        module = self.make(functions, "export const handler = async () => undefined", "index.mjs")
        assert functions.invoke(module).body == b"null"

    def test_failures_and_logs(self, functions: Any) -> None:
        """C2, C3: error payloads of the Node runtime; console lines carry time, request id and level."""
        name = self.make(
            functions,
            "exports.handler = async (e) => {\n"
            "  console.log('hello', e); if (e.exit) process.exit(3); throw new TypeError('no'); }",
        )
        answer = functions.invoke(name, {})
        assert answer.error == "Unhandled"
        assert (answer.json["errorType"], answer.json["errorMessage"]) == ("TypeError", "no")
        assert answer.json["trace"][0] == "TypeError: no"
        assert functions.invoke(name, {"exit": 1}).json["errorType"] == "Runtime.ExitError"
        request_id = answer.raw["ResponseMetadata"]["RequestId"]
        assert any(f"\t{request_id}\tINFO\thello {{}}\n" in line for line in functions.log(name))
        missing = self.make(functions, "", Handler="other.handler")
        assert functions.invoke(missing).json["errorType"] == "Runtime.ImportModuleError"
        unexported = self.make(functions, "exports.other = 1")
        assert functions.invoke(unexported).json["errorType"] == "Runtime.HandlerNotFound"

    def test_timeout(self, functions: Any) -> None:
        """C2: as in any runtime."""
        name = self.make(functions, "exports.handler = () => new Promise(() => setInterval(() => {}, 1000))", Timeout=1)
        assert functions.invoke(name).json["errorType"] == "Sandbox.Timedout"


def test_a_runtime_that_is_not_installed_falls_back_and_says_so(functions: Any) -> None:
    """C15: the emulator's own Python runs it; the list of what is kept says so, the function's log does not."""
    source = "import sys\ndef handler(event, context):\n    return list(sys.version_info[:2])\n"
    for runtime in ("python3.9", "python3.13", "python3.14"):
        name = functions.make(source, Runtime=runtime)
        found = functions.invoke(name).json
        wanted = [3, int(runtime[8:])]
        listed = [
            one["setting"] for one in functions.aws.admin("GET", "kept")["kept"] if one["resource"].endswith(name)
        ]
        assert listed == ([] if found == wanted else ["Runtime"])
        assert found in (wanted, list(sys.version_info[:2]))
        assert not any("WARN" in line for line in functions.log(name))
    name = functions.make(source)
    arn = functions.client.get_function_configuration(FunctionName=name)["FunctionArn"]
    functions.client.update_function_configuration(FunctionName=name, Runtime="ruby3.3")
    assert {"service": "lambda", "resource": arn, "setting": "Runtime"} in functions.aws.admin("GET", "kept")["kept"]
    functions.client.update_function_configuration(FunctionName=name, Runtime="python3.11")
    assert functions.invoke(name).error is None


@pytest.mark.parametrize("runtime", ["java21", "java8.al2", "dotnet8", "ruby3.3", "python3.7"])
def test_a_runtime_that_nothing_here_runs(functions: Any, runtime: str) -> None:
    """C15: the function is there like any other, and its invocations fail by name."""
    name = functions.make("", files={"bootstrap.jar": "x"}, Runtime=runtime, Handler="com.example.Handler::run")
    assert functions.client.get_function_configuration(FunctionName=name)["State"] == "Active"
    answer = functions.invoke(name)
    assert (answer.error, answer.json["errorType"]) == ("Unhandled", "Runtime.NotEmulated")
    assert f"runtime {runtime}" in answer.json["errorMessage"]
    assert any(runtime in line for line in functions.log(name))


def _bootstrap(functions: Any, text: str, mode: int = 0o755, **settings: Any) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = (0o100000 | mode) << 16
        package.writestr(entry, text)
    given = {"Code": {"ZipFile": buffer.getvalue()}, "Runtime": "provided.al2023", "Handler": "my.handler"}
    return str(functions.make("", **(given | settings)))


BOOTSTRAP = f"""#!{sys.executable}
import http.client, json, os
authority, _, path = os.environ["AWS_LAMBDA_RUNTIME_API"].partition("/")
api = http.client.HTTPConnection(authority)
while True:
    api.request("GET", f"/{{path}}/2018-06-01/runtime/invocation/next")
    event = api.getresponse()
    asked, request_id = json.loads(event.read()), event.headers["Lambda-Runtime-Aws-Request-Id"]
    body = json.dumps([asked, os.environ["_HANDLER"], os.getcwd(), __file__])
    headers = {{}}
    if asked == "stream":
        headers = {{"Lambda-Runtime-Function-Response-Mode": "streaming"}}
        body = iter([b"one ", b"two"])
    api.request("POST", f"/{{path}}/2018-06-01/runtime/invocation/{{request_id}}/response", body, headers)
    api.getresponse().read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="runs in /var/task")
def test_a_bootstrap_of_the_functions_own(functions: Any) -> None:
    """C15, C5: `provided` runs the program of that name, out of the package or a layer; it may stream."""
    name = _bootstrap(functions, BOOTSTRAP)
    assert functions.invoke(name, 5).json == [5, "my.handler", "/var/task", "/var/task/bootstrap"]
    payload = b'"stream"'
    events = functions.client.invoke_with_response_stream(FunctionName=name, Payload=payload)["EventStream"]
    assert list(events) == [{"PayloadChunk": {"Payload": b"one two"}}, {"InvokeComplete": {}}]
    assert any("INIT_START Runtime Version: provided:al2023" in line for line in functions.log(name))
    package = functions.aws.http.get(functions.client.get_function(FunctionName=name)["Code"]["Location"]).content
    layer = functions.client.publish_layer_version(LayerName="own", Content={"ZipFile": package})
    given = {"Runtime": "provided.al2", "Layers": [layer["LayerVersionArn"]]}
    other = functions.make("", files={"data": "x"}, **given)
    assert functions.invoke(other, 5).json[3] == "/opt/bootstrap"


@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        ("\x7fnot a program", 0o755, "exec format error"),
        ("#!/bin/sh\n", 0o644, "permission denied"),
        (None, 0o755, "Couldn't find valid bootstrap(s): ["),
    ],
)
def test_a_bootstrap_that_does_not_run(functions: Any, text: str | None, mode: int, reason: str) -> None:
    """C15."""
    if text is None:
        name = functions.make("", files={"data": "x"}, Runtime="provided.al2023")
    else:
        name = _bootstrap(functions, text, mode)
    answer = functions.invoke(name)
    assert answer.json["errorType"] == "Runtime.InvalidEntrypoint"
    assert reason in answer.json["errorMessage"]


def test_cold_starts_at_the_same_time(functions: Any, aws: Any) -> None:
    """C6: many functions start at once; each gets its own answer."""
    names = [functions.make(f"def handler(event, context):\n    return {i}\n") for i in range(12)]
    for name in names:
        functions.invoke(name, InvocationType="Event")
    aws.settle()
    assert [functions.invoke(name).json for name in names] == list(range(12))


def test_a_reset_ends_running_and_waiting_calls(functions: Any, aws: Any) -> None:
    """Law 5: nobody is left waiting when the world is emptied; the emulator goes on."""
    name = functions.make("import time\ndef handler(event, context):\n    time.sleep(30)\n", Timeout=60)
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(functions.invoke, name) for _ in range(6)]
        started = False
        while not started:
            try:
                events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
                started = any(event["message"].startswith("START") for event in events)
            except ClientError:
                select.select([], [], [], 0.01)
        aws.admin("POST", "reset")
        for call in calls:
            try:
                assert call.result(20).error == "Unhandled"
            except ClientError as error:
                assert error.response["Error"]["Code"] in ("ServiceException", "ResourceNotFoundException")
    assert functions.invoke(functions.make("def handler(event, context):\n    return 1\n")).json == 1


def test_json_is_what_arrives(functions: Any) -> None:
    """C5: numbers keep their precision."""
    name = functions.make("def handler(event, context):\n    return event\n")
    text = json.dumps({"n": 12345678901234567890, "f": 0.1})
    assert functions.invoke(name, Payload=text.encode()).json == json.loads(text)
