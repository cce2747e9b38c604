"""Faults on Firehose's way out: the processor's answer, endpoints, buckets (A9, A12, A14)."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.conformance.faults import counted, declare
from tests.conformance.lambda_.conftest import Functions
from tests.conftest import Aws

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
TRANSFORM = """
def handler(event, context):
    return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]}
"""


def bucket(aws: Aws, name: str) -> dict[str, Any]:
    aws.client("s3").create_bucket(Bucket=name)
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}", "BufferingHints": HINTS}


def content(aws: Aws, name: str, prefix: str = "") -> list[str]:
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", [])
    return [s3.get_object(Bucket=name, Key=each["Key"])["Body"].read().decode() for each in found]


def put(aws: Aws, name: str, count: int) -> None:
    records = [{"Data": f"<{n}>".encode()} for n in range(count)]
    aws.client("firehose").put_record_batch(DeliveryStreamName=name, Records=records)


# -- the processor's answer -----------------------------------------------------------------------------------


def transformed(aws: Aws, name: str) -> str:
    """A delivery stream with a processor that changes nothing; returns the function's name."""
    functions = Functions(aws)
    function = functions.make(TRANSFORM, FunctionName=f"{name}-fn")
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}"
    parameters = [
        {"ParameterName": "LambdaArn", "ParameterValue": arn},
        {"ParameterName": "NumberOfRetries", "ParameterValue": "1"},
    ]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            **bucket(aws, name),
            "Prefix": "good/",
            "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/",
            "ProcessingConfiguration": processing,
        },
    )
    return function


@pytest.mark.parametrize(
    ("answer", "good", "code", "failed"),
    [
        ("not-json", "", "Lambda.JsonProcessingException", 3),
        ("no-records", "", "Lambda.MissingRecordId", 3),
        ("empty-list", "", "Lambda.MissingRecordId", 3),
        ("missing-ids", "<1><2>", "Lambda.MissingRecordId", 1),
        ("duplicate-ids", "<1><2>", "Lambda.DuplicatedRecordId", 1),
        ("unknown-ids", "<1><2>", "Lambda.MissingRecordId", 1),
        ("invalid-result", "", "Lambda.FunctionError", 3),
        ("bad-base64", "", "Lambda.FunctionError", 3),
        ("null-data", "<1><2>", "Lambda.InvalidReturnFormat", 1),
        ("over-6mb", "", "Lambda.FunctionError", 3),
        ("all-processing-failed", "", "Lambda.ProcessingFailedStatus", 3),
        ("all-dropped", "", "", 0),
    ],
)
def test_a_malformed_answer(aws: Aws, answer: str, good: str, code: str, failed: int) -> None:
    """A9: what each mistake does to the records; an answer is final, but Lambda's own error is tried again."""
    name = f"faults-answer-{answer}"
    function = transformed(aws, name)
    declare(aws, "transform-answer", {"resource": function}, answer=answer)
    put(aws, name, 3)
    aws.settle()
    assert "".join(content(aws, name, "good/")) == good
    lines = [json.loads(line) for text in content(aws, name, "bad/processing-failed/") for line in text.splitlines()]
    assert [line["errorCode"] for line in lines] == [code] * failed
    attempts = 2 if answer == "over-6mb" else 1
    assert {line["attemptsMade"] for line in lines} <= {attempts}
    assert counted(aws) == (attempts, attempts)
    aws.admin("DELETE", "faults")
    put(aws, name, 1)
    aws.settle()
    assert content(aws, name, "good/")[-1].endswith("<0>")


def test_other_callers_get_the_true_answer(aws: Aws) -> None:
    function = transformed(aws, "faults-answer-others")
    declare(aws, "transform-answer", {"resource": function}, answer="not-json")
    assert Functions(aws).invoke(function, {"records": []}).json == {"records": []}
    assert counted(aws) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "arguments", "code"),
    [
        ("timeout", {}, "Lambda.FunctionTimedOut"),
        ("latency", {"seconds": 301}, "Lambda.FunctionTimedOut"),
        ("connection-reset", {}, "Lambda.ServiceUnavailable"),
        ("lambda-raise", {}, "Lambda.FunctionError"),
        ("lambda-out-of-memory", {}, "Lambda.FunctionError"),
        ("error", {"code": "TooManyRequestsException", "status": 429}, "Lambda.InvokeLimitExceeded"),
    ],
)
def test_a_processor_that_fails(aws: Aws, fault: str, arguments: dict[str, Any], code: str) -> None:
    """A9: an invocation that fails is tried again, then the batch goes to processing-failed."""
    name = f"faults-processor-{fault}"
    function = transformed(aws, name)
    match = {"service": "lambda", "operation": "Invoke", "resource": function}
    declare(aws, fault, match, {"count": 2}, **arguments)
    put(aws, name, 1)
    aws.settle()
    (line,) = [json.loads(text) for text in content(aws, name, "bad/processing-failed/")]
    assert (line["errorCode"], line["attemptsMade"]) == (code, 2)
    assert counted(aws) == (2, 2)
    put(aws, name, 1)
    aws.settle()
    assert content(aws, name, "good/") == ["<0>"]


