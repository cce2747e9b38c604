"""The ledger against the emulator, through public APIs only: every entry point, every sink, every fate."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from harness.ledger import (
    ByClock,
    FirehoseEntry,
    HttpEntry,
    KinesisEntry,
    Ledger,
    LedgerBroken,
    Sent,
    aws_client,
    bursts,
    how_to_settle,
    json_envelope,
)
from harness.sinks import (
    DeadLetterQueue,
    DynamoDbTable,
    ErrorObjects,
    KinesisStream,
    LogGroup,
    S3Objects,
    Sink,
    emulator_sink,
)
from tests.conformance.ledger_pipelines import HINTS, ROLE, TRANSFORM, bucket, delivery_stream, function, processing
from tests.conftest import Aws

PROCESSOR = """
import base64
def handler(event, context):
    data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
    if any("poison" in each for each in data):
        raise ValueError("told to")
    for each in data:
        print("processed " + each)
"""


def test_every_record_of_a_stream_with_a_transform_has_its_fate(aws: Aws) -> None:
    """A6, A9, A12: delivered, processing-failed and dropped as declared, and all of them in the backup, in order."""
    aws.client("kinesis").create_stream(StreamName="all", ShardCount=2)
    delivery_stream(
        aws,
        "all",
        Prefix="data/!{timestamp:yyyy}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        ProcessingConfiguration=processing(function(aws, "all", TRANSFORM)),
        CompressionFormat="GZIP",
        S3BackupMode="Enabled",
        S3BackupConfiguration={"RoleARN": ROLE, "BucketARN": bucket(aws, "all-backup"), "BufferingHints": HINTS},
    )
    ledger = Ledger(seed=1)

    def make(dice: random.Random, number: int) -> dict[str, Any]:
        return {"n": number, "wants": dice.choice(["Ok", "Ok", "Dropped", "ProcessingFailed"])}

    ledger.run(KinesisEntry(aws.client("kinesis"), "all"), bursts(500, seed=1), make, aws.advance)

    def wants(sent: Sent) -> str:
        assert isinstance(sent.payload, dict)
        return str(sent.payload["wants"])

    ledger.declare("delivered", lambda sent: wants(sent) == "Ok")
    ledger.declare("dropped", lambda sent: wants(sent) == "Dropped")
    ledger.declare("processing-failed", lambda sent: wants(sent) == "ProcessingFailed")
    s3 = aws.client("s3")
    sinks: list[Sink] = [
        S3Objects(s3, "all-data", "data/"),
        ErrorObjects(s3, "all-data", "errors/"),
        S3Objects(s3, "all-backup", fate="copy"),
        KinesisStream(aws.client("kinesis"), "all"),
    ]
    report = ledger.check(sinks, how_to_settle(aws.url), require_order=True)
    report.assert_valid()
    assert report.fates.total() == report.outcomes["acknowledged"] == 500
    assert set(report.fates) == {"delivered", "dropped", "processing-failed"}
    assert {name: (copies.found, copies.missing) for name, copies in report.copies.items()} == {
        "s3://all-backup/": (500, []),
        "kinesis:all": (500, []),
    }
    assert not report.unidentified


@pytest.mark.parametrize("form", ["UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"])
def test_delivered_objects_are_read_in_every_compression(aws: Aws, form: str) -> None:
    """A11: text that nothing separates, in objects of all five formats."""
    delivery_stream(aws, "packed", CompressionFormat=form)
    ledger = Ledger(seed=1)
    ledger.send(FirehoseEntry(aws.client("firehose"), "packed"), [b"plain %d" % n for n in range(50)])
    report = ledger.check([S3Objects(aws.client("s3"), "packed-data")], ByClock(aws.url))
    report.assert_valid()
    assert report.fates == {"delivered": 50}


def test_an_endpoint_that_gives_up_in_the_middle(aws: Aws) -> None:
    """A14: what the endpoint acknowledged is delivered, what it never took lies in the error objects."""
    bad = {"answers": [{"status": 200}, {"status": 500, "times": 100}]}
    aws.admin("PUT", "sinks/relay.example.com", bad)
    s3 = {"RoleARN": ROLE, "BucketARN": bucket(aws, "relay-errors"), "BufferingHints": HINTS}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="relay",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://relay.example.com/in"},
            "BufferingHints": HINTS,
            "RetryOptions": {"DurationInSeconds": 10},
            "RoleARN": ROLE,
            "S3Configuration": s3,
        },
    )
    ledger = Ledger(seed=1)
    entry = FirehoseEntry(aws.client("firehose"), "relay")
    ledger.send(entry, [{"n": n} for n in range(20)])
    aws.advance(70)
    ledger.send(entry, [{"n": n} for n in range(30)])
    sinks: list[Sink] = [
        emulator_sink(aws.url, "relay.example.com"),
        ErrorObjects(aws.client("s3"), "relay-errors", ""),
    ]
    report = ledger.check(sinks, ByClock(aws.url))
    report.assert_valid()
    assert report.fates == {"delivered": 20, "delivery-failed": 30}


def event_source(aws: Aws, name: str) -> tuple[DeadLetterQueue, LogGroup]:
    """A stream of that name, read in batches of ten by a function that logs them, with a dead-letter queue."""
    aws.client("kinesis").create_stream(StreamName=name, ShardCount=2)
    url = aws.client("sqs").create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    function(aws, name, PROCESSOR)
    aws.client("lambda").create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}",
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:us-east-1:000000000000:{name}-dlq"}},
    )
    queue = DeadLetterQueue(aws.client("sqs"), url, aws.client("kinesis"))
    return queue, LogGroup(aws.client("logs"), f"/aws/lambda/{name}", "^processed ")


def test_dead_letters_stand_for_the_records_of_their_batch(aws: Aws) -> None:
    """C9: the message names two positions; the records between them are read from the stream. Looking does not take."""
    queue, log = event_source(aws, "events")
    ledger = Ledger(seed=1)
    payloads: list[Any] = [{"poison": n} if n % 40 == 7 else {"n": n} for n in range(120)]
    ledger.send(KinesisEntry(aws.client("kinesis"), "events"), payloads)
    for _ in range(2):
        report = ledger.check([queue, log], ByClock(aws.url), require_order=True)
        report.assert_valid()
        assert set(report.fates) == {"delivered", "dead-lettered"}
        dead = {token for token, places in report.places.items() if places[0].fate == "dead-lettered"}
        assert {record.token for record in ledger.sent if "poison" in record.payload} <= dead


def test_dead_letters_that_name_another_number_of_records_are_no_proof(aws: Aws) -> None:
    """C8, C9: with a filter or parallel batches, records of others lie between the two positions."""
    queue, _ = event_source(aws, "mixed")
    ledger = Ledger(seed=1)
    first, _, last = ledger.send(KinesisEntry(aws.client("kinesis"), "mixed"), [{}] * 3, key=lambda sent: "one")
    info = {"shardId": first.outcome.shard, "startSequenceNumber": first.outcome.sequence, "batchSize": 2}
    info |= {"endSequenceNumber": last.outcome.sequence}
    info |= {"streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/mixed"}
    body = json.dumps({"KinesisBatchInfo": info})
    aws.client("sqs").send_message(QueueUrl=queue.queue_url, MessageBody=json.dumps({"Message": body}))
    reading = queue.read()
    assert reading.found == []
    assert reading.troubles[0].endswith(f"{first.outcome.shard} holds 3")
    assert DeadLetterQueue(queue.sqs, queue.queue_url).read().troubles[0].endswith("give this sink a Kinesis client")


def test_dead_letters_whose_records_expired_are_no_proof(aws: Aws) -> None:
    """B6, C9: after the retention the stream cannot tell any more which records the message meant."""
    queue, log = event_source(aws, "old")
    ledger = Ledger(seed=1)
    ledger.send(KinesisEntry(aws.client("kinesis"), "old"), [{"poison": 1}])
    aws.settle()
    aws.advance(25 * 3600)
    report = ledger.check([queue, log], ByClock(aws.url))
    assert report.verdict == "unknown"
    assert "stands for 1 records, but" in report.reasons[0]
    assert queue.read().troubles == report.reasons[:1]


def test_tables_and_streams_are_sinks(aws: Aws) -> None:
    """Items with text and binary members; a stream that nobody reads holds what is buffered."""
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("kinesis").create_stream(StreamName="waiting", ShardCount=3)
    ledger = Ledger(seed=1)
    sent = ledger.send(KinesisEntry(aws.client("kinesis"), "waiting"), [{"n": n} for n in range(700)])
    assert {record.outcome.shard for record in sent} == {f"shardId-00000000000{n}" for n in range(3)}
    table = DynamoDbTable(dynamodb, "items")
    waiting = KinesisStream(aws.client("kinesis"), "waiting", fate="buffered")
    report = ledger.check([table, waiting], ByClock(aws.url), require_order=True)
    report.assert_valid()
    assert report.fates == {"buffered": 700}
    for number, kind in ((0, "S"), (1, "B")):
        value = sent[number].data if kind == "B" else sent[number].data.decode()
        dynamodb.put_item(TableName="items", Item={"id": {"S": str(number)}, "content": {kind: value}})
    assert ledger.check([table], ByClock(aws.url)).fates == {"delivered": 2}


def test_a_ledger_that_cannot_read_a_sink_does_not_pass(aws: Aws) -> None:
    """Missing sinks, damaged objects, error objects in the wrong sink: named, and never valid."""
    delivery_stream(aws, "half")
    s3 = aws.client("s3")
    ledger = Ledger(seed=1)
    ledger.send(FirehoseEntry(aws.client("firehose"), "half"), [{"n": 1}])
    good, gone = S3Objects(s3, "half-data"), S3Objects(s3, "half-gone")
    report = ledger.check([good, gone], ByClock(aws.url))
    assert (report.verdict, report.drained) == ("unknown", False)
    assert "s3://half-gone/ cannot be read: NoSuchBucket" in report.reasons[0]
    s3.put_object(Bucket="half-data", Key="broken", Body=b"nonsense", ContentEncoding="gzip")
    line = {"rawData": "b25l", "errorCode": "C", "errorMessage": "m", "attemptsMade": 1, "arrivalTimestamp": 1}
    s3.put_object(Bucket="half-data", Key="processing-failed/x", Body=json.dumps(line).encode())
    with pytest.raises(LedgerBroken, match=r"(?s)broken is not gzip.*is an error object"):
        ledger.check([good], ByClock(aws.url)).assert_valid()


def test_a_loss_is_named(aws: Aws) -> None:
    """What somebody deletes from the bucket is lost, and nothing else."""
    delivery_stream(aws, "thief")
    s3, ledger = aws.client("s3"), Ledger(seed=1)
    entry = FirehoseEntry(aws.client("firehose"), "thief")
    first = ledger.send(entry, [{"n": 1}, {"n": 2}])
    aws.settle()
    (key,) = [each["Key"] for each in s3.list_objects_v2(Bucket="thief-data")["Contents"]]
    s3.delete_object(Bucket="thief-data", Key=key)
    ledger.send(entry, [{"n": 3}])
    report = ledger.check([S3Objects(s3, "thief-data")], ByClock(aws.url))
    assert (report.verdict, report.lost) == ("invalid", first)
    assert report.reasons == ["2 records are lost"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"status": 202}, "acknowledged", ""),
        ({"status": 400}, "refused", "Http400"),
        ({"status": 429}, "throttled", "Http429"),
        ({"status": 500}, "unknown", "Http500"),
        ({"status": 504}, "unknown", "Http504"),
        ({"behaviour": "reset"}, "unknown", "ReadError"),
    ],
)
def test_posts_are_known_by_their_answers(aws: Aws, answer: Any, status: str, code: str) -> None:
    """2xx taken, 4xx not, 5xx and a connection that breaks: nobody knows."""
    aws.admin("PUT", "sinks/in", {"answers": [answer]})
    (record,) = Ledger(seed=1).send(HttpEntry(f"{aws.url}/_harness/sinks/in/deliver"), [{"n": 1}])
    assert record.outcome.status == status
    assert record.outcome.code == code or (code == "ReadError" and record.outcome.code == "RemoteProtocolError")


def test_a_batch_url_tells_what_became_of_each_record(aws: Aws) -> None:
    """B3: an integration that passes PutRecords' answer on; one that does not leaves the batch unknown."""
    entries = [{"ShardId": "s", "SequenceNumber": "1"}, {"ErrorCode": "ProvisionedThroughputExceededException"}]
    answers = [{"body": {"FailedRecordCount": 1, "Records": entries}}, {"body": {"message": "Accepted"}}]
    aws.admin("PUT", "sinks/batch", {"answers": answers})
    ledger = Ledger(seed=1)
    entry = HttpEntry(f"{aws.url}/_harness/sinks/batch/deliver", envelope=json_envelope)
    for _ in answers:
        ledger.send(entry, [{"n": 1}, {"n": 2}])
    assert [record.outcome.status for record in ledger.sent] == ["acknowledged", "throttled", "unknown", "unknown"]
    (request, _) = aws.admin("GET", "sinks/batch")["requests"]
    sent = [{"data": record.data.decode(), "partitionKey": record.key} for record in ledger.sent[:2]]
    assert json.loads(request["body"]) == {"records": sent}


def test_nobody_listens() -> None:
    """A connection that was never made carried no record."""
    for entry in (
        HttpEntry("http://127.0.0.1:1/"),
        KinesisEntry(aws_client("kinesis", "http://127.0.0.1:1"), "s"),
    ):
        (record,) = Ledger(seed=1).send(entry, [{"n": 1}])
        assert record.outcome.status == "refused"


def test_entries_that_fail_are_told_one_by_one(aws: Aws) -> None:
    """B3: a shard takes 1,000 records a second; what is beyond was not taken, and is not there."""
    aws.client("kinesis").create_stream(StreamName="narrow", ShardCount=1)
    ledger = Ledger(seed=1)
    ledger.send(KinesisEntry(aws.client("kinesis"), "nowhere"), [{"n": 1}])
    assert ledger.sent[0].outcome.code == "ResourceNotFoundException"
    ledger.send(KinesisEntry(aws.client("kinesis"), "narrow"), [{"n": n} for n in range(1500)])
    waiting = KinesisStream(aws.client("kinesis"), "narrow", fate="buffered")
    report = ledger.check([waiting], ByClock(aws.url), require_order=True)
    report.assert_valid()
    assert report.outcomes["refused"] == 1
    assert report.fates["buffered"] == report.outcomes["acknowledged"]
