"""Faults at Lambda functions: real processes, and what their callers get (C2, C7, C9)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.faults import counted, declare
from tests.conformance.lambda_.conftest import Functions
from tests.conftest import Aws

HANDLER = """
import os
runs = 0

def handler(event, context):
    global runs
    runs += 1
    print("ran", runs)
    return {"runs": runs, "pid": os.getpid()}
"""


@pytest.fixture
def functions(aws: Aws) -> Functions:
    return Functions(aws)


def test_raise(aws: Aws, functions: Functions) -> None:
    """The event never reached the handler, and the process lives on."""
    name = functions.make(HANDLER)
    first = functions.invoke(name, {}).json
    declare(aws, "lambda-raise", {"resource": name}, {"count": 1}, error_type="KeyError", message="'id'")
    failed = functions.invoke(name, {}, LogType="Tail")
    assert (failed.error, failed.json["errorType"], failed.json["errorMessage"]) == ("Unhandled", "KeyError", "'id'")
    assert functions.invoke(name, {}).json == {"runs": 2, "pid": first["pid"]}
    assert counted(aws) == (2, 1)
    log = "".join(functions.log(name))
    assert "[ERROR] KeyError: 'id'" in log
    assert log.count("START RequestId") == log.count("REPORT RequestId") == 3
    assert log.count("ran ") == 2


@pytest.mark.parametrize(
    ("fault", "arguments", "error_type", "said"),
    [
        ("lambda-exit", {"status": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("lambda-exit", {"status": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("lambda-out-of-memory", {}, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ("lambda-timeout", {}, "Sandbox.Timedout", "Task timed out after 3.00 seconds"),
    ],
)
def test_the_process_dies(
    aws: Aws, functions: Functions, fault: str, arguments: dict[str, Any], error_type: str, said: str
) -> None:
    """C2: the error object, the log, and the next event on a new process."""
    name = functions.make(HANDLER)
    first = functions.invoke(name, {}).json
    declare(aws, fault, {"resource": name}, {"nth": 1}, **arguments)
    asynchronous = fault == "lambda-timeout"  # its timeout passes on the clock, which only the test moves
    if asynchronous:
        functions.invoke(name, {}, InvocationType="Event")
        before = aws.now()
        aws.advance(3)
        assert aws.now() == before + 3
    else:
        failed = functions.invoke(name, {})
        assert (failed.error, failed.json["errorType"]) == ("Unhandled", error_type)
        assert failed.json["errorMessage"].endswith(said)
    again = functions.invoke(name, {}).json
    assert again["pid"] != first["pid"]
    assert counted(aws)[1] == 1
    assert said in "".join(functions.log(name))


def test_a_cold_start(aws: Aws, functions: Functions) -> None:
    """C5: no process is warm, and the next one takes its time on the clock."""
    name = functions.make(HANDLER)
    first = functions.invoke(name, {}).json
    declare(aws, "lambda-cold-start", {"resource": f"*:{name}"})
    second = functions.invoke(name, {}).json
    assert (second["runs"], second["pid"] != first["pid"]) == (1, True)
    aws.admin("DELETE", "faults")
    assert functions.invoke(name, {}).json["runs"] == 2
    declare(aws, "lambda-cold-start", {"resource": name}, seconds=40)
    functions.invoke(name, {}, InvocationType="Event")
    assert aws.settle() == 40
    assert counted(aws) == (1, 1)


def test_asynchronous_retries_are_hit_as_well(aws: Aws, functions: Functions) -> None:
    """C7: three attempts, after one and two minutes; each is a run of its own."""
    name = functions.make(HANDLER)
    queue = aws.client("sqs").create_queue(QueueName="faults-async")["QueueUrl"]
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=name,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:faults-async"}},
    )
    declare(aws, "lambda-exit", {"resource": name})
    functions.invoke(name, {"id": 1}, InvocationType="Event")
    assert aws.settle() == 180
    assert counted(aws) == (3, 3)
    (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert (body["requestContext"]["condition"], body["requestPayload"]) == ("RetriesExhausted", {"id": 1})
    assert body["responsePayload"]["errorType"] == "Runtime.ExitError"


def test_an_event_source_mapping_goes_on_after_trouble(aws: Aws, functions: Functions) -> None:
    """C9: a batch whose function dies, raises or can't be reached is tried again until it is through."""
    name = functions.make("def handler(event, context):\n    print('batch', len(event['Records']))")
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="faults-esm", ShardCount=1)
    arn = "arn:aws:kinesis:us-east-1:000000000000:stream/faults-esm"
    mapping = aws.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )
    for fault in ("lambda-exit", "lambda-raise", "lambda-timeout"):
        declare(aws, fault, {"resource": name}, {"nth": 1})
    for fault in ("connection-reset", "timeout"):
        declare(aws, fault, {"service": "lambda", "operation": "Invoke", "resource": name}, {"nth": 1})
    kinesis.put_records(StreamName="faults-esm", Records=[{"Data": b"x", "PartitionKey": "k"}] * 3)
    assert aws.settle() > 300
    assert "".join(functions.log(name)).count("batch 3") == 1
    assert aws.admin("GET", "faults")["all_fired"]
    aws.client("lambda").delete_event_source_mapping(UUID=mapping["UUID"])
