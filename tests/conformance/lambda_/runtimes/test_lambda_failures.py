"""What a caller gets when a function fails (C1, C2)."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_exception_in_the_handler(functions: Any) -> None:
    """C2: the four members in order, frames of the handler only; the log has the traceback (C3)."""
    name = functions.make("def handler(event, context):\n    raise Exception('Handler fails')\n")
    answer = functions.invoke(name, {})
    assert (answer.raw["StatusCode"], answer.error, answer.raw["ExecutedVersion"]) == (200, "Unhandled", "$LATEST")
    assert list(answer.json) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert answer.json["errorMessage"] == "Handler fails"
    assert answer.json["errorType"] == "Exception"
    assert answer.json["requestId"] == answer.raw["ResponseMetadata"]["RequestId"]
    (frame,) = answer.json["stackTrace"]
    assert frame.endswith("index.py\", line 2, in handler\n    raise Exception('Handler fails')\n")
    (error,) = [line for line in functions.log(name) if line.startswith("[ERROR]")]
    assert error.startswith("[ERROR] Exception: Handler fails\nTraceback (most recent call last):\n\u00a0\u00a0File ")
    assert "\n\u00a0\u00a0\u00a0\u00a0raise Exception('Handler fails')" in error


def test_the_process_is_kept_after_an_exception(functions: Any) -> None:
    """C2: an exception of the handler does not end the environment."""
    name = functions.make(
        "import os\ndef handler(event, context):\n    if event: raise ValueError\n    return os.getpid()\n"
    )
    first = functions.invoke(name).json
    assert functions.invoke(name, {"fail": 1}).json["errorType"] == "ValueError"
    assert functions.invoke(name).json == first


def test_exception_at_import(functions: Any) -> None:
    """C2: same members, empty request id."""
    name = functions.make("raise RuntimeError('at import')\n")
    answer = functions.invoke(name, {})
    assert answer.error == "Unhandled"
    assert answer.json["errorMessage"] == "at import"
    assert answer.json["errorType"] == "RuntimeError"
    assert answer.json["requestId"] == ""
    assert 'index.py", line 1, in <module>' in answer.json["stackTrace"][-1]
    assert any("Phase: init\tStatus: error\tError Type: RuntimeError" in line for line in functions.log(name))


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import not_there\n",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'not_there'",
        ),
        ("", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("", "index.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        (
            "def handler(:\n",
            "index.handler",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'index': invalid syntax (index.py, line 1)",
        ),
        (
            "",
            "index",
            "Runtime.MalformedHandlerName",
            "Bad handler 'index': not enough values to unpack (expected 2, got 1)",
        ),
    ],
)
def test_handlers_that_cannot_be_loaded(functions: Any, source: str, handler: str, kind: str, message: str) -> None:
    """C2: the runtime's own error types, with an empty request id."""
    name = functions.make("", files={"index.py": source}, Handler=handler)
    answer = functions.invoke(name, {})
    assert answer.error == "Unhandled"
    assert (answer.json["errorType"], answer.json["errorMessage"]) == (kind, message)
    assert answer.json["requestId"] == ""


def test_packages_that_aws_does_not_have_are_missing_here_too(functions: Any) -> None:
    """C2: what the emulator itself imports is invisible to functions; boto3 is there."""
    name = functions.make("import boto3, botocore, urllib3\nimport moto\n")
    message = functions.invoke(name, {}).json["errorMessage"]
    assert message == "Unable to import module 'index': No module named 'moto'"


def test_result_that_is_not_json(functions: Any) -> None:
    """C2: Runtime.MarshalError."""
    name = functions.make("def handler(event, context):\n    return object()\n")
    answer = functions.invoke(name, {})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.MarshalError"
    assert answer.json["errorMessage"] == "Unable to marshal response: Object of type object is not JSON serializable"


def test_timeout(functions: Any) -> None:
    """C2: Sandbox.Timedout; C3: the log line before END, and the status in REPORT."""
    name = functions.make("import time\ndef handler(event, context):\n    time.sleep(60)\n", Timeout=1)
    answer = functions.invoke(name, {})
    request_id = answer.raw["ResponseMetadata"]["RequestId"]
    assert answer.error == "Unhandled"
    assert answer.json == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    lines = functions.log(name)
    timed_out = next(i for i, line in enumerate(lines) if "Task timed out after 1.00 seconds" in line)
    assert lines[timed_out].split(" ")[1] == request_id
    assert lines[timed_out + 1] == f"END RequestId: {request_id}\n"
    assert lines[timed_out + 2].endswith("\tStatus: timeout\n")


