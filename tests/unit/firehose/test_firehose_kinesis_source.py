"""A Kinesis stream as source: failures first (A6, A8)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from harness.emulator.call import Call
from harness.emulator.errors import AwsError

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/src"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}


def open_source(rig: Any, shards: int = 1) -> None:
    rig.call("CreateStream", "kinesis", StreamName="src", ShardCount=shards)


def connect(rig: Any, **s3: Any) -> None:
    rig.call(
        "CreateDeliveryStream",
        DeliveryStreamName="d",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": ARN, "RoleARN": rig.ROLE},
        ExtendedS3DestinationConfiguration=rig.s3_settings(BufferingHints=HINTS, **s3),
    )


def write(rig: Any, *data: bytes) -> None:
    records = [{"Data": d, "PartitionKey": d[:20].hex() or "k"} for d in data]
    rig.call("PutRecords", "kinesis", StreamName="src", Records=records)


def fail_kinesis(rig: Any, code: Callable[[str], str | None]) -> list[str]:
    """Calls on Kinesis fail with the code that `code` gives for the operation; returns the list of failed ones."""
    failed: list[str] = []

    async def intercept(call: Call, step: Any) -> Any:
        error = code(call.operation) if call.service == "kinesis" and call.caller.service else None
        if error:
            failed.append(call.operation)
            raise AwsError(error, "no")
        return await step(call)

    rig.world.bus.interceptors.append(intercept)
    return failed


@pytest.mark.parametrize("code", ["AccessDeniedException", "ProvisionedThroughputExceededException", "InternalFailure"])
@pytest.mark.parametrize("operation", ["GetRecords", "GetShardIterator", "ListShards"])
def test_a_source_that_cannot_be_read_holds_the_checkpoint(rig: Any, code: str, operation: str) -> None:
    """A6: the stream stays ACTIVE, reading is retried, recovery goes on at the kept position."""
    open_source(rig)
    connect(rig, CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"})
    write(rig, b"one;")
    broken = True
    failed = fail_kinesis(rig, lambda op: code if broken and op == operation else None)
    rig.restart()
    write(rig, b"two;")
    rig.advance(600)
    assert len(failed) > 3
    assert rig.describe()["DeliveryStreamStatus"] == "ACTIVE"
    broken = False
    write(rig, b"three;")
    assert rig.settle().settled
    assert b"".join(rig.objects()) == b"one;two;three;"
    if code == "AccessDeniedException":
        assert rig.logs.entries[0]["errorCode"] == "Kinesis.AccessDenied"
        assert rig.logs.entries[0]["deliveryStreamVersionId"] == 1


def test_a_deleted_source_leaves_the_stream_active(rig: Any) -> None:
    """A6: log error Kinesis.ResourceNotFound; a new stream of the same name is not picked up; settle ends."""
    open_source(rig)
    connect(rig, CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"})
    rig.call("DeleteStream", "kinesis", StreamName="src", EnforceConsumerDeletion=True)
    rig.advance(1)
    open_source(rig)
    write(rig, b"one")
    rig.restart()
    write(rig, b"two")
    assert rig.settle().settled
    assert rig.describe()["DeliveryStreamStatus"] == "ACTIVE"
    assert [e["errorCode"] for e in rig.logs.entries] == ["Kinesis.ResourceNotFound"]
    assert not rig.objects()


def test_a_missing_source_is_refused_at_create(rig: Any) -> None:
    """A2: a missing or denied source fails the create; nothing is left behind."""
    with pytest.raises(AwsError) as caught:
        connect(rig)
    assert caught.value.code == "InvalidArgumentException"
    assert rig.call("ListDeliveryStreams")["DeliveryStreamNames"] == []
    assert not len(rig.firehose.checkpoints)


def test_puts_and_encryption_are_not_permitted(rig: Any) -> None:
    """A5, A6: PutRecord* and encryption are for Direct PUT only; the encryption member is absent."""
    open_source(rig)
    connect(rig)
    error = rig.error("PutRecordBatch", DeliveryStreamName="d", Records=[{"Data": b"x"}])
    assert (error.code, error.message) == (
        "InvalidArgumentException",
        "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
    )
    assert rig.error("StartDeliveryStreamEncryption", DeliveryStreamName="d").code == "InvalidArgumentException"
    described = rig.describe()
    assert "DeliveryStreamEncryptionConfiguration" not in described
    assert described["Source"]["KinesisStreamSourceDescription"] == {
        "KinesisStreamARN": ARN,
        "RoleARN": rig.ROLE,
        "DeliveryStartTimestamp": rig.START,
    }


def test_reading_starts_at_the_create_time(make_rig: Any) -> None:
    """A6: records put before Create are skipped (even in the same instant), those before ACTIVE are delivered."""
    rig = make_rig(transition_seconds=30)
    open_source(rig, 2)
    rig.advance(30)
    rig.call("PutRecords", "kinesis", StreamName="src", Records=[{"Data": b"old", "PartitionKey": k} for k in "abcdef"])
    connect(rig)
    write(rig, b"new;")
    rig.advance(30)
    write(rig, b"newer;")
    rig.settle()
    assert b"".join(rig.objects()) == b"new;newer;"


def test_a_restart_reads_on_from_the_checkpoint(rig: Any) -> None:
    """Law 4: neither lost nor, when nothing was in between, twice."""
    open_source(rig, 3)
    connect(rig)
    write(rig, *[f"a{n};".encode() for n in range(50)])
    rig.restart()
    write(rig, *[f"b{n};".encode() for n in range(50)])
    rig.advance(400)
    write(rig, b"c;")
    rig.settle()
    got = sorted(b"".join(rig.objects()).split(b";")[:-1])
    assert got == sorted([f"{x}{n}".encode() for x in "ab" for n in range(50)] + [b"c"])


def test_resharding_is_followed_parents_first(rig: Any) -> None:
    """A6: records of parents, then of children, none twice."""
    open_source(rig)
    connect(rig)
    sent = []
    for round_number in range(3):
        data = [f"{round_number}-{n};".encode() for n in range(30)]
        write(rig, *data)
        sent += data
        open_shards = [
            s for s in rig.call("ListShards", "kinesis", StreamName="src")["Shards"]
            if "EndingSequenceNumber" not in s["SequenceNumberRange"]
        ]  # fmt: skip
        low, high = (int(open_shards[0]["HashKeyRange"][k]) for k in ("StartingHashKey", "EndingHashKey"))
        rig.call(
            "SplitShard", "kinesis", StreamName="src", ShardToSplit=open_shards[0]["ShardId"],
            NewStartingHashKey=str((low + high) // 2),
        )  # fmt: skip
    write(rig, b"end;")
    rig.settle()
    body = b"".join(rig.objects())
    assert sorted(body.split(b";")[:-1]) == sorted(d[:-1] for d in [*sent, b"end;"])
    order = [int(item[:1]) for item in body.split(b";") if item[:1].isdigit()]
    assert order == sorted(order)


def test_the_event_names_source_and_position(rig: Any) -> None:
    """A8: sourceKinesisStreamArn and kinesisRecordMetadata; recordId from the sequence number."""
    open_source(rig)
    connect(rig, ProcessingConfiguration=rig.processing())
    write(rig, b"one")
    rig.settle()
    event = rig.lambda_.events[0]
    assert list(event) == ["invocationId", "sourceKinesisStreamArn", "deliveryStreamArn", "region", "records"]
    assert event["sourceKinesisStreamArn"] == ARN
    (record,) = event["records"]
    metadata = record["kinesisRecordMetadata"]
    assert list(metadata) == [
        "sequenceNumber",
        "subsequenceNumber",
        "partitionKey",
        "shardId",
        "approximateArrivalTimestamp",
    ]
    assert record["recordId"] == metadata["sequenceNumber"] + "000000"
    assert metadata["subsequenceNumber"] == 0
    assert metadata["shardId"] == "shardId-000000000000"
    assert metadata["approximateArrivalTimestamp"] == record["approximateArrivalTimestamp"] == 1_700_000_000_000
    assert rig.objects() == [b"ONE"]


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def aggregate(*records: tuple[str, bytes]) -> bytes:
    """A KPL aggregate, made apart from the code under test."""
    keys = sorted({key for key, _ in records})
    body = b"".join(field(1, key.encode()) for key in keys)
    for key, data in records:
        body += field(3, field(1, keys.index(key)) + field(3, data))
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()


def test_kpl_aggregates_are_taken_apart(rig: Any) -> None:
    """A6, A8: user records before Lambda and in the raw backup; child index, child's key, outer sequence number."""
    open_source(rig)
    backup = rig.s3_settings("backup")
    connect(rig, ProcessingConfiguration=rig.processing(), S3BackupMode="Enabled", S3BackupConfiguration=backup)
    whole = aggregate(("k1", b"one;"), ("k2", b"x" * 300 + b";"), ("k1", b""))
    damaged = whole[:-1] + b"?"
    write(rig, whole, damaged)
    rig.settle()
    records = rig.lambda_.events[0]["records"]
    metadata = [r["kinesisRecordMetadata"] for r in records]
    assert [(m["subsequenceNumber"], m["partitionKey"]) for m in metadata[:3]] == [(0, "k1"), (1, "k2"), (2, "k1")]
    assert len({m["sequenceNumber"] for m in metadata[:3]}) == 1
    assert len({r["recordId"] for r in records}) == 4
    assert rig.objects(bucket="backup") == [b"one;" + b"x" * 300 + b";" + damaged]


