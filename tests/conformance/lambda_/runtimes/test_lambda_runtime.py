"""What a function sees, and what it leaves behind (C3, C4, C5)."""

from __future__ import annotations

import base64
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.lambda_.conftest import archive


def test_environment(functions: Any, aws: Any) -> None:
    """C4: AWS's variables and the function's own; nothing of the host's (they would be credentials and secrets)."""
    import os

    os.environ["SOME_HOST_SECRET"] = "x"
    name = functions.make(
        "import os, sys\ndef handler(event, context):\n    return [dict(os.environ), os.getcwd(), sys.path]\n",
        Environment={"Variables": {"MINE": "yes"}},
        MemorySize=256,
    )
    environment, folder, path = functions.invoke(name).json
    expected = {
        "MINE": "yes",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": aws.url,
        "_HANDLER": "index.handler",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "LAMBDA_TASK_ROOT": folder,
    }
    assert {key: environment.get(key) for key in expected} == expected
    assert path[0] == folder
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", environment["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert environment["_X_AMZN_TRACE_ID"].startswith("Root=1-")
    known = {
        *expected, "AWS_SESSION_TOKEN", "PATH", "LD_LIBRARY_PATH", "HOME", "LC_CTYPE", "PYTHONPATH", "SHLVL", "PWD",
        "TMPDIR",
        "LAMBDA_RUNTIME_DIR", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "_AWS_XRAY_DAEMON_ADDRESS",
        "_AWS_XRAY_DAEMON_PORT", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID",
    }  # fmt: skip
    assert set(environment) <= known


def test_layers(functions: Any, request: pytest.FixtureRequest) -> None:
    """C11: found behind the function's own files, under AWS's names where the machine has them."""
    package = archive({"python/shared.py": "WHO = 'layer'\n", "bin/tool": "", "lib/text": "", "python/mine.py": ""})
    layer = functions.client.publish_layer_version(LayerName="shared", Content={"ZipFile": package})
    source = """
import os, shared, sys
def handler(event, context):
    folder = os.environ["PATH"].split(":")[-1]
    return [shared.WHO, sys.path[2], os.listdir(folder), os.environ["LD_LIBRARY_PATH"].split(":")[-1]]
"""
    name = functions.make(source, Layers=[layer["LayerVersionArn"]])
    who, found, programs, libraries = functions.invoke(name).json
    root = found.removesuffix("/python")
    assert (who, programs, libraries) == ("layer", ["tool"], f"{root}/lib")
    assert (root == "/opt") == (request.node.callspec.params["emulator"] == "awslambdaric")


def test_context(functions: Any) -> None:
    """C4: the context object, with the ARN as invoked."""
    source = """
def handler(event, context):
    return {
        "name": context.function_name, "version": context.function_version, "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb, "id": context.aws_request_id, "group": context.log_group_name,
        "left": context.get_remaining_time_in_millis(),
        "client": context.client_context and context.client_context.custom,
        "identity": context.identity.cognito_identity_id,
    }
"""
    name = functions.make(source, Timeout=30)
    functions.client.publish_version(FunctionName=name)
    functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client_context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
    answer = functions.invoke(name, Qualifier="live", ClientContext=client_context)
    context = answer.json
    assert 28_000 < context.pop("left") <= 30_000
    assert context == {
        "name": name,
        "version": "1",
        "arn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live",
        "memory": "128",
        "id": answer.raw["ResponseMetadata"]["RequestId"],
        "group": f"/aws/lambda/{name}",
        "client": {"a": "b"},
        "identity": None,
    }
    assert answer.raw["ExecutedVersion"] == "1"


def test_log_lines(functions: Any) -> None:
    """C3: INIT_START, START, the function's own lines, END, REPORT; Init Duration only on the cold start."""
    source = """
import logging, sys
log = logging.getLogger()
def handler(event, context):
    print("one")
    print("two\\nthree")
    sys.stderr.write("to stderr\\n")
    log.warning("careful\\nvery")
    log.info("unseen")
    sys.stdout.write("no line end")
"""
    name = functions.make(source)
    request_id = functions.invoke(name).raw["ResponseMetadata"]["RequestId"]
    lines = functions.log(name)
    assert re.fullmatch(
        r"INIT_START Runtime Version: python:3\.11\.v\d+\t"
        r"Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}\n",
        lines[0],
    )
    assert lines[1] == f"START RequestId: {request_id} Version: $LATEST\n"
    assert lines[2:6] == ["one\n", "two\n", "three\n", "to stderr\n"]
    assert re.fullmatch(rf"\[WARNING\]\t\d{{4}}-\d\d-\d\dT[\d:]+\.\d{{3}}Z\t{request_id}\tcareful\nvery\n", lines[6])
    assert lines[7] == "no line end"
    assert lines[8] == f"END RequestId: {request_id}\n"
    report = (
        rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\t(Init Duration: \d+\.\d\d ms\t)?\n"
    )
    match = re.fullmatch(report, lines[9])
    assert match and match[1]
    functions.invoke(name)
    lines = functions.log(name)
    match = re.fullmatch(report.replace(request_id, "[0-9a-f-]{36}"), lines[-1])
    assert match and not match[1]


