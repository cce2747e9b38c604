"""The trace through the four shapes of systems, by every id that a user may hold."""

from __future__ import annotations

import json
import urllib.parse
from typing import Any

from tests.conformance.apigateway_api import Api as RestApi
from tests.conformance.apigateway_api import service_uri
from tests.conformance.test_http_api import Api as HttpApi
from tests.conformance.tracing import (
    CONSUMER,
    ROLE,
    TRANSFORM,
    fates,
    function,
    hops,
    keys,
    mapping,
    put,
    put_stream,
    queue,
    stream,
    to_s3,
    to_sink,
    traced,
)
from tests.conftest import Aws

FORWARD = """
import boto3, json, os

def handler(event, context):
    client = boto3.client("kinesis")
    answer = client.put_record(StreamName="http-events", Data=event["body"].encode(), PartitionKey="k")
    return {"statusCode": 202, "body": answer["SequenceNumber"]}
"""


def rest_to_firehose(aws: Aws, name: str) -> RestApi:
    """REST API → Firehose PutRecord."""
    api = RestApi(aws, name)
    template = {"DeliveryStreamName": name, "Record": {"Data": "$util.base64Encode($input.json('$'))"}}
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": service_uri("firehose", "PutRecord"),
        "credentials": ROLE,
        "requestTemplates": {"application/json": json.dumps(template)},
    }
    api.method("/events", "POST", integration, {"200": {}})
    api.deploy()
    return api


# -- failures ----------------------------------------------------------------------------------------------------


def test_rest_request_that_is_refused(aws: Aws) -> None:
    """D1: no method: nothing was written, and the trace says what was answered."""
    api = rest_to_firehose(aws, "refusing-api")
    to_sink(aws, "refusing-api")
    answer = api.send("GET", "/test/events")
    found = traced(aws, answer.headers["x-amzn-requestid"])
    assert (found["kind"], found["fate"]) == ("api-request", "refused")
    assert found["hops"][0]["status"] == answer.status_code == 403


def test_rest_to_firehose_to_lambda_to_a_failing_endpoint(aws: Aws) -> None:
    """System one, down to the backup: request → record → transform → endpoint refuses → object."""
    api = rest_to_firehose(aws, "iot")
    to_sink(aws, "iot", transform=function(aws, "iot", TRANSFORM), seconds=5)
    aws.admin("PUT", "sinks/iot", {"answers": [{"status": 503, "times": 99}]})
    answer = api.send("POST", "/test/events", json={"a": 1})
    assert answer.status_code == 200
    request_id = answer.headers["x-amzn-requestid"]
    assert traced(aws, request_id)["fate"] == "buffered"
    aws.settle()
    found = traced(aws, request_id)
    (key,) = keys(aws, "iot-bucket")
    assert [(fate["fate"], fate["where"]) for fate in found["fates"]] == [("delivery-failed", f"s3://iot-bucket/{key}")]
    services = [(hop["service"], hop["event"]) for hop in found["hops"]]
    for step in [("apigateway", "request"), ("firehose", "put"), ("firehose", "invoke"), ("firehose", "request")]:
        assert step in services
    assert services[-1] == ("firehose", "put-object")
    # The same way by the record's own id.
    by_record = traced(aws, answer.json()["RecordId"])
    assert by_record["fates"] == found["fates"]
    assert hops(by_record, "apigateway", "request")[0]["request_id"] == request_id


def test_http_api_to_a_function_that_raises(aws: Aws) -> None:
    """D9: 500, nothing written."""
    api = HttpApi(aws)
    api.route("POST /events", api.function("def handler(e, c): raise RuntimeError('boom')"))
    answer = api.request("POST", "/events", json={})
    found = traced(aws, answer.headers["apigw-requestid"])
    assert found["fate"] == "refused"
    assert hops(found, "lambda", "run")


def test_kinesis_to_esm_shows_retries_and_the_dead_letter_of_the_poison_only(aws: Aws) -> None:
    """System four: a bisected batch; the neighbours are delivered, the poison ends in the queue."""
    source, letters = stream(aws, "esm"), queue(aws, "esm-dlq")
    mapping(
        aws,
        source,
        function(aws, "esm", CONSUMER),
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
        DestinationConfig={"OnFailure": {"Destination": letters}},
    )
    numbers = put_stream(aws, "esm", b"good", b"fail", b"fine")
    aws.settle()
    found = [traced(aws, number) for number in numbers]
    assert [each["fate"] for each in found] == ["delivered", "dead-lettered", "delivered"]
    batches = hops(found[0], "lambda", "batch")
    assert batches[0]["text"].endswith("got 3 records and failed: Unhandled")
    assert batches[-1]["result"] == "ok"
    assert len({hop["request_id"] for hop in batches}) == len(batches)


def test_a_function_that_fails_once_by_a_fault_shows_the_rule(aws: Aws) -> None:
    """The rule that hit the invocation stands in the hop."""
    source = stream(aws, "esm-fault")
    mapping(aws, source, function(aws, "esm-fault", CONSUMER))
    rule = {"fault": "lambda-raise", "match": {"resource": "esm-fault"}, "when": {"nth": [1]}}
    (added,) = aws.admin("POST", "faults", rule)["faults"]
    (number,) = put_stream(aws, "esm-fault", b"one")
    aws.settle()
    found = traced(aws, number)
    first, second = hops(found, "lambda", "batch")
    assert (first["faults"], first["result"]) == ([added["id"]], "Unhandled")
    assert ("faults" in second, found["fate"]) == (False, "delivered")


# -- what goes well ----------------------------------------------------------------------------------------------


def test_kinesis_to_firehose_to_lambda_to_s3(aws: Aws) -> None:
    """System two: by sequence number, by the recordId of the transform, by object key."""
    source = stream(aws, "relay", shards=2)
    to_s3(aws, "relay", transform=function(aws, "relay", TRANSFORM), source=source)
    numbers = put_stream(aws, "relay", *(f"line {i}".encode() for i in range(20)))
    aws.settle()
    written = keys(aws, "relay-bucket")
    found = traced(aws, numbers[7])
    (fate,) = found["fates"]
    assert fate["fate"] == "delivered"
    assert fate["where"].removeprefix("s3://relay-bucket/") in written
    events = [(hop["service"], hop["event"]) for hop in found["hops"]]
    assert events[:3] == [("kinesis", "put"), ("kinesis", "read"), ("firehose", "take")]
    (invoked,) = hops(found, "firehose", "invoke")
    assert invoked["invocation_id"] and invoked["request_id"] != invoked["invocation_id"]
    assert traced(aws, f"{numbers[7]}000000")["fates"] == found["fates"]
    assert traced(aws, f"relay/{numbers[7]}")["fates"] == found["fates"]
    objects = [traced(aws, urllib.parse.quote(f"s3://relay-bucket/{key}", safe="")) for key in written]
    assert sum(each["records"] for each in objects) == 20
    assert {each["fate"] for each in objects} == {"delivered"}
    assert traced(aws, urllib.parse.quote(written[0], safe=""))["object"] == f"s3://relay-bucket/{written[0]}"


def test_http_api_to_lambda_to_kinesis_to_a_function(aws: Aws) -> None:
    """System three: the function's own PutRecord belongs to the request."""
    source = stream(aws, "http-events")
    mapping(aws, source, function(aws, "http-consumer", CONSUMER))
    api = HttpApi(aws)
    api.route("POST /events", api.function(FORWARD, TimeoutInMillis=20000))
    answer = api.request("POST", "/events", content=b"hello")
    assert answer.status_code == 202, answer.text
    request_id = answer.headers["apigw-requestid"]
    aws.settle()
    found = traced(aws, request_id)
    assert (found["kind"], found["fate"]) == ("api-request", "delivered")
    assert found["fates"][0]["where"].endswith(":function:http-consumer")
    by_number = traced(aws, answer.text)
    assert hops(by_number, "apigateway", "request")[0]["request_id"] == request_id
    assert by_number["fates"] == found["fates"]
    (run,) = [hop for hop in hops(by_number, "lambda", "run") if "apigateway" in hop["text"]]
    assert traced(aws, run["request_id"])["fates"] == found["fates"]


def test_http_api_to_kinesis_without_a_function(aws: Aws) -> None:
    """D9: the first-class integration."""
    stream(aws, "direct")
    api = HttpApi(aws)
    integration = api.v2.create_integration(
        ApiId=api.api_id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="Kinesis-PutRecord",
        PayloadFormatVersion="1.0",
        CredentialsArn=ROLE,
        RequestParameters={"StreamName": "direct", "Data": "$request.body", "PartitionKey": "$context.requestId"},
    )["IntegrationId"]
    api.route("POST /events", integration)
    answer = api.request("POST", "/events", content=b"aGVsbG8=")
    found = traced(aws, answer.headers["apigw-requestid"])
    assert found["fate"] == "read-by-nobody"
    assert hops(found, "kinesis", "put")[0]["sequence_number"] == answer.json()["SequenceNumber"]


def test_a_record_with_two_readers_has_two_fates(aws: Aws) -> None:
    source = stream(aws, "shared")
    delivery = to_s3(aws, "shared", source=source)
    mapping(aws, source, function(aws, "shared", CONSUMER), MaximumRetryAttempts=0)
    (number,) = put_stream(aws, "shared", b"fail")
    aws.settle()
    found = traced(aws, number)
    assert sorted(fates(found)) == ["delivered", "dropped"]
    assert found["fate"] == "dropped"
    assert {fate["by"] for fate in found["fates"]} >= {delivery}


def test_a_text_finds_the_records_that_are_still_held(aws: Aws) -> None:
    """In shards and in buffers; a record that is in both counts once."""
    source = stream(aws, "texts")
    to_s3(aws, "texts", source=source)
    to_s3(aws, "texts-direct")
    put_stream(aws, "texts", b"other", b"with token-1 inside")
    put(aws, "texts-direct", b"token-1", b"other")
    for path in ("trace/token-1", "trace?contains=token-1"):
        found: Any = aws.http.get(f"/_harness/{path}").json()
        assert [match["kind"] for match in found["matches"]] == ["kinesis-record", "firehose-record"]
        assert {match["fate"] for match in found["matches"]} == {"buffered"}
    aws.settle()
    found = aws.http.get("/_harness/trace/token-1").json()
    assert [match["kind"] for match in found["matches"]] == ["kinesis-record"]
    assert found["matches"][0]["fate"] == "delivered"


def test_a_failed_record_is_found_by_its_text_while_its_error_line_waits(aws: Aws) -> None:
    """A10: the line has it in base64."""
    to_s3(aws, "texts-failed", transform=function(aws, "texts-failed", TRANSFORM))
    put(aws, "texts-failed", b"ProcessingFailed token-2")
    aws.advance(60)
    (match,) = aws.http.get("/_harness/trace/token-2").json()["matches"]
    assert match["fates"][0]["code"] == "Lambda.ProcessingFailedStatus"


def test_parts_of_a_record_are_followed(aws: Aws) -> None:
    """A13: RecordDeAggregation and dynamic partitioning; the parts go to objects of their own."""
    processors = [
        {"Type": "RecordDeAggregation", "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}]},
        {
            "Type": "MetadataExtraction",
            "Parameters": [
                {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{c: .c}"},
                {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
            ],
        },
    ]
    to_s3(
        aws,
        "parts",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DynamicPartitioningConfiguration={"Enabled": True},
        Prefix="c=!{partitionKeyFromQuery:c}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
    )
    (whole,) = put(aws, "parts", b'{"c": "a"}{"c": "b"}{"x": 1}')
    aws.settle()
    found = traced(aws, whole)
    assert sorted(fates(found)) == ["delivered", "delivered", "processing-failed"]
    assert {fate["where"].split("/")[3] for fate in found["fates"]} == {"c=a", "c=b", "errors"}


def test_a_source_backup_is_a_copy_not_a_fate(aws: Aws) -> None:
    """A12: S3BackupMode Enabled."""
    copies = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::copies",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 900},
    }
    aws.client("s3").create_bucket(Bucket="copies")
    to_s3(aws, "backed-up", S3BackupMode="Enabled", S3BackupConfiguration=copies)
    (record,) = put(aws, "backed-up", b"one")
    aws.advance(61)
    assert fates(traced(aws, record)) == ["delivered"]
    aws.settle()
    found = traced(aws, record)
    assert fates(found) == ["delivered"]
    assert len(hops(found, "firehose", "put-object")) == 2
    (key,) = keys(aws, "copies")
    assert traced(aws, urllib.parse.quote(f"s3://copies/{key}", safe=""))["fate"] == "copy"
