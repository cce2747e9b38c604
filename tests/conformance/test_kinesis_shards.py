"""Resharding and listing shards through boto3 (B1, B5, B6, B7, B8)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
SPACE = 2**128
HOUR = 3600


def shard_id(number: int) -> str:
    return f"shardId-{number:012d}"


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws.client("kinesis")


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """(code, message) of the error that the call must end in; all of Kinesis' errors are HTTP 400."""
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def split(kinesis: Any, number: int, at: int) -> None:
    kinesis.split_shard(StreamName="s", ShardToSplit=shard_id(number), NewStartingHashKey=str(at))


def listed(kinesis: Any, **filter_: Any) -> list[int]:
    """The numbers of the shards that a filter finds."""
    more = {"ShardFilter": filter_} if filter_ else {}
    return [int(shard["ShardId"][-12:]) for shard in kinesis.list_shards(StreamName="s", **more)["Shards"]]


# -- failures -------------------------------------------------------------------------------------------------


def test_splits_must_be_inside_an_open_shard(kinesis: Any) -> None:
    """B7: recorded texts."""
    kinesis.create_stream(StreamName="s", ShardCount=2)
    call = kinesis.split_shard
    assert refused(call, StreamName="s", ShardToSplit="shardId-999999999999", NewStartingHashKey="1") == (
        "ResourceNotFoundException",
        f"Could not find shard shardId-999999999999 in stream s under account {ACCOUNT}.",
    )
    for at in (0, 1, SPACE // 2 - 1, SPACE // 2, SPACE - 1):
        assert refused(call, StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey=str(at)) == (
            "InvalidArgumentException",
            f"NewStartingHashKey {at} used in SplitShard() on shard {shard_id(0)} in stream s under account {ACCOUNT} "
            "is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey "
            f"{SPACE // 2 - 1}.",
        )
    split(kinesis, 0, 1000)
    assert refused(call, StreamName="s", ShardToSplit=shard_id(0), NewStartingHashKey="500") == (
        "InvalidArgumentException",
        f"Shard {shard_id(0)} in stream s under account {ACCOUNT} has already been merged or split, and thus is not "
        "eligible for merging or splitting.",
    )


@pytest.mark.parametrize(("first", "second"), [(0, 2), (0, 0), (1, 0)])
def test_only_neighbours_merge_the_lower_one_first(kinesis: Any, first: int, second: int) -> None:
    """B7: recorded text; inverted order is refused by production (kinesalite's tests)."""
    kinesis.create_stream(StreamName="s", ShardCount=3)
    error = refused(
        kinesis.merge_shards,
        StreamName="s",
        ShardToMerge=shard_id(first),
        AdjacentShardToMerge=shard_id(second),
    )
    assert error == (
        "InvalidArgumentException",
        f"Shards {shard_id(first)} and {shard_id(second)} in stream s under account {ACCOUNT} are not an adjacent "
        "pair of shards eligible for merging",
    )
    assert listed(kinesis) == [0, 1, 2]


def test_on_demand_streams_do_not_reshard_by_hand(kinesis: Any) -> None:
    """B7."""
    kinesis.create_stream(StreamName="s")
    expected = (
        "ValidationException",
        f"Request is invalid. Stream s under account {ACCOUNT} is in On-RequiredAction mode.",
    )
    a, b = shard_id(0), shard_id(1)
    assert refused(kinesis.split_shard, StreamName="s", ShardToSplit=a, NewStartingHashKey="5") == expected
    assert refused(kinesis.merge_shards, StreamName="s", ShardToMerge=a, AdjacentShardToMerge=b) == expected
    scale = {"StreamName": "s", "TargetShardCount": 5, "ScalingType": "UNIFORM_SCALING"}
    assert refused(kinesis.update_shard_count, **scale) == expected


def test_scaling_has_limits(kinesis: Any, aws: Any) -> None:
    """B7: at most double, at least half, ten times in 24 hours."""
    kinesis.create_stream(StreamName="s", ShardCount=4)

    def to(count: int) -> dict[str, Any]:
        return {"StreamName": "s", "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING"}

    for count, direction in ((9, "up over double"), (1, "down below half")):
        assert refused(kinesis.update_shard_count, **to(count)) == (
            "LimitExceededException",
            f"UpdateShardCount cannot scale {direction} your current open shard count. "
            f"Current open shard count: 4, Target shard count: {count}",
        )
    assert refused(kinesis.update_shard_count, **to(0))[0] == "ValidationException"
    bad = {**to(5), "ScalingType": "OTHER"}
    assert refused(kinesis.update_shard_count, **bad)[0] == "ValidationException"
    for i in range(10):
        kinesis.update_shard_count(**to(5 + i % 2))
    kinesis.update_shard_count(**to(6))  # what already is does not count
    assert refused(kinesis.update_shard_count, **to(5))[0] == "LimitExceededException"
    aws.advance(24 * HOUR)
    kinesis.update_shard_count(**to(5))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Either NextToken or StreamName should be provided."),
        (
            {"StreamName": "s", "ShardFilter": {"Type": "AFTER_SHARD_ID"}},
            "ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.",
        ),
        (
            {"StreamName": "s", "ShardFilter": {"Type": "AT_TIMESTAMP", "Timestamp": 1}},
            "ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.",
        ),
        (
            {"StreamName": "s", "ShardFilter": {"Type": "FROM_TIMESTAMP", "Timestamp": 1}},
            "ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.",
        ),
        (
            {"StreamName": "s", "ShardFilter": {"Type": "AT_TIMESTAMP", "Timestamp": 32503680000}},
            "ShardFilter Timestamp must not be greater than current time.",
        ),
        ({"NextToken": "not-a-token"}, "Invalid NextToken."),
    ],
)
def test_list_shards_refuses(kinesis: Any, params: dict[str, Any], message: str) -> None:
    """B8: recorded texts. FROM_TIMESTAMP is refused too, against the API reference: the recording is newer."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert refused(kinesis.list_shards, **params) == ("InvalidArgumentException", message)


def test_page_tokens_stand_alone_and_expire(kinesis: Any, aws: Any) -> None:
    """B8: 300 seconds; no filter beside them; the stream may be named (recorded)."""
    kinesis.create_stream(StreamName="s", ShardCount=3)
    token = kinesis.list_shards(StreamName="s", MaxResults=1)["NextToken"]
    assert refused(kinesis.list_shards, NextToken=token, ShardFilter={"Type": "AT_LATEST"}) == (
        "InvalidArgumentException",
        "NextToken and ShardFilter cannot be provided together.",
    )
    assert len(kinesis.list_shards(NextToken=token, StreamName="s")["Shards"]) == 2
    aws.advance(300.5)
    assert refused(kinesis.list_shards, NextToken=token)[0] == "ExpiredNextTokenException"


# -- what works -----------------------------------------------------------------------------------------------


def test_a_split_closes_the_parent_and_opens_two_children(kinesis: Any) -> None:
    """B1, B5, B7: ranges, parents, numbers; the parent is read to its end, which names the children."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"before", PartitionKey="k", ExplicitHashKey="5")
    start = {"StreamName": "s", "ShardId": shard_id(0), "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    split(kinesis, 0, 1000)
    for at, expected in ((999, 1), (1000, 2)):
        put = kinesis.put_record(StreamName="s", Data=b"after", PartitionKey="k", ExplicitHashKey=str(at))
        assert put["ShardId"] == shard_id(expected)
    parent, low, high = kinesis.describe_stream(StreamName="s")["StreamDescription"]["Shards"]
    assert int(parent["SequenceNumberRange"]["EndingSequenceNumber"]) < int(
        low["SequenceNumberRange"]["StartingSequenceNumber"]
    )
    ranges = [
        {"StartingHashKey": "0", "EndingHashKey": "999"},
        {"StartingHashKey": "1000", "EndingHashKey": str(SPACE - 1)},
    ]
    for child, expected_range in zip((low, high), ranges, strict=True):
        assert (child["ParentShardId"], child["HashKeyRange"]) == (shard_id(0), expected_range)
        assert "AdjacentParentShardId" not in child
        assert "EndingSequenceNumber" not in child["SequenceNumberRange"]
    answer = kinesis.get_records(ShardIterator=iterator)
    assert [record["Data"] for record in answer["Records"]] == [b"before"]
    assert answer["MillisBehindLatest"] == 0
    assert "NextShardIterator" not in answer
    assert answer["ChildShards"] == [
        {"ShardId": shard_id(n), "ParentShards": [shard_id(0)], "HashKeyRange": expected_range}
        for n, expected_range in zip((1, 2), ranges, strict=True)
    ]


def test_a_closed_shard_is_read_in_parts_too(kinesis: Any) -> None:
    """B5: the next iterator is there until the end is reached."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for text in (b"a", b"b", b"c"):
        kinesis.put_record(StreamName="s", Data=text, PartitionKey="k")
    split(kinesis, 0, 1000)
    start = {"StreamName": "s", "ShardId": shard_id(0), "ShardIteratorType": "TRIM_HORIZON"}
    first = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**start)["ShardIterator"], Limit=2)
    assert "ChildShards" not in first
    assert first["MillisBehindLatest"] > 0
    last = kinesis.get_records(ShardIterator=first["NextShardIterator"], Limit=2)
    assert [record["Data"] for record in last["Records"]] == [b"c"]
    assert ("NextShardIterator" in last, len(last["ChildShards"])) == (False, 2)


def test_a_merge_has_two_parents(kinesis: Any) -> None:
    """B7: ParentShardId, AdjacentParentShardId; both parents name the child at their end."""
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.merge_shards(StreamName="s", ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1))
    child = kinesis.list_shards(StreamName="s")["Shards"][2]
    assert (child["ParentShardId"], child["AdjacentParentShardId"]) == (shard_id(0), shard_id(1))
    assert child["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(SPACE - 1)}
    for parent in (0, 1):
        start = {"StreamName": "s", "ShardId": shard_id(parent), "ShardIteratorType": "LATEST"}
        answer = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**start)["ShardIterator"])
        assert [(c["ShardId"], c["ParentShards"]) for c in answer["ChildShards"]] == [
            (shard_id(2), [shard_id(0), shard_id(1)])
        ]


def test_scaling_evens_the_shards_out(kinesis: Any) -> None:
    """B7: two to three makes shards 2 to 6 as recorded; three to one was accepted too (the newest recording)."""
    kinesis.create_stream(StreamName="s", ShardCount=2)
    answer = kinesis.update_shard_count(StreamName="s", TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    answer.pop("ResponseMetadata")
    arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s"
    assert answer == {"StreamName": "s", "CurrentShardCount": 2, "TargetShardCount": 3, "StreamARN": arn}
    shards = kinesis.list_shards(StreamName="s")["Shards"]
    assert [s["ShardId"] for s in shards] == [shard_id(i) for i in range(7)]
    open_ = [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]
    starts = sorted(int(s["HashKeyRange"]["StartingHashKey"]) for s in open_)
    assert starts == [0, SPACE // 3, 2 * SPACE // 3]
    kinesis.update_shard_count(StreamName="s", TargetShardCount=1, ScalingType="UNIFORM_SCALING")
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 1


def test_filters_find_shards_at_and_from_a_moment(kinesis: Any, aws: Any) -> None:
    """B8: all six filter types, over a split at one hour and a merge at two."""
    start = aws.now()
    kinesis.create_stream(StreamName="s", ShardCount=1)
    aws.advance(HOUR)
    split(kinesis, 0, 1000)
    aws.advance(HOUR)
    kinesis.merge_shards(StreamName="s", ShardToMerge=shard_id(1), AdjacentShardToMerge=shard_id(2))
    aws.advance(HOUR)
    assert listed(kinesis) == [0, 1, 2, 3]
    assert listed(kinesis, Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert listed(kinesis, Type="AT_TRIM_HORIZON") == [0]
    assert listed(kinesis, Type="AT_LATEST") == [3]
    assert listed(kinesis, Type="AFTER_SHARD_ID", ShardId=shard_id(1)) == [2, 3]
    for hours, at, from_ in ((0.5, [0], [0, 1, 2, 3]), (1.5, [1, 2], [1, 2, 3]), (2.5, [3], [3])):
        moment = start + hours * HOUR
        assert listed(kinesis, Type="AT_TIMESTAMP", Timestamp=moment) == at
        assert listed(kinesis, Type="FROM_TIMESTAMP", Timestamp=moment) == from_


def test_trim_horizon_follows_retention(kinesis: Any, aws: Any) -> None:
    """B6, B8: expired closed shards leave every list."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    aws.advance(HOUR)
    split(kinesis, 0, 1000)
    aws.advance(23.5 * HOUR)
    assert listed(kinesis, Type="AT_TRIM_HORIZON") == [0]
    aws.advance(HOUR)
    assert listed(kinesis) == [1, 2]
    assert listed(kinesis, Type="AT_TRIM_HORIZON") == [1, 2]
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]["Shards"]
    assert [shard["ParentShardId"] for shard in described] == [shard_id(0)] * 2


