"""Orders from the stream to the bucket, against the project's own Terraform and Lambda code."""

import json

import pytest

from harness.ledger import KinesisEntry
from harness.sinks import ErrorObjects, S3Objects

ORDER = {"id": 1, "items": [{"price": 2.5, "quantity": 4}, {"price": 1, "quantity": 1}]}


@pytest.fixture
def orders(aws, stack):
    """Where the ledger sends orders."""
    return KinesisEntry(aws.client("kinesis"), stack.stream_name)


@pytest.fixture
def sinks(aws, stack):
    """Everywhere an order may end."""
    s3 = aws.client("s3")
    return [S3Objects(s3, stack.bucket_name, "priced/"), ErrorObjects(s3, stack.bucket_name, "failed/")]


def test_an_order_is_priced_after_the_buffers(aws, stack, clock):
    """The function's buffer (60 s) and the bucket's (300 s), in no time."""
    s3 = aws.client("s3")
    aws.client("kinesis").put_record(StreamName=stack.stream_name, PartitionKey="1", Data=json.dumps(ORDER).encode())
    clock.advance(359)
    assert "Contents" not in s3.list_objects_v2(Bucket=stack.bucket_name)
    clock.settle()
    (found,) = s3.list_objects_v2(Bucket=stack.bucket_name, Prefix="priced/")["Contents"]
    line = s3.get_object(Bucket=stack.bucket_name, Key=found["Key"])["Body"].read()
    assert json.loads(line) == {**ORDER, "total": 11}


def test_an_order_without_items_is_kept_as_it_came(aws, stack, clock, backup):
    """It fails in the function, and can be read back from the error objects for a second try."""
    aws.client("kinesis").put_record(StreamName=stack.stream_name, PartitionKey="1", Data=b'{"id": 2}')
    clock.settle()
    (saved,) = backup(stack.bucket_name, "failed/")
    assert saved.data == b'{"id": 2}'
    assert saved.record.code == "Lambda.ProcessingFailedStatus"


@pytest.mark.harness_aws(seconds=900)
def test_every_order_ends_somewhere(orders, sinks, ledger):
    """On every target: it asks for nothing that AWS does not have, and says how long the buffers may take there."""
    ledger.send(orders, [ORDER] * 200 + [{"id": 3}] * 10)
    ledger.declare("processing-failed", lambda sent: "items" not in sent.payload)
    ledger.check(sinks).assert_valid()


def test_no_order_is_lost_when_the_bucket_is_slow(orders, sinks, faults, ledger):
    """S3 refuses the first writes: Firehose tries again, and the ledger finds every order exactly once."""
    faults.add(
        {
            "fault": "error",
            "match": {"service": "s3", "operation": "PutObject"},
            "when": {"count": 3},
            "with": {"code": "SlowDown", "status": 503},
        }
    )
    ledger.send(orders, [ORDER] * 200 + [{"id": 3}] * 10)
    ledger.declare("processing-failed", lambda sent: "items" not in sent.payload)
    ledger.check(sinks).assert_valid()
    faults.assert_all_fired()