# -- endpoints ------------------------------------------------------------------------------------------------


def endpoint(aws: Aws, name: str, retry: int = 0) -> None:
    """A delivery stream to the built-in sink of its name; failures go to the bucket of its name."""
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": f"https://{name}.example.com/in"},
            "BufferingHints": HINTS,
            "RetryOptions": {"DurationInSeconds": retry},
            "S3Configuration": bucket(aws, name),
        },
    )


BAD_ANSWERS = [
    ({"status": 500}, "HttpEndpoint.DestinationException"),
    ({"status": 503, "body": "later"}, "HttpEndpoint.DestinationException"),
    ({"behaviour": "hang"}, "HttpEndpoint.RequestTimeout"),
    ({"behaviour": "reset"}, "HttpEndpoint.ConnectionReset"),
    ({"behaviour": "wrong-request-id"}, "HttpEndpoint.InvalidResponseFromDestination"),
    ({"behaviour": "no-timestamp"}, "HttpEndpoint.InvalidResponseFromDestination"),
    ({"behaviour": "wrong-content-type"}, "HttpEndpoint.InvalidResponseFromDestination"),
    ({"behaviour": "not-json"}, "HttpEndpoint.InvalidResponseFromDestination"),
    ({"behaviour": "too-large"}, "HttpEndpoint.ResponseTooLarge"),
    ({"seconds": 200}, "HttpEndpoint.RequestTimeout"),
]


@pytest.mark.parametrize(("answer", "code"), BAD_ANSWERS)
@pytest.mark.parametrize("by", ["rule", "script"])
def test_an_endpoint_that_misbehaves(aws: Aws, by: str, answer: dict[str, Any], code: str) -> None:
    """A14: over a real socket, by a rule or by the sink's own script; then it heals."""
    name = f"faults-sink-{by}-{'-'.join(map(str, answer.values()))}"
    endpoint(aws, name)
    sink = f"{name}.example.com"
    if by == "rule":
        declare(aws, "http-sink", {"resource": sink}, {"count": 1}, **answer)
    else:
        aws.admin("PUT", f"sinks/{sink}", {"answers": [answer]})
    put(aws, name, 2)
    began = time.monotonic()
    aws.settle()
    assert time.monotonic() - began < 20, "three minutes of an endpoint's silence pass on the clock"
    lines = [json.loads(line) for text in content(aws, name) for line in text.splitlines()]
    assert [line["errorCode"] for line in lines] == [code] * 2
    if by == "rule":
        assert counted(aws) == (1, 1)
    put(aws, name, 1)
    aws.settle()
    _, second = aws.admin("GET", f"sinks/{sink}")["requests"]
    assert len(json.loads(second["body"])["records"]) == 1
    assert len(content(aws, name)) == 1


def test_413_is_permanent(aws: Aws) -> None:
    """A14: no retry, and nothing in the bucket."""
    endpoint(aws, "faults-sink-413", retry=600)
    declare(aws, "http-sink", {"resource": "faults-sink-413.*"}, status=413)
    put(aws, "faults-sink-413", 1)
    aws.settle()
    assert (counted(aws), content(aws, "faults-sink-413")) == ((1, 1), [])