def test_a_new_process_follows_a_timeout(functions: Any) -> None:
    """C2: the environment is gone; the next call starts another."""
    source = "import os, time\ndef handler(event, context):\n    if event: time.sleep(60)\n    return os.getpid()\n"
    name = functions.make(source, Timeout=1)
    first = functions.invoke(name).json
    assert functions.invoke(name, {"sleep": 1}).error == "Unhandled"
    assert functions.invoke(name).json != first


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
        ("import ctypes; ctypes.string_at(0)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_the_process_ends_during_a_call(functions: Any, statement: str, reason: str) -> None:
    """C2: Runtime.ExitError. (A segfault was once recorded as a timeout, marked odd: it is reported as what it is.)"""
    name = functions.make(f"import os\ndef handler(event, context):\n    {statement}\n")
    answer = functions.invoke(name, {})
    request_id = answer.raw["ResponseMetadata"]["RequestId"]
    assert answer.error == "Unhandled"
    assert answer.json == {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {reason}"}
    assert any(line.endswith("Status: error\tError Type: Runtime.ExitError\n") for line in functions.log(name))


def test_sys_exit_in_the_handler_and_at_import(functions: Any) -> None:
    """C2: leaving the process by SystemExit is an exit, too."""
    at_call = functions.make("import sys\ndef handler(event, context):\n    sys.exit(4)\n")
    assert functions.invoke(at_call, {}).json["errorMessage"].endswith("exit status 4")
    at_import = functions.make("exit(5)\n")
    answer = functions.invoke(at_import, {})
    request_id = answer.raw["ResponseMetadata"]["RequestId"]
    text = f"RequestId: {request_id} Error: Runtime exited with error: exit status 5"
    assert answer.json == {"errorType": "Runtime.ExitError", "errorMessage": text}


def test_out_of_memory(functions: Any) -> None:
    """C2: the process is killed when it uses more than its memory size."""
    name = functions.make("def handler(event, context):\n    return len(bytearray(b'x') * (400 << 20))\n")
    answer = functions.invoke(name, {})
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.ExitError"
    assert answer.json["errorMessage"].endswith("Runtime exited with error: signal: killed")
    report = functions.log(name)[-1]
    assert "Memory Size: 128 MB\tMax Memory Used: 128 MB" in report


def test_more_memory_is_enough(functions: Any) -> None:
    """C6: the memory size counts."""
    source = "def handler(event, context):\n    return len(bytearray(b'x') * (200 << 20))\n"
    name = functions.make(source, MemorySize=1024)
    assert functions.invoke(name, {}).json == 200 << 20


def test_response_over_six_megabytes(functions: Any) -> None:
    """C1: Function.ResponseSizeTooLarge; the next call works."""
    name = functions.make("def handler(event, context):\n    return 'x' * event['n']\n")
    answer = functions.invoke(name, {"n": 6_291_555})
    assert answer.error == "Unhandled"
    assert answer.json == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert len(functions.invoke(name, {"n": 6_291_554}).body) == 6_291_556


def test_error_text_outside_ascii_and_huge(functions: Any) -> None:
    """C2: messages are passed whole."""
    name = functions.make("def handler(event, context):\n    raise ValueError('ü€' * event['n'])\n")
    assert functions.invoke(name, {"n": 1}).json["errorMessage"] == "ü€"
    assert functions.invoke(name, {"n": 100_000}).json["errorMessage"] == "ü€" * 100_000


def test_a_killed_idle_process_is_replaced(functions: Any, aws: Any) -> None:
    """C2: a process that dies between calls is nobody's failure."""
    import os
    import signal

    name = functions.make("import os\ndef handler(event, context):\n    return os.getpid()\n")
    first = functions.invoke(name).json
    os.kill(first, signal.SIGKILL)
    for _ in range(100):
        aws.admin("GET", "health")
        try:
            os.kill(first, 0)
        except ProcessLookupError:
            break
    assert functions.invoke(name).json != first


def test_bad_json_in_the_request(functions: Any, aws: Any) -> None:
    """C1: InvalidRequestContentException with Jackson's text."""
    name = functions.make("def handler(event, context):\n    return event\n")
    client = aws.client("lambda")
    with pytest.raises(client.exceptions.InvalidRequestContentException) as caught:
        functions.invoke(name, Payload=b"nonsense")
    assert caught.value.response["Error"]["Message"].startswith(
        "Could not parse request body into json: Could not parse payload into json: Unrecognized token 'nonsense': "
    )
    assert functions.invoke(name, Payload=b"").json == {}
    assert functions.invoke(name, Payload=json.dumps(["ü"]).encode()).json == ["ü"]
