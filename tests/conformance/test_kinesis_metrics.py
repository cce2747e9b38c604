"""Kinesis' CloudWatch metrics (B12)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.faults import declare
from tests.conformance.metrics import metric, metric_names

KINESIS = "AWS/Kinesis"
AGE = "GetRecords.IteratorAgeMilliseconds"


def make(aws: Any, name: str, shards: int = 1) -> Any:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    return kinesis


def read(kinesis: Any, name: str) -> list[Any]:
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return list(kinesis.get_records(ShardIterator=iterator)["Records"])


def test_an_idle_stream_has_no_metrics(aws: Any) -> None:
    make(aws, "idle")
    aws.advance(600)
    assert metric_names(aws, KINESIS, StreamName="idle") == set()


def test_a_refused_call_measures_nothing(aws: Any) -> None:
    """A call with bad input reaches no stream."""
    kinesis = make(aws, "refused")
    with pytest.raises(ClientError):
        kinesis.put_record(StreamName="refused", Data=b"a", PartitionKey="")
    assert metric_names(aws, KINESIS, StreamName="refused") == set()


def test_throttled_and_failed_records(aws: Any) -> None:
    """B12: ThrottledRecords are throttles, FailedRecords internal failures; Write…Exceeded counts records."""
    kinesis = make(aws, "throttled")
    records = [{"Data": b"abc", "PartitionKey": "k"}] * 4

    def rule(code: str, indexes: list[int]) -> None:
        aws.admin("DELETE", "faults")
        declare(aws, "partial-failure", {"service": "kinesis"}, code=code, indexes=indexes)

    rule("ProvisionedThroughputExceededException", [0, 1])
    kinesis.put_records(StreamName="throttled", Records=records)
    rule("InternalFailure", [0, 1, 2, 3])
    kinesis.put_records(StreamName="throttled", Records=records)
    for name, total in {
        "PutRecords.TotalRecords": 8,
        "PutRecords.SuccessfulRecords": 2,
        "PutRecords.ThrottledRecords": 2,
        "PutRecords.FailedRecords": 4,
        "PutRecords.Success": 1,
        "WriteProvisionedThroughputExceeded": 2,
        "IncomingRecords": 2,
    }.items():
        assert (name, metric(aws, KINESIS, name, StreamName="throttled")[0]) == (name, total)
    assert metric(aws, KINESIS, "PutRecords.Success", StreamName="throttled")[1] == 2
    declare(aws, "error", {"service": "kinesis"}, code="ProvisionedThroughputExceededException")
    with pytest.raises(ClientError):
        kinesis.put_record(StreamName="throttled", Data=b"a", PartitionKey="k")
    assert metric(aws, KINESIS, "PutRecord.Success", StreamName="throttled")[:2] == (0, 1)
    assert metric(aws, KINESIS, "WriteProvisionedThroughputExceeded", StreamName="throttled")[0] == 3


def test_puts(aws: Any) -> None:
    """B12: names and units; one sample per call."""
    kinesis = make(aws, "puts")
    kinesis.put_record(StreamName="puts", Data=b"12345", PartitionKey="key")
    records = [{"Data": b"1", "PartitionKey": "a"}, {"Data": b"22", "PartitionKey": "bb"}]
    kinesis.put_records(StreamName="puts", Records=records)
    expected = {
        "IncomingBytes": (14, 2, 8, "Bytes"),
        "IncomingRecords": (3, 2, 2, "Count"),
        "WriteProvisionedThroughputExceeded": (0, 2, 0, "Count"),
        "PutRecord.Bytes": (8, 1, 8, "Bytes"),
        "PutRecord.Latency": (0, 1, 0, "Milliseconds"),
        "PutRecord.Success": (1, 1, 1, "Count"),
        "PutRecords.Bytes": (6, 1, 6, "Bytes"),
        "PutRecords.Latency": (0, 1, 0, "Milliseconds"),
        "PutRecords.Success": (1, 1, 1, "Count"),
        "PutRecords.Records": (2, 1, 2, "Count"),
        "PutRecords.TotalRecords": (2, 1, 2, "Count"),
        "PutRecords.SuccessfulRecords": (2, 1, 2, "Count"),
        "PutRecords.FailedRecords": (0, 1, 0, "Count"),
        "PutRecords.ThrottledRecords": (0, 1, 0, "Count"),
    }
    assert {name: metric(aws, KINESIS, name, StreamName="puts") for name in expected} == expected
    assert metric_names(aws, KINESIS, StreamName="puts") == set(expected)


def test_reads(aws: Any) -> None:
    """B12: the iterator's age is that of the last record read."""
    kinesis = make(aws, "reads")
    assert read(kinesis, "reads") == []
    assert metric(aws, KINESIS, AGE, StreamName="reads") == (0, 1, 0, "Milliseconds")
    kinesis.put_record(StreamName="reads", Data=b"12345", PartitionKey="key")
    aws.advance(90)
    assert len(read(kinesis, "reads")) == 1
    assert metric(aws, KINESIS, AGE, StreamName="reads") == (90_000, 2, 90_000, "Milliseconds")
    expected = {
        "GetRecords.Bytes": (8, 2, 8, "Bytes"),
        "GetRecords.Records": (1, 2, 1, "Count"),
        "GetRecords.Latency": (0, 2, 0, "Milliseconds"),
        "GetRecords.Success": (2, 2, 1, "Count"),
        "ReadProvisionedThroughputExceeded": (0, 2, 0, "Count"),
    }
    assert {name: metric(aws, KINESIS, name, StreamName="reads") for name in expected} == expected


def test_shard_level_metrics(aws: Any) -> None:
    """B12: with enhanced monitoring only, and those that are enabled; dimensions StreamName and ShardId."""
    kinesis = make(aws, "shards", 2)
    kinesis.put_record(StreamName="shards", Data=b"before", PartitionKey="k", ExplicitHashKey="0")
    enabled = ["IncomingBytes", "IncomingRecords", "OutgoingRecords"]
    kinesis.enable_enhanced_monitoring(StreamName="shards", ShardLevelMetrics=enabled)
    low, high = {"ExplicitHashKey": "0"}, {"ExplicitHashKey": str(2**128 - 1)}
    kinesis.put_record(StreamName="shards", Data=b"1", PartitionKey="k", **low)
    batch = [{"Data": b"22", "PartitionKey": "k", **where} for where in (low, high, high)]
    kinesis.put_records(StreamName="shards", Records=batch)
    read(kinesis, "shards")
    first = {"StreamName": "shards", "ShardId": "shardId-000000000000"}
    second = {"StreamName": "shards", "ShardId": "shardId-000000000001"}
    assert metric(aws, KINESIS, "IncomingBytes", **first) == (5, 2, 3, "Bytes")
    assert metric(aws, KINESIS, "IncomingRecords", **second) == (2, 1, 2, "Count")
    assert metric(aws, KINESIS, "OutgoingRecords", **first) == (3, 1, 3, "Count")
    assert metric_names(aws, KINESIS, **first) == set(enabled)
    kinesis.disable_enhanced_monitoring(StreamName="shards", ShardLevelMetrics=["ALL"])
    kinesis.put_record(StreamName="shards", Data=b"after", PartitionKey="k", **low)
    assert metric(aws, KINESIS, "IncomingRecords", **first)[0] == 2