def test_shards_are_listed_in_pages(kinesis: Any) -> None:
    """B8: at most 1 000 at once; a token carries its filter."""
    kinesis.create_stream(StreamName="s", ShardCount=1500)
    found, more = [], {"StreamName": "s", "MaxResults": 10_000}
    pages = []
    while True:
        page = kinesis.list_shards(**more)
        pages.append(len(page["Shards"]))
        found += [shard["ShardId"] for shard in page["Shards"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert pages == [1000, 500]
    assert found == [shard_id(i) for i in range(1500)]
    tail = kinesis.list_shards(StreamName="s", ExclusiveStartShardId=shard_id(1497))["Shards"]
    assert [shard["ShardId"] for shard in tail] == [shard_id(1498), shard_id(1499)]
    kinesis.create_stream(StreamName="t", ShardCount=2)
    kinesis.split_shard(StreamName="t", ShardToSplit=shard_id(0), NewStartingHashKey="1000")
    first = kinesis.list_shards(StreamName="t", MaxResults=1, ShardFilter={"Type": "AT_LATEST"})
    rest = kinesis.list_shards(NextToken=first["NextToken"])
    assert [s["ShardId"] for s in first["Shards"] + rest["Shards"]] == [shard_id(i) for i in (1, 2, 3)]


def test_a_creation_time_tells_streams_of_one_name_apart(kinesis: Any, aws: Any) -> None:
    """B8: StreamCreationTimestamp."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    created = kinesis.describe_stream(StreamName="s")["StreamDescription"]["StreamCreationTimestamp"]
    assert len(kinesis.list_shards(StreamName="s", StreamCreationTimestamp=created)["Shards"]) == 1
    error = refused(kinesis.list_shards, StreamName="s", StreamCreationTimestamp=created.timestamp() - 100)
    assert error[0] == "ResourceNotFoundException"
