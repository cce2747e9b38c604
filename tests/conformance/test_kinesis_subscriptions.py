"""SubscribeToShard through boto3, over HTTP/1.1, with time that the test owns (B4, B9, B12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws.client("kinesis")


@pytest.fixture
def stream(kinesis: Any) -> str:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    return str(kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"])


@pytest.fixture
def consumer(kinesis: Any, stream: str) -> str:
    return str(kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="c")["Consumer"]["ConsumerARN"])


def put(kinesis: Any, data: bytes) -> str:
    return str(kinesis.put_record(StreamName="s", Data=data, PartitionKey="k")["SequenceNumber"])


def subscribe(kinesis: Any, consumer: str, kind: str = "TRIM_HORIZON", shard: str = SHARD, **position: Any) -> Any:
    """The events' stream; iterate over it, close it."""
    start = {"Type": kind, **position}
    return kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=start)["EventStream"]


def events(stream: Any) -> Iterator[dict[str, Any]]:
    for event in stream:
        yield event["SubscribeToShardEvent"]


def data(event: dict[str, Any]) -> list[bytes]:
    return [record["Data"] for record in event["Records"]]


def refused(call: Any, *arguments: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(*arguments, **params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_what_is_there_comes_at_once_and_what_comes_later_is_pushed(kinesis: Any, consumer: str) -> None:
    """B9: the event, its records as GetRecords has them."""
    first = put(kinesis, b"one")
    subscribed = subscribe(kinesis, consumer)
    pushed = events(subscribed)
    event = next(pushed)
    assert set(event) == {"Records", "ContinuationSequenceNumber", "MillisBehindLatest"}
    record = event["Records"][0]
    assert (record["Data"], record["PartitionKey"], record["SequenceNumber"]) == (b"one", "k", first)
    assert (event["ContinuationSequenceNumber"], event["MillisBehindLatest"]) == (first, 0)
    second = put(kinesis, b"two")
    event = next(pushed)
    assert (data(event), event["ContinuationSequenceNumber"]) == ([b"two"], second)
    subscribed.close()


def test_it_is_an_event_stream_in_pieces(aws: Any, kinesis: Any, consumer: str) -> None:
    """B9: answer."""
    answer = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=SHARD, StartingPosition={"Type": "LATEST"})
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["transfer-encoding"] == "chunked"
    answer["EventStream"].close()


def test_every_starting_position(aws: Any, kinesis: Any, stream: str) -> None:
    """B4, by way of B9."""
    numbers = [put(kinesis, b"0")]
    middle = aws.now() + 1
    aws.advance(10)
    numbers += [put(kinesis, b"1"), put(kinesis, b"2")]
    positions: list[tuple[str, dict[str, Any], list[bytes]]] = [
        ("TRIM_HORIZON", {}, [b"0", b"1", b"2"]),
        ("AT_SEQUENCE_NUMBER", {"SequenceNumber": numbers[1]}, [b"1", b"2"]),
        ("AFTER_SEQUENCE_NUMBER", {"SequenceNumber": numbers[1]}, [b"2"]),
        ("AT_TIMESTAMP", {"Timestamp": middle}, [b"1", b"2"]),
        ("LATEST", {}, [b"new"]),
    ]
    for index, (kind, position, expected) in enumerate(positions):
        made = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName=f"c{index}")["Consumer"]
        subscribed = subscribe(kinesis, made["ConsumerARN"], kind, **position)
        if kind == "LATEST":
            put(kinesis, b"new")
        assert data(next(events(subscribed))) == expected
        subscribed.close()


def test_an_idle_subscription_has_a_heartbeat_every_five_seconds_and_ends_after_five_minutes(
    aws: Any, kinesis: Any, consumer: str
) -> None:
    """B9: no records; life."""
    number = put(kinesis, b"x")
    pushed = events(subscribe(kinesis, consumer, "LATEST"))
    aws.advance(5)
    beat = next(pushed)
    assert (beat["Records"], beat["ContinuationSequenceNumber"], beat["MillisBehindLatest"]) == ([], number, 0)
    aws.advance(290)
    put(kinesis, b"last")
    beats = [next(pushed) for _ in range(58)]
    assert all(not beat["Records"] for beat in beats)
    assert data(next(pushed)) == [b"last"]
    aws.advance(5)
    assert list(pushed) == []


def test_one_subscription_a_consumer_and_shard(aws: Any, kinesis: Any, stream: str, consumer: str) -> None:
    """B9: second call within 5 s, and later."""
    first = subscribe(kinesis, consumer)
    aws.advance(4.9)
    text = f"Another active subscription exists for this consumer: {ACCOUNT}:s:{SHARD}:c"
    assert refused(subscribe, kinesis, consumer) == ("ResourceInUseException", text)
    other = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="d")["Consumer"]["ConsumerARN"]
    subscribe(kinesis, other).close()
    aws.advance(0.1)
    second = subscribe(kinesis, consumer)
    assert all(not event["Records"] for event in events(first))  # taken over: it ends
    put(kinesis, b"x")
    assert data(next(events(second))) == [b"x"]
    second.close()


def test_a_closed_connection_does_not_shorten_the_five_seconds(aws: Any, kinesis: Any, consumer: str) -> None:
    """B9: second call within 5 s of a successful one."""
    subscribe(kinesis, consumer).close()
    assert refused(subscribe, kinesis, consumer)[0] == "ResourceInUseException"
    aws.advance(5)
    subscribe(kinesis, consumer).close()