def test_log_tail(functions: Any) -> None:
    """C1: the last 4 KB of the call's own log."""
    name = functions.make("def handler(event, context):\n    print(event['text'])\n")
    functions.invoke(name, {"text": "earlier"})
    tail = base64.b64decode(functions.invoke(name, {"text": "hello"}, LogType="Tail").raw["LogResult"]).decode()
    assert tail.startswith("START RequestId: ") and "\nhello\nEND RequestId: " in tail and "earlier" not in tail
    answer = functions.invoke(name, {"text": "x" * 10_000}, LogType="Tail")
    assert len(base64.b64decode(answer.raw["LogResult"])) == 4096


def test_json_log_format(functions: Any) -> None:
    """C3: records and platform events as JSON; a log group of its own."""
    source = "import logging\ndef handler(event, context):\n    logging.getLogger().info('hello')\n"
    name = functions.name()
    functions.make(source, FunctionName=name, LoggingConfig={"LogFormat": "JSON"})
    request_id = functions.invoke(name).raw["ResponseMetadata"]["RequestId"]
    entries = [json.loads(line) for line in functions.log(name)]
    assert [e["type"] for e in entries if "type" in e] == ["platform.initStart", "platform.start", "platform.report"]
    (record,) = [e for e in entries if "level" in e]
    assert (record["level"], record["message"], record["requestId"]) == ("INFO", "hello", request_id)
    assert entries[-1]["record"]["status"] == "success"


def test_a_log_group_of_its_own(functions: Any, aws: Any) -> None:
    """C3: LoggingConfig.LogGroup."""
    name = functions.make("def handler(e, c):\n    print('hi')\n", LoggingConfig={"LogGroup": "/my/group"})
    functions.invoke(name)
    aws.settle()
    found = aws.client("logs").filter_log_events(logGroupName="/my/group")["events"]
    assert "hi\n" in [event["message"] for event in found]


def test_functions_call_other_services(functions: Any, aws: Any) -> None:
    """C4: boto3 finds the emulator by itself."""
    aws.client("s3").create_bucket(Bucket="from-function")
    source = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="from-function", Key="k", Body=b"v")
    return boto3.client("sts").get_caller_identity()["Account"]
"""
    assert functions.invoke(functions.make(source, Timeout=30)).json == "000000000000"
    assert aws.client("s3").get_object(Bucket="from-function", Key="k")["Body"].read() == b"v"


def test_payloads_pass_unchanged(functions: Any) -> None:
    """C1, C5: any JSON in, any JSON out; None is null; bytes go out as they are."""
    name = functions.make("def handler(event, context):\n    return event\n")
    events: tuple[Any, ...] = ({}, [], "text ü€😀", 1, 1.5, True, None, {"a": [None, {"b": "\u2028"}]}, "x" * 1_000_000)
    for event in events:
        answer = functions.invoke(name, Payload=json.dumps(event).encode())
        assert answer.json == event and answer.error is None
    assert functions.invoke(functions.make("def handler(event, context):\n    pass\n")).body == b"null"
    assert functions.invoke(functions.make("def handler(event, context):\n    return b'raw'\n")).body == b"raw"


def test_concurrent_calls_run_in_processes_of_their_own(functions: Any) -> None:
    """C6: one event at a time per process; waiting calls get more processes."""
    name = functions.make(
        "import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()\n", Timeout=60
    )
    for seconds in (0.3, 3, 20):  # until the four calls overlap, which they do late on a loaded machine
        with ThreadPoolExecutor(4) as pool:
            processes = [answer.json for answer in pool.map(functions.invoke, [name] * 4, [seconds] * 4)]
        if len(set(processes)) == 4:
            break
    assert len(set(processes)) == 4, processes


def test_state_stays_between_calls_and_goes_with_an_update(functions: Any) -> None:
    """C5: warm processes; a new configuration or new code starts new ones."""
    name = functions.make("n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n")
    assert [functions.invoke(name).json for _ in range(3)] == [1, 2, 3]
    functions.client.update_function_configuration(FunctionName=name, Environment={"Variables": {"NEW": "1"}})
    assert functions.invoke(name).json == 1


def test_nested_handler_and_relative_imports(functions: Any) -> None:
    """C5: `folder/module.function` and packages."""
    files = {
        "app/__init__.py": "",
        "app/main.py": "from app.other import value\ndef run(event, context):\n    return value\n",
        "app/other.py": "value = 42\n",
    }
    assert functions.invoke(functions.make("", files=files, Handler="app.main.run")).json == 42
    assert functions.invoke(functions.make("", files=files, Handler="app/main.run")).json == 42
