"""Asynchronous invocation: retries, age, dead-letter queue, destinations (C7)."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

_names = itertools.count()

SOURCE = """
def handler(event, context):
    print("CALL " + context.aws_request_id)
    if event.get("fail"):
        raise Exception("no luck")
    return {"got": event}
"""


class Queue:
    def __init__(self, aws: Any) -> None:
        self.sqs = aws.client("sqs")
        self.url = self.sqs.create_queue(QueueName=f"async-{next(_names)}")["QueueUrl"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = answer["Attributes"]["QueueArn"]

    def messages(self) -> list[Any]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return list(answer.get("Messages", []))

    def bodies(self) -> list[Any]:
        return [json.loads(message["Body"]) for message in self.messages()]


@pytest.fixture
def queue(aws: Any) -> Queue:
    return Queue(aws)


def calls(functions: Any, name: str) -> list[str]:
    return [line[5:].strip() for line in functions.log(name) if line.startswith("CALL ")]


def test_accepted_then_run(functions: Any, aws: Any) -> None:
    """C1: 202, empty body, no executed version."""
    name = functions.make(SOURCE)
    answer = functions.invoke(name, {"a": 1}, InvocationType="Event")
    assert (answer.raw["StatusCode"], answer.body) == (202, b"")
    assert "ExecutedVersion" not in answer.raw
    assert calls(functions, name) == [answer.raw["ResponseMetadata"]["RequestId"]]


def test_two_retries_after_one_and_two_minutes(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: three calls with the same request id, then the on-failure destination, member by member."""
    name = functions.make(SOURCE)
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue.arn}}
    )
    request_id = functions.invoke(name, {"fail": 1}, InvocationType="Event").raw["ResponseMetadata"]["RequestId"]
    assert aws.settle() == pytest.approx(180, abs=1)
    assert calls(functions, name) == [request_id] * 3
    (record,) = queue.bodies()
    payload = record.pop("responsePayload")
    assert (payload["errorMessage"], payload["requestId"]) == ("no luck", request_id)
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"fail": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    }


def test_success_destination(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: condition Success, no functionError."""
    name = functions.make(SOURCE)
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": queue.arn}}
    )
    functions.invoke(name, {"a": 1}, InvocationType="Event")
    aws.settle()
    (record,) = queue.bodies()
    assert record["requestContext"]["condition"] == "Success"
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert record["responsePayload"] == {"got": {"a": 1}}


def test_dead_letter_queue(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: the original event as body, three attributes."""
    name = functions.make(SOURCE, DeadLetterConfig={"TargetArn": queue.arn})
    functions.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    request_id = functions.invoke(name, {"fail": 1}, InvocationType="Event").raw["ResponseMetadata"]["RequestId"]
    aws.settle()
    (message,) = queue.messages()
    assert json.loads(message["Body"]) == {"fail": 1}
    attributes = {k: (v["DataType"], v["StringValue"]) for k, v in message["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": ("String", request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "no luck"),
    }


def test_event_age(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: given up when it is too old for the next retry."""
    name = functions.make(SOURCE)
    functions.client.put_function_event_invoke_config(
        FunctionName=name, MaximumEventAgeInSeconds=60, DestinationConfig={"OnFailure": {"Destination": queue.arn}}
    )
    functions.invoke(name, {"fail": 1}, InvocationType="Event")
    aws.settle()
    (record,) = queue.bodies()
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 1


def test_zero_reserved_concurrency(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: straight to the destination, without a call and without response members."""
    name = functions.make(SOURCE)
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue.arn}}
    )
    functions.invoke(name, {"a": 1}, InvocationType="Event")
    assert aws.settle() == 0
    (record,) = queue.bodies()
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record and "responsePayload" not in record


def test_a_queued_event_survives_a_snapshot(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: what was accepted is run, also after a restore."""
    name = functions.make(SOURCE, DeadLetterConfig={"TargetArn": queue.arn})
    functions.invoke(name, {"fail": 1}, InvocationType="Event")
    aws.advance(30)
    aws.admin("PUT", "snapshots/async")
    try:
        aws.admin("POST", "reset")
        aws.admin("POST", "snapshots/async")
        assert aws.settle() == pytest.approx(150, abs=1)
        assert len(queue.messages()) == 1
    finally:
        aws.admin("DELETE", "snapshots/async")


def test_lambda_sns_and_eventbridge_destinations(functions: Any, aws: Any, queue: Queue) -> None:
    """C7: the record as another function's event."""
    second = functions.make("import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n")
    name = functions.make(SOURCE)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{second}"
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    functions.invoke(name, {"a": 1}, InvocationType="Event")
    (line,) = [line for line in functions.log(second) if line.startswith("GOT ")]
    assert json.loads(line[4:])["requestPayload"] == {"a": 1}
    topic = aws.client("sns").create_topic(Name=f"topic-{next(_names)}")["TopicArn"]
    aws.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    functions.client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": topic}}
    )
    functions.invoke(name, {"b": 1}, InvocationType="Event")
    aws.settle()
    assert queue.bodies()[0]["requestPayload"] == {"b": 1}


def test_event_invoke_config(functions: Any) -> None:
    """C7: put, get, update, list, delete."""
    client = functions.client
    name = functions.make(SOURCE)
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.get_function_event_invoke_config(FunctionName=name)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"
    assert caught.value.response["Error"]["Message"] == f"The function {arn} doesn't have an EventInvokeConfig"
    put = client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    assert (put["FunctionArn"], put["MaximumRetryAttempts"]) == (arn, 1)
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    client.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=100)
    found = client.get_function_event_invoke_config(FunctionName=name)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (1, 100)
    assert len(client.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]) == 1
    client.delete_function_event_invoke_config(FunctionName=name)
    assert client.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []
