"""Decoders, AWS's validation texts and REST routing (spec/)."""

from __future__ import annotations

import base64
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.spec.awsjson import JsonCodec
from harness.emulator.spec.model import load_model
from harness.emulator.spec.rest import RestCodec

KINESIS = JsonCodec(load_model("kinesis"), "json")
FIREHOSE = JsonCodec(load_model("firehose"), "json")


def refused(codec: JsonCodec, operation: str, body: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        codec.decode(operation, body if isinstance(body, bytes) else orjson.dumps(body))
    return caught.value


def entry(key: str = "k", data: bytes = b"x") -> dict[str, str]:
    return {"PartitionKey": key, "Data": base64.b64encode(data).decode()}


@pytest.mark.parametrize(
    ("operation", "body", "problem"),
    [
        (
            "PutRecords",
            {"StreamName": "s", "Records": []},
            "Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            "PutRecords",
            {"StreamName": "s", "Records": [entry(), entry("")]},
            "Value '' at 'records.2.member.partitionKey' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            "CreateStream",
            {"StreamName": "bad/name"},
            "Value 'bad/name' at 'streamName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            "CreateStream",
            {"StreamName": "s", "StreamModeDetails": {"StreamMode": "X"}},
            "Value 'X' at 'streamModeDetails.streamMode' failed to satisfy constraint: "
            "Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]",
        ),
        (
            "GetRecords",
            {"ShardIterator": "x", "Limit": 10001},
            "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
        ),
    ],
)
def test_validation_texts_kinesis_b3_b13(operation: str, body: Any, problem: str) -> None:
    error = refused(KINESIS, operation, body)
    assert error.code == "ValidationException"
    assert error.message == f"1 validation error detected: {problem}"


def test_firehose_does_not_echo_values_a2() -> None:
    error = refused(
        FIREHOSE,
        "CreateDeliveryStream",
        {
            "DeliveryStreamName": "s",
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": "arn:aws:iam::111122223333:role/r",
                "BucketARN": "arn:aws:s3:::b",
                "CompressionFormat": "SNAPPY",
            },
        },
    )
    assert error.message == (
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to "
        "satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    )


def test_every_problem_is_listed() -> None:
    error = refused(KINESIS, "PutRecord", {"StreamName": "a/b", "Data": "eA==", "PartitionKey": ""})
    assert error.message is not None and error.message.startswith("2 validation errors detected: ")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        {"StreamName": 5},
        {"StreamName": "s", "Records": [{"Data": "eA=", "PartitionKey": "k"}]},
    ],
)
def test_unreadable_input_is_a_serialization_exception(body: Any) -> None:
    assert refused(KINESIS, "PutRecords", body).code == "SerializationException"


def test_record_size_at_the_exact_byte_a5() -> None:
    full = {"DeliveryStreamName": "s", "Record": {"Data": base64.b64encode(bytes(1_024_000)).decode()}}
    assert len(FIREHOSE.decode("PutRecord", orjson.dumps(full))["Record"]["Data"]) == 1_024_000
    over = {"DeliveryStreamName": "s", "Record": {"Data": base64.b64encode(bytes(1_024_001)).decode()}}
    assert "'record.data'" in (refused(FIREHOSE, "PutRecord", over).message or "")


def test_unknown_members_are_ignored_as_on_aws_and_nulls_are_absent() -> None:
    body = orjson.dumps({"StreamName": "s", "Nope": 1, "ShardCount": None})
    assert KINESIS.decode("CreateStream", body) == {"StreamName": "s"}


def test_cbor_blobs_are_bytes_and_timestamps_milliseconds_b1() -> None:
    codec = JsonCodec(load_model("kinesis"), "cbor")
    body = cbor2.dumps({"StreamName": "s", "Data": b"\x00\xff", "PartitionKey": "k"})
    assert codec.decode("PutRecord", body)["Data"] == b"\x00\xff"
    iterator = {
        "StreamName": "s",
        "ShardId": "shardId-000000000000",
        "ShardIteratorType": "AT_TIMESTAMP",
        "Timestamp": 1_500,
    }
    assert codec.decode("GetShardIterator", cbor2.dumps(iterator))["Timestamp"] == 1.5
    answer = codec.encode(
        "GetRecords",
        {
            "Records": [
                {"Data": b"\x01", "ApproximateArrivalTimestamp": 1.5, "PartitionKey": "k", "SequenceNumber": "1"}
            ]
        },
        "application/x-amz-cbor-1.1",
    )
    record = cbor2.loads(answer.body)["Records"][0]
    assert record["Data"] == b"\x01" and record["ApproximateArrivalTimestamp"] == 1500


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.binary(max_size=64)), min_size=1, max_size=20))
def test_batches_round_trip(records: list[tuple[str, bytes]]) -> None:
    body = orjson.dumps({"StreamName": "s", "Records": [entry(key, data) for key, data in records]})
    decoded = KINESIS.decode("PutRecords", body)["Records"]
    assert [(r["PartitionKey"], r["Data"]) for r in decoded] == records


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_any_json_is_accepted_or_refused_in_aws_shape(value: Any) -> None:
    for operation in ("PutRecords", "CreateStream", "GetShardIterator"):
        for body in (value, {"StreamName": value, "Records": value, "ShardCount": value, "Tags": value}):
            try:
                KINESIS.decode(operation, orjson.dumps(body))
            except AwsError as error:
                assert error.code in ("ValidationException", "SerializationException")


LAMBDA = RestCodec(load_model("lambda"))


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/2015-03-31/functions/f", "GetFunction"),
        ("GET", "/2015-03-31/functions/", "ListFunctions"),
        ("GET", "/2015-03-31/functions", "ListFunctions"),
        ("POST", "/2015-03-31/functions/f/invocations", "Invoke"),
        ("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda", "ListTags"),
    ],
)
def test_rest_routes(method: str, target: str, operation: str) -> None:
    found = LAMBDA.router.match(method, target, "")
    assert found is not None and found[0] == operation


def test_rest_locations() -> None:
    request = HttpRequest(
        "POST",
        "/2015-03-31/functions/my%20f/invocations?Qualifier=live",
        [("x-amz-invocation-type", "Event")],
        b"\x00raw",
    )
    params = LAMBDA.decode("Invoke", {"FunctionName": "my-f"}, request)
    assert params == {
        "FunctionName": "my-f",
        "InvocationType": "Event",
        "Qualifier": "live",
        "Payload": b"\x00raw",
    }


def test_more_specific_rest_routes_win() -> None:
    router = RestCodec(load_model("apigateway")).router
    assert router.match("GET", "/restapis/a/resources/r/methods/GET", "")[0] == "GetMethod"  # type: ignore[index]
    assert router.match("POST", "/apikeys", "mode=import&format=csv")[0] == "ImportApiKeys"  # type: ignore[index]
    assert router.match("POST", "/apikeys", "")[0] == "CreateApiKey"  # type: ignore[index]