@pytest.mark.parametrize("kind", ["split", "merge"])
def test_the_end_of_a_shard_names_its_children(aws: Any, kinesis: Any, consumer: str, kind: str) -> None:
    """B9: end of a closed shard; B7."""
    put(kinesis, b"x")
    kinesis.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    if kind == "merge":
        kinesis.merge_shards(
            StreamName="s", ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002"
        )
        *_, last = events(subscribe(kinesis, consumer, shard="shardId-000000000002"))
        parents = ["shardId-000000000001", "shardId-000000000002"]
        assert [child["ParentShards"] for child in last["ChildShards"]] == [parents]
        return
    records, last = events(subscribe(kinesis, consumer))
    assert (data(records), "ChildShards" in records) == ([b"x"], False)
    assert (last["Records"], "ContinuationSequenceNumber" in last) == ([], False)
    assert [child["ShardId"] for child in last["ChildShards"]] == ["shardId-000000000001", "shardId-000000000002"]
    assert {tuple(child["ParentShards"]) for child in last["ChildShards"]} == {(SHARD,)}
    assert last["ChildShards"][1]["HashKeyRange"]["StartingHashKey"] == str(2**127)


def test_a_split_ends_an_open_subscription(aws: Any, kinesis: Any, consumer: str) -> None:
    """B9: end of a closed shard."""
    pushed = events(subscribe(kinesis, consumer, "LATEST"))
    kinesis.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey=str(2**127))
    (last,) = pushed
    assert len(last["ChildShards"]) == 2


def test_large_records_come_in_events_of_seven_and_a_half_mebibytes(kinesis: Any, consumer: str) -> None:
    """B9: size of an event (recorded: 8 of 921,600 bytes)."""
    for _ in range(9):
        put(kinesis, bytes(921_600))
    pushed = events(subscribe(kinesis, consumer))
    assert [len(next(pushed)["Records"]) for _ in range(2)] == [8, 1]


def test_deregistration_ends_no_subscription_and_the_streams_end_does(aws: Any, kinesis: Any, consumer: str) -> None:
    """B9: consumer deregistered, stream deleted meanwhile."""
    pushed = events(subscribe(kinesis, consumer))
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    put(kinesis, b"x")
    assert data(next(pushed)) == [b"x"]
    created = consumer.rpartition(":")[2]
    text = f"Consumer c with creation timestamp {created} under stream: s, account {ACCOUNT} not found."
    assert refused(subscribe, kinesis, consumer) == ("ResourceNotFoundException", text)
    kinesis.delete_stream(StreamName="s")
    assert list(pushed) == []


@pytest.mark.parametrize(
    ("shard", "position", "code"),
    [
        ("shardId-000000000007", {"Type": "LATEST"}, "ResourceNotFoundException"),
        (SHARD, {"Type": "AT_SEQUENCE_NUMBER"}, "InvalidArgumentException"),
        (SHARD, {"Type": "LATEST", "SequenceNumber": "1"}, "InvalidArgumentException"),
        (SHARD, {"Type": "AT_SEQUENCE_NUMBER", "SequenceNumber": "1"}, "InvalidArgumentException"),
        (SHARD, {"Type": "AT_TIMESTAMP", "Timestamp": 4e9}, "InvalidArgumentException"),
        (SHARD, {"Type": "NEWEST"}, "ValidationException"),
        (SHARD, {}, "ValidationException"),
    ],
)
def test_bad_positions(kinesis: Any, consumer: str, shard: str, position: dict[str, Any], code: str) -> None:
    """B4, by way of B9: refused before any event, and without holding the consumer."""
    error = refused(kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId=shard, StartingPosition=position)
    assert error[0] == code
    subscribe(kinesis, consumer).close()


def test_a_dry_run_subscribes_nothing(kinesis: Any, consumer: str) -> None:
    """B9: DryRun."""
    error = refused(
        kinesis.subscribe_to_shard,
        ConsumerARN=consumer,
        ShardId=SHARD,
        StartingPosition={"Type": "LATEST"},
        DryRun=True,
    )
    assert error[0] == "DryRunOperationException"
    subscribe(kinesis, consumer).close()


def test_a_reset_of_the_emulator_ends_it(aws: Any, kinesis: Any, consumer: str) -> None:
    pushed = events(subscribe(kinesis, consumer))
    aws.admin("POST", "reset")
    assert list(pushed) == []


def test_time_settles_beside_an_idle_subscription(aws: Any, kinesis: Any, consumer: str) -> None:
    """An idle subscription is no work in flight."""
    subscribed = subscribe(kinesis, consumer)
    before = aws.now()
    aws.settle(60)
    assert aws.now() == before
    subscribed.close()


def test_metrics(aws: Any, kinesis: Any, consumer: str) -> None:
    """B12: by stream and consumer."""
    put(kinesis, b"12345")
    pushed = events(subscribe(kinesis, consumer))
    next(pushed)
    refused(subscribe, kinesis, consumer)
    aws.advance(300)
    list(pushed)
    dimensions = [{"Name": "StreamName", "Value": "s"}, {"Name": "ConsumerName", "Value": "c"}]

    def total(name: str, statistic: str = "Sum") -> float:
        points = aws.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Kinesis",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=aws.now() - 600,
            EndTime=aws.now() + 60,
            Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        return float(sum(point[statistic] for point in points))

    assert (total("SubscribeToShard.Success"), total("SubscribeToShard.RateExceeded")) == (1, 1)
    assert (total("SubscribeToShardEvent.Records"), total("SubscribeToShardEvent.Bytes")) == (1, 6)
    sent = total("SubscribeToShardEvent.Success")
    assert total("SubscribeToShardEvent.Success", "SampleCount") == sent + 1