def test_an_endpoint_that_recovers_within_the_retry_time(aws: Aws) -> None:
    """A14: hanging, late and failing answers are retried until one is good; nothing reaches the bucket."""
    endpoint(aws, "faults-sink-heals", retry=7200)
    sink = "faults-sink-heals.example.com"
    for number, answer in enumerate(({"behaviour": "hang"}, {"behaviour": "reset"}, {"seconds": 100}), 1):
        rule = {"id": f"r{number}", "fault": "http-sink", "match": {"resource": sink}, "when": {"nth": 1}}
        aws.admin("POST", "faults", {**rule, "with": answer})
    aws.admin("PUT", f"sinks/{sink}", {"answers": [{"status": 500, "times": 2}]})
    put(aws, "faults-sink-heals", 3)
    assert aws.settle() > 60 + 180 + 100
    seen = aws.admin("GET", f"sinks/{sink}")
    assert [request["status"] for request in seen["requests"]] == [None, None, 200]
    assert content(aws, "faults-sink-heals") == []
    assert aws.admin("GET", "faults")["all_fired"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"behaviour": "dance"}, "behaviour must be one of hang, reset"),
        ({"behaviour": "hang", "status": 500}, "there is no answer to give a status"),
        ({"behaviour": "not-json", "body": "x"}, "a behaviour or a body"),
        ({"seconds": -1}, "seconds must be"),
        ({"real": 1}, "real must be"),
        ({"status": True}, "status must be"),
    ],
)
def test_a_bad_script_is_refused(aws: Aws, answer: dict[str, Any], said: str) -> None:
    refused = aws.http.put("/_harness/sinks/faults", json={"answers": [answer]})
    assert (refused.status_code, said in refused.json()["message"]) == (400, True)


def test_a_sink_misbehaves_to_others_than_firehose(aws: Aws) -> None:
    """A delivery by any HTTP client: silent, cut off, late in real time."""
    answers = [{"behaviour": "hang"}, {"behaviour": "reset"}, {"seconds": 0.1, "real": True}]
    aws.admin("PUT", "sinks/faults-others", {"answers": answers})
    url = f"{aws.url}/_harness/sinks/faults-others/deliver"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(url, timeout=0.3)
    with pytest.raises(httpx.ReadError):
        httpx.post(url)
    assert httpx.post(url).elapsed.total_seconds() > 0.1
    assert aws.settle() == 0


# -- buckets --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "log_code"),
    [("s3-denied", "S3.AccessDenied"), ("s3-gone", "S3.NoSuchBucket"), ("s3-slow", "InternalError")],
)
def test_a_bucket_in_trouble(aws: Aws, fault: str, log_code: str) -> None:
    """A12: deliveries wait and are retried; when the bucket is back, everything arrives, once."""
    name = f"faults-{fault}"
    aws.client("logs").create_log_group(logGroupName=name)
    aws.client("logs").create_log_stream(logGroupName=name, logStreamName="s")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            **bucket(aws, name),
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": name, "LogStreamName": "s"},
        },
    )
    match = {"resource": [name, f"{name}/*"], "caller": "firehose.amazonaws.com"}
    declare(aws, fault, match, {"seconds": 3600})
    put(aws, name, 3)
    assert aws.settle() > 3600
    assert content(aws, name) == ["<0><1><2>"]
    assert counted(aws)[1] > 5
    events = aws.client("logs").filter_log_events(logGroupName=name)["events"]
    assert {json.loads(event["message"])["errorCode"] for event in events} == {log_code}


def test_only_the_backup_bucket_is_gone(aws: Aws) -> None:
    """A12: the destination gets its objects at once, the backup gets them when it is back."""
    name, backup = "faults-main", "faults-backup"
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            **bucket(aws, name),
            "S3BackupMode": "Enabled",
            "S3BackupConfiguration": bucket(aws, backup),
        },
    )
    declare(aws, "s3-gone", {"resource": f"arn:aws:s3:::{backup}*"})
    put(aws, name, 2)
    aws.advance(120)
    assert (content(aws, name), counted(aws)[1] > 1) == (["<0><1>"], True)
    with pytest.raises(aws.client("s3").exceptions.NoSuchBucket):
        aws.client("s3").list_objects_v2(Bucket=backup)
    aws.admin("DELETE", "faults")
    aws.settle()
    assert content(aws, backup) == ["<0><1>"]


def test_a_lost_acknowledgement_from_s3(aws: Aws) -> None:
    """A12: Firehose writes the same object again, under the same key: one object, no record twice."""
    name = "faults-s3-lost"
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=bucket(aws, name)
    )
    match = {"service": "s3", "operation": "PutObject", "resource": f"{name}/*"}
    declare(aws, "lost-acknowledgement", match, {"nth": [1, 2]}, instead="error")
    put(aws, name, 2)
    aws.settle()
    assert (content(aws, name), counted(aws)) == (["<0><1>"], (3, 2))