def test_a_full_backlog_stops_reading_until_it_shrinks(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory grows with the buffering hints, not with the traffic; nothing is lost meanwhile."""
    monkeypatch.setattr("harness.emulator.services.firehose.batches.BACKLOG_LIMIT", 3_000_000)
    open_source(rig)
    connect(rig)
    rig.s3.fail = lambda bucket, key: "SlowDown"
    for n in range(20):
        write(rig, *[bytes([65 + n]) * 500_000] * 2)
    held = sum(b.size for b in rig.firehose.batches.values())
    assert held < 12_000_000
    rig.s3.fail = lambda bucket, key: None
    rig.settle()
    assert len(b"".join(rig.objects())) == 20_000_000


def test_a_shard_past_its_retention_does_not_end_the_reading(rig: Any) -> None:
    """A6, B7: a closed parent that expired unread counts as read; its children go on."""
    open_source(rig)
    connect(rig)
    gone = "shardId-000000000000"

    async def intercept(call: Call, step: Any) -> Any:
        if call.params.get("ShardId") == gone:
            raise AwsError("ResourceNotFoundException", f"Shard {gone} in stream src does not exist")
        answer = await step(call)
        if call.operation == "ListShards":
            answer["Shards"] = [shard for shard in answer["Shards"] if shard["ShardId"] != gone]
        return answer

    half = str(2**127)
    rig.run(rig.world.stop())
    rig.call("SplitShard", "kinesis", StreamName="src", ShardToSplit=gone, NewStartingHashKey=half)
    rig.world.bus.interceptors.append(intercept)
    write(rig, b"one;", b"two;")
    rig.run(rig.world.start())
    assert rig.settle().settled
    assert sorted(b"".join(rig.objects()).split(b";")) == [b"", b"one", b"two"]


def test_deleting_while_the_source_fails(rig: Any) -> None:
    """A4: nothing is left behind, no retry goes on."""
    open_source(rig)
    connect(rig)
    fail_kinesis(rig, lambda op: "AccessDeniedException")
    rig.restart()
    rig.call("DeleteDeliveryStream", DeliveryStreamName="d")
    assert rig.settle().elapsed == 0
    assert not len(rig.firehose.checkpoints)
