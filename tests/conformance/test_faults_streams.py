"""Faults of Kinesis and Direct PUT streams: batches, limits, iterators, shards, keys, time between services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.faults import counted, declare, error_of
from tests.conftest import Aws

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}


def stream(aws: Aws, name: str, shards: int = 1) -> Any:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    return kinesis


def entries(count: int, size: int = 4) -> list[dict[str, Any]]:
    return [{"Data": f"{n:04d}".ljust(size, ".").encode(), "PartitionKey": f"k{n}"} for n in range(count)]


def delivery(aws: Aws, name: str, source: str | None = None, **settings: Any) -> Any:
    """A delivery stream to the bucket of its name."""
    aws.client("s3").create_bucket(Bucket=name)
    if source is not None:
        arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{source}"
        settings["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": arn, "RoleARN": ROLE}
        settings["DeliveryStreamType"] = "KinesisStreamAsSource"
    firehose = aws.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{name}",
            "BufferingHints": HINTS,
        },
        **settings,
    )
    return firehose


def content(aws: Aws, bucket: str) -> bytes:
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return b"".join(s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found)


# -- batches --------------------------------------------------------------------------------------------------


def test_entries_of_put_records_fail(aws: Aws) -> None:
    """B3: the answer names each entry's fate in the request's order; what did not fail is written."""
    kinesis = stream(aws, "faults-partial")
    declare(aws, "partial-failure", {"resource": "faults-partial"}, {"count": 1}, indexes=[0, 2, 99])
    answer = kinesis.put_records(StreamName="faults-partial", Records=entries(4))
    assert answer["FailedRecordCount"] == 2
    assert [entry.get("ErrorCode") for entry in answer["Records"]] == ["InternalFailure", None, "InternalFailure", None]
    assert answer["Records"][0]["ErrorMessage"] == "Internal service failure."
    assert answer["Records"][1]["SequenceNumber"] < answer["Records"][3]["SequenceNumber"]
    assert kinesis.put_records(StreamName="faults-partial", Records=entries(4))["FailedRecordCount"] == 0
    assert counted(aws) == (2, 1)


@pytest.mark.parametrize(("fraction", "failed"), [(0, 0), (0.5, 5), (1, 10)])
def test_entries_of_put_record_batch_fail(aws: Aws, fraction: float, failed: int) -> None:
    """A5: HTTP 200 with FailedPutCount, even if all failed."""
    name = f"faults-batch-{failed}"
    firehose = delivery(aws, name)
    declare(aws, "partial-failure", {"service": "firehose"}, fraction=fraction, code="ServiceUnavailableException")
    records = [{"Data": f"{n}".encode()} for n in range(10)]
    answer = firehose.put_record_batch(DeliveryStreamName=name, Records=records)
    assert (answer["FailedPutCount"], answer["Encrypted"]) == (failed, False)
    refused = [entry for entry in answer["RequestResponses"] if "ErrorCode" in entry]
    assert refused == [{"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}] * failed
    aws.settle()
    kept = [n for n, entry in enumerate(answer["RequestResponses"]) if "RecordId" in entry]
    assert content(aws, name) == "".join(map(str, kept)).encode()
    assert counted(aws) == (1, 1 if failed else 0)


def test_a_shard_throttles_by_its_real_limits(aws: Aws) -> None:
    """B2: 1,000 records per second and shard, entry by entry; a second later there is room again."""
    kinesis = stream(aws, "faults-throttle", 2)
    declare(aws, "throttle", {"resource": "faults-throttle"})
    low = [{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}]
    high = [{"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(2**128 - 1)}]

    def put(records: list[dict[str, Any]]) -> int:
        return int(kinesis.put_records(StreamName="faults-throttle", Records=records)["FailedRecordCount"])

    assert (put(low * 500), put(low * 500), put(low * 10), put(high * 10)) == (0, 0, 10, 0)
    answer = kinesis.put_records(StreamName="faults-throttle", Records=low)["Records"][0]
    assert answer == {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream faults-throttle under account "
        "000000000000.",
    }
    single = {"StreamName": "faults-throttle", "Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}
    assert error_of(kinesis.put_record, **single) == ("ProvisionedThroughputExceededException", 400)
    aws.advance(0.0105)
    assert put(low * 11) == 1
    aws.advance(1)
    kinesis.put_record(**single)
    assert counted(aws) == (8, 4)
    assert put([{"Data": b"x" * 1_000_000, "PartitionKey": "k", "ExplicitHashKey": "0"}] * 2) == 1


def test_direct_put_throttles_by_its_quota(aws: Aws) -> None:
    """A5: entries fail with `Slow down.`, PutRecord with 503."""
    firehose = delivery(aws, "faults-quota")
    declare(aws, "firehose-quota", records=3)
    batch = {"DeliveryStreamName": "faults-quota", "Records": [{"Data": b"x"}] * 2}
    assert [firehose.put_record_batch(**batch)["FailedPutCount"] for _ in range(2)] == [0, 1]
    one = {"DeliveryStreamName": "faults-quota", "Record": {"Data": b"x"}}
    assert error_of(firehose.put_record, **one) == ("ServiceUnavailableException", 503)
    aws.advance(1)
    firehose.put_record(**one)
    assert counted(aws) == (4, 2)


# -- readers --------------------------------------------------------------------------------------------------


def test_an_expired_iterator_for_clients_and_for_firehose(aws: Aws) -> None:
    """B5; a reader that gets it asks for a new one and loses nothing."""
    kinesis = stream(aws, "faults-iterator")
    delivery(aws, "faults-iterator-out", "faults-iterator")
    match = {"resource": "faults-iterator", "caller": "firehose.amazonaws.com"}
    inside = declare(aws, "expired-iterator", match, {"nth": [1, 3]})
    kinesis.put_records(StreamName="faults-iterator", Records=entries(5))
    aws.settle()
    assert content(aws, "faults-iterator-out") == b"".join(entry["Data"] for entry in entries(5))
    assert counted(aws, inside)[1] == 2
    outside = declare(aws, "expired-iterator", {"resource": "faults-iterator", "caller": "external"})
    shard = {"StreamName": "faults-iterator", "ShardId": "0", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**shard)["ShardIterator"]
    assert error_of(kinesis.get_records, ShardIterator=iterator) == ("ExpiredIteratorException", 400)
    aws.admin("DELETE", "faults/" + outside)
    assert len(kinesis.get_records(ShardIterator=iterator)["Records"]) == 5


@pytest.mark.parametrize(("action", "shards", "open_after"), [("split", 1, 2), ("merge", 2, 1)])
def test_resharding_in_flight(aws: Aws, action: str, shards: int, open_after: int) -> None:
    """B7: between two puts the shards change; a delivery stream reads parents and children to their ends."""
    name = f"faults-{action}"
    kinesis = stream(aws, name, shards)
    delivery(aws, f"{name}-out", name)
    declare(aws, "reshard", {"operation": "PutRecords", "resource": name}, {"nth": 2}, action=action)
    sent = entries(30)
    used = []
    for start in (0, 10, 20):
        answer = kinesis.put_records(StreamName=name, Records=sent[start : start + 10])
        used.append({entry["ShardId"] for entry in answer["Records"]})
    assert not used[0] & used[1]
    assert used[1] == used[2]
    described = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert described["OpenShardCount"] == open_after
    aws.settle()
    delivered = content(aws, f"{name}-out")
    assert sorted(delivered[n : n + 4] for n in range(0, len(delivered), 4)) == [entry["Data"] for entry in sent]
    assert counted(aws) == (3, 1)


def test_a_merge_without_a_neighbour_is_not_counted(aws: Aws) -> None:
    kinesis = stream(aws, "faults-alone")
    declare(aws, "reshard", action="merge")
    kinesis.put_records(StreamName="faults-alone", Records=entries(1))
    assert counted(aws) == (1, 0)


def test_a_source_that_resets_and_times_out(aws: Aws) -> None:
    """What Firehose calls fails as its client would: it goes on where it stood, on the clock."""
    kinesis = stream(aws, "faults-source")
    delivery(aws, "faults-source-out", "faults-source")
    match = {"service": "kinesis", "operation": "GetRecords", "caller": "firehose.amazonaws.com"}
    declare(aws, "connection-reset", match, {"nth": 1})
    declare(aws, "timeout", match, {"nth": 1}, seconds=45)
    declare(aws, "lost-acknowledgement", match, {"nth": 1})
    kinesis.put_records(StreamName="faults-source", Records=entries(3))
    assert aws.settle() > 45
    assert content(aws, "faults-source-out") == b"".join(entry["Data"] for entry in entries(3))
    assert aws.admin("GET", "faults")["all_fired"]


# -- keys -----------------------------------------------------------------------------------------------------


def test_a_disabled_key(aws: Aws) -> None:
    """B5, A16: encrypted streams see it, others do not; with the key back all heals."""
    kinesis = stream(aws, "faults-kms")
    stream(aws, "faults-plain")
    firehose = delivery(aws, "faults-kms-out", "faults-kms")
    delivery(aws, "faults-kms-put", DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"})
    kinesis.start_stream_encryption(StreamName="faults-kms", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    kinesis.put_record(StreamName="faults-kms", Data=b"before", PartitionKey="k")
    declare(aws, "kms-disabled")
    encrypted = {"StreamName": "faults-kms", "Data": b"x", "PartitionKey": "k"}
    assert error_of(kinesis.put_record, **encrypted) == ("KMSDisabledException", 400)
    direct = {"DeliveryStreamName": "faults-kms-put", "Record": {"Data": b"x"}}
    assert error_of(firehose.put_record, **direct) == ("InvalidKMSResourceException", 400)
    object_ = {"Bucket": "faults-kms-put", "Key": "k", "Body": b"", "ServerSideEncryption": "aws:kms"}
    assert error_of(aws.client("s3").put_object, SSEKMSKeyId="key-1", **object_)[0] == "KMS.DisabledException"
    kinesis.put_record(**encrypted | {"StreamName": "faults-plain"})
    assert counted(aws)[1] == 3
    aws.admin("DELETE", "faults")
    kinesis.put_record(**encrypted)
    aws.settle()
    assert content(aws, "faults-kms-out") == b"beforex"


def test_a_disabled_key_holds_a_reader_back(aws: Aws) -> None:
    """B5: GetRecords of an encrypted stream fails until the key is back; the records wait."""
    kinesis = stream(aws, "faults-kms-read")
    kinesis.start_stream_encryption(StreamName="faults-kms-read", EncryptionType="KMS", KeyId="alias/aws/kinesis")
    delivery(aws, "faults-kms-read-out", "faults-kms-read")
    declare(aws, "kms-disabled", {"operation": "GetRecords"}, {"seconds": 600}, key="alias/aws/kinesis")
    kinesis.put_record(StreamName="faults-kms-read", Data=b"late", PartitionKey="k")
    assert aws.settle() > 600
    assert content(aws, "faults-kms-read-out") == b"late"
    assert counted(aws)[1] > 3
