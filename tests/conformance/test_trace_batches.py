"""Records of one batch that part ways: each has its own fate in the trace."""

from __future__ import annotations

import hashlib
import urllib.parse

import pytest

from tests.conformance.test_http_api import Api as HttpApi
from tests.conformance.tracing import (
    ROLE,
    TRANSFORM,
    fates,
    function,
    hops,
    keys,
    mapping,
    put,
    put_stream,
    stream,
    to_s3,
    traced,
)
from tests.conftest import Aws

SOME_FAIL = """
import base64

def handler(event, context):
    bad = [r["kinesis"]["sequenceNumber"] for r in event["Records"] if b"bad" in base64.b64decode(r["kinesis"]["data"])]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}
"""


def aggregate(*data: bytes) -> bytes:
    """A KPL aggregate of short records with one partition key (B10)."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    body = field(1, b"k") + b"".join(field(3, b"\x08\x00" + field(3, each)) for each in data)
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body, usedforsecurity=False).digest()


def test_batch_item_failures_let_the_front_go(aws: Aws) -> None:
    """C9: what is before the first failure is delivered; the rest is tried again."""
    source = stream(aws, "items")
    mapping(
        aws,
        source,
        function(aws, "items", SOME_FAIL),
        FunctionResponseTypes=["ReportBatchItemFailures"],
        MaximumRetryAttempts=1,
    )
    numbers = put_stream(aws, "items", b"good", b"bad", b"behind")
    aws.advance(0)
    first = [traced(aws, number) for number in numbers]
    assert [each["fate"] for each in first] == ["delivered", "buffered", "buffered"]
    assert "batch item failures" in first[1]["fates"][0]["why"]
    aws.settle()
    assert [traced(aws, number)["fate"] for number in numbers] == ["delivered", "dropped", "dropped"]


def test_what_can_not_be_converted_is_not_delivered_with_the_rest(aws: Aws) -> None:
    """A10: format-conversion-failed, while its neighbours are rows of the file."""
    pytest.importorskip("pyarrow")
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "traced"})
    descriptor = {"Columns": [{"Name": "price", "Type": "double"}]}
    glue.create_table(DatabaseName="traced", TableInput={"Name": "events", "StorageDescriptor": descriptor})
    conversion = {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "traced", "TableName": "events"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    hints = {"SizeInMBs": 64, "IntervalInSeconds": 60}
    to_s3(aws, "rows", DataFormatConversionConfiguration=conversion, BufferingHints=hints)
    good, bad = put(aws, "rows", b'{"price": 1.5}', b'{"price": "oops"}')
    aws.settle()
    assert fates(traced(aws, good)) == ["delivered"]
    (fate,) = traced(aws, bad)["fates"]
    assert (fate["fate"], "format-conversion-failed/" in fate["where"]) == ("processing-failed", True)
    assert fate["code"]
    objects = {key: traced(aws, urllib.parse.quote(f"rows-bucket/{key}", safe="")) for key in keys(aws, "rows-bucket")}
    assert sorted((each["fate"], each["records"]) for each in objects.values()) == [
        ("delivered", 1),
        ("processing-failed", 1),
    ]


def test_each_part_of_an_aggregate_has_its_fate(aws: Aws) -> None:
    """B10, A6: a KPL record between plain ones; only its parts are its own."""
    source = stream(aws, "kpl")
    to_s3(aws, "kpl", source=source, transform=function(aws, "kpl", TRANSFORM))
    numbers = put_stream(aws, "kpl", b"first", aggregate(b"one", b"Dropped", b"two"), b"ProcessingFailed")
    aws.settle()
    assert [sorted(fates(traced(aws, number))) for number in numbers] == [
        ["delivered"],
        ["delivered", "dropped"],
        ["processing-failed"],
    ]
    assert len(hops(traced(aws, numbers[1]), "firehose", "take")) == 3


def test_a_fault_on_an_api_shows_on_the_request(aws: Aws) -> None:
    """A rule for service execute-api."""
    api = HttpApi(aws)
    api.route("GET /x", api.function())
    rule = {"fault": "latency", "match": {"service": "execute-api"}, "with": {"seconds": 0}}
    (added,) = aws.admin("POST", "faults", rule)["faults"]
    answer = api.request("GET", "/x")
    (request,) = hops(traced(aws, answer.headers["apigw-requestid"]), "apigateway", "request")
    assert (request["faults"], request["status"]) == ([added["id"]], 200)
