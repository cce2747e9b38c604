"""Kinesis streams through boto3: life, settings, tags, policies, consumers (B1, B2, B6, B7, B9, B11, B12, B13)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
LAST_KEY = 2**128 - 1
SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws.client("kinesis")


def arn_of(name: str) -> str:
    return f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """(code, message) of the error that the call must end in; all of Kinesis' errors are HTTP 400."""
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def violated(value: str, path: str, constraint: str) -> tuple[str, str]:
    text = f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
    return "ValidationException", text


# -- failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"StreamName": "bad/name", "ShardCount": 1},
            violated("bad/name", "streamName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
        ),
        (
            {"StreamName": "s", "ShardCount": 0},
            violated("0", "shardCount", "Member must have value greater than or equal to 1"),
        ),
        (
            {"StreamName": "s", "ShardCount": 1, "StreamModeDetails": {"StreamMode": "INVALID"}},
            violated(
                "INVALID",
                "streamModeDetails.streamMode",
                "Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]",
            ),
        ),
    ],
)
def test_create_stream_validates(kinesis: Any, params: dict[str, Any], expected: tuple[str, str]) -> None:
    """B13: recorded validation texts; nothing is created."""
    assert refused(kinesis.create_stream, **params) == expected
    assert kinesis.list_streams()["StreamNames"] == []


def test_a_name_is_taken_once(kinesis: Any) -> None:
    """B1."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    expected = ("ResourceInUseException", f"Stream s under account {ACCOUNT} already exists.")
    assert refused(kinesis.create_stream, StreamName="s", ShardCount=1) == expected


def test_unknown_streams_are_not_found(kinesis: Any) -> None:
    """B1: by every operation, with the same text."""
    expected = ("ResourceNotFoundException", f"Stream gone under account {ACCOUNT} not found.")
    name: dict[str, Any] = {"StreamName": "gone"}
    record = {"Data": b"x", "PartitionKey": "k"}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (kinesis.describe_stream, {}),
        (kinesis.describe_stream_summary, {}),
        (kinesis.delete_stream, {}),
        (kinesis.list_shards, {}),
        (kinesis.put_record, record),
        (kinesis.put_records, {"Records": [record]}),
        (kinesis.get_shard_iterator, {"ShardId": SHARD, "ShardIteratorType": "LATEST"}),
        (kinesis.list_tags_for_stream, {}),
        (kinesis.add_tags_to_stream, {"Tags": {"a": "b"}}),
        (kinesis.increase_stream_retention_period, {"RetentionPeriodHours": 48}),
        (kinesis.split_shard, {"ShardToSplit": SHARD, "NewStartingHashKey": "5"}),
        (kinesis.update_shard_count, {"TargetShardCount": 2, "ScalingType": "UNIFORM_SCALING"}),
    ]
    for call, more in calls:
        assert refused(call, **name, **more) == expected
    assert refused(kinesis.register_stream_consumer, StreamARN=arn_of("gone"), ConsumerName="c") == expected


def test_a_stream_needs_an_address_and_only_one(kinesis: Any) -> None:
    """B1: neither, both and disagreeing, an ARN as the name, an ARN of another region."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    call = kinesis.describe_stream_summary
    assert refused(call) == (
        "InvalidArgumentException",
        "Stream arn and stream name can't be empty at the same time",
    )
    assert refused(call, StreamName="other", StreamARN=arn_of("s")) == (
        "InvalidArgumentException",
        "Input stream name other doesn't match the inferred name in stream arn s",
    )
    assert refused(call, StreamName=arn_of("s"))[0] == "ValidationException"
    elsewhere = arn_of("s").replace("us-east-1", "us-west-2")
    assert refused(call, StreamARN=elsewhere) == (
        "InvalidArgumentException",
        f"The region specified in the ARN '{elsewhere}' does not match the endpoint region",
    )
    assert refused(call, StreamARN=arn_of("s").replace(ACCOUNT, "999999999999")) == (
        "UnrecognizedClientException",
        "No account found for the given parameters",
    )
    for address in ({"StreamName": "s"}, {"StreamARN": arn_of("s")}, {"StreamName": "s", "StreamARN": arn_of("s")}):
        assert call(**address)["StreamDescriptionSummary"]["StreamARN"] == arn_of("s")


def test_retention_has_bounds_and_directions(kinesis: Any) -> None:
    """B6: recorded texts."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    increase, decrease = kinesis.increase_stream_retention_period, kinesis.decrease_stream_retention_period
    increase(StreamName="s", RetentionPeriodHours=25)
    code = "InvalidArgumentException"
    assert refused(decrease, StreamName="s", RetentionPeriodHours=23) == (
        code,
        "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
    )
    assert refused(increase, StreamName="s", RetentionPeriodHours=8761) == (
        code,
        "Maximum allowed retention period is 8760 hours. Requested retention period (8761 hours) is too long.",
    )
    assert refused(decrease, StreamName="s", RetentionPeriodHours=26) == (
        code,
        "Requested retention period (26 hours) for stream s can not be longer than existing retention period "
        "(25 hours). Use IncreaseRetentionPeriod API.",
    )
    assert refused(increase, StreamName="s", RetentionPeriodHours=24) == (
        code,
        "Requested retention period (24 hours) for stream s can not be shorter than existing retention period "
        "(25 hours). Use DecreaseRetentionPeriod API.",
    )
    increase(StreamName="s", RetentionPeriodHours=25)  # what already is may be asked for
    decrease(StreamName="s", RetentionPeriodHours=24)
    assert kinesis.describe_stream(StreamName="s")["StreamDescription"]["RetentionPeriodHours"] == 24


def test_tags_have_rules(kinesis: Any) -> None:
    """Recorded: system keys, too many, none; a refused request changes nothing."""
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"owner": "me"})
    many = {f"k{i}": "v" for i in range(50)}
    for call, address, subject in [
        (kinesis.add_tags_to_stream, {"StreamName": "s"}, "stream s"),
        (kinesis.tag_resource, {"ResourceARN": arn_of("s")}, f"resource {arn_of('s')}"),
    ]:
        assert refused(call, **address, Tags={"aws:probe": "x"}) == (
            "InvalidArgumentException",
            "Some tag keys in the request started with 'aws:'. System tags cannot be modified.",
        )
        assert refused(call, **address, Tags={}) == violated(
            "{}", "tags", "Member must have length greater than or equal to 1"
        )
        assert refused(call, **address, Tags=many) == (
            "InvalidArgumentException",
            f"Failed to add tags to {subject} under account {ACCOUNT} because a given {subject.split()[0]} cannot "
            "have more than 50 tags associated with it.",
        )
    assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == [{"Key": "owner", "Value": "me"}]


def test_resource_policies_must_be_json_and_there(kinesis: Any) -> None:
    """Recorded."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = arn_of("s")
    missing = ("ResourceNotFoundException", f"No resource policy found for resource ARN {arn}.")
    assert refused(kinesis.delete_resource_policy, ResourceARN=arn) == missing
    assert refused(kinesis.put_resource_policy, ResourceARN=arn, Policy="{") == (
        "InvalidArgumentException",
        "Policy validation error: This policy contains invalid Json",
    )
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"


def test_modes_switch_twice_a_day(kinesis: Any, aws: Any) -> None:
    """B7: the third switch in 24 hours is refused (recorded text); asking for what is does not count."""
    kinesis.create_stream(StreamName="s", ShardCount=1)

    def switch(mode: str) -> dict[str, Any]:
        return {"StreamARN": arn_of("s"), "StreamModeDetails": {"StreamMode": mode}}

    for mode in ("PROVISIONED", "ON_DEMAND", "ON_DEMAND", "PROVISIONED"):
        kinesis.update_stream_mode(**switch(mode))
    expected = ("LimitExceededException", f"Rate exceeded for stream s under account {ACCOUNT}.")
    assert refused(kinesis.update_stream_mode, **switch("ON_DEMAND")) == expected
    aws.advance(86400)
    kinesis.update_stream_mode(**switch("ON_DEMAND"))
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["StreamModeDetails"], summary["OpenShardCount"]) == ({"StreamMode": "ON_DEMAND"}, 1)


def test_consumers_hold_a_stream(kinesis: Any) -> None:
    """B9: duplicate, missing, and DeleteStream without EnforceConsumerDeletion."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = arn_of("s")
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    again = refused(kinesis.register_stream_consumer, StreamARN=arn, ConsumerName="c")
    assert again[0] == "ResourceInUseException"
    missing = refused(kinesis.describe_stream_consumer, StreamARN=arn, ConsumerName="nobody")
    assert missing[0] == "ResourceNotFoundException"
    assert refused(kinesis.delete_stream, StreamName="s") == (
        "ResourceInUseException",
        f"DeleteStream can't delete {ACCOUNT}:s because there are consumers associated with this data stream. "
        "To delete s anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the "
        "consumers that are associated with it.",
    )
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert kinesis.list_stream_consumers(StreamARN=arn)["Consumers"] == []


def test_a_stream_has_twenty_consumers_at_most(kinesis: Any) -> None:
    """B9, F1."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for i in range(20):
        kinesis.register_stream_consumer(StreamARN=arn_of("s"), ConsumerName=f"c{i}")
    error = refused(kinesis.register_stream_consumer, StreamARN=arn_of("s"), ConsumerName="c20")
    assert error[0] == "LimitExceededException"


def test_shards_per_account_are_limited(kinesis: Any) -> None:
    """F1: 20 000 in us-east-1; on-demand streams do not count."""
    kinesis.create_stream(StreamName="s", ShardCount=10_000)
    kinesis.create_stream(StreamName="od")
    code, message = refused(kinesis.create_stream, StreamName="t", ShardCount=10_001)
    assert code == "LimitExceededException"
    assert message.startswith(
        f"This request would exceed the shard limit for the account {ACCOUNT} in us-east-1. "
        "Current shard count for the account: 10000. Limit: 20000. "
    )
    limits = kinesis.describe_limits()
    assert (limits["OpenShardCount"], limits["ShardLimit"]) == (10_000, 20_000)


@pytest.mark.parametrize(
    ("operation", "params", "what"),
    [
        ("update_stream_warm_throughput", {}, "operation UpdateStreamWarmThroughput"),
        ("create_stream", {"StreamName": "s", "WarmThroughputMiBps": 1}, "CreateStream with WarmThroughputMiBps"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(
    kinesis: Any, operation: str, params: dict[str, Any], what: str
) -> None:
    """Law 1: HTTP 501 NotEmulated."""
    if not params:
        params = {"StreamName": "s", "WarmThroughputMiBps": 1}
    with pytest.raises(ClientError) as error:
        getattr(kinesis, operation)(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error.value.response["Error"]["Code"] == "NotEmulated"
    assert what in error.value.response["Error"]["Message"]


# -- what works -----------------------------------------------------------------------------------------------


def test_a_provisioned_stream_is_described_in_full(kinesis: Any, aws: Any) -> None:
    """B1: DescribeStream and DescribeStreamSummary as recorded."""
    aws.advance(0.5)
    kinesis.create_stream(StreamName="s", ShardCount=2, StreamModeDetails={"StreamMode": "PROVISIONED"})
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    shards = described.pop("Shards")
    common = {
        "StreamName": "s",
        "StreamARN": arn_of("s"),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }
    assert described.pop("StreamCreationTimestamp").timestamp() == int(aws.now())
    assert described == {**common, "HasMoreShards": False}
    middle = 2**127
    for number, shard in enumerate(shards):
        start = shard["SequenceNumberRange"].pop("StartingSequenceNumber")
        assert len(start) == 56
        assert start.startswith("49")
        ends = (0, middle - 1) if number == 0 else (middle, LAST_KEY)
        assert shard == {
            "ShardId": f"shardId-00000000000{number}",
            "HashKeyRange": {"StartingHashKey": str(ends[0]), "EndingHashKey": str(ends[1])},
            "SequenceNumberRange": {},
        }
    summary = kinesis.describe_stream_summary(StreamARN=arn_of("s"))["StreamDescriptionSummary"]
    summary.pop("StreamCreationTimestamp")
    summary.pop("ChannelCount", None)
    assert summary == {**common, "OpenShardCount": 2, "ConsumerCount": 0, "MaxRecordSizeInKiB": 1024}


def test_a_stream_without_shard_count_is_on_demand_with_four_shards(kinesis: Any) -> None:
    """B1."""
    kinesis.create_stream(StreamName="s")
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    assert described["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    starts = [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in described["Shards"]]
    assert starts == [i * 2**126 for i in range(4)]
    limits = kinesis.describe_limits()
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"], limits["OnDemandStreamCountLimit"]) == (0, 1, 50)


def test_describe_stream_pages_through_shards(kinesis: Any) -> None:
    """B1: at most 100 shards in an answer."""
    kinesis.create_stream(StreamName="s", ShardCount=250)
    pages: list[Any] = []
    start: dict[str, str] = {}
    while True:
        page = kinesis.describe_stream(StreamName="s", Limit=10_000, **start)["StreamDescription"]
        pages.append([shard["ShardId"] for shard in page["Shards"]])
        if not page["HasMoreShards"]:
            break
        start = {"ExclusiveStartShardId": pages[-1][-1]}
    assert [len(page) for page in pages] == [100, 100, 50]
    assert [name for page in pages for name in page] == [f"shardId-{i:012d}" for i in range(250)]


def test_streams_are_listed_by_name_in_pages(kinesis: Any) -> None:
    """B1, recorded: StreamSummaries, HasMoreStreams, NextToken; a token and a name exclude each other."""
    names = [f"s{i:03d}" for i in range(120)]
    for name in reversed(names):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    page = kinesis.list_streams(Limit=500)
    assert (page["StreamNames"], page["HasMoreStreams"]) == (names[:100], True)
    assert [s["StreamName"] for s in page["StreamSummaries"]] == names[:100]
    assert set(page["StreamSummaries"][0]) == {
        "StreamName",
        "StreamARN",
        "StreamStatus",
        "StreamModeDetails",
        "StreamCreationTimestamp",
    }
    rest = kinesis.list_streams(NextToken=page["NextToken"])
    assert (rest["StreamNames"], rest["HasMoreStreams"], "NextToken" in rest) == (names[100:], False, False)
    assert kinesis.list_streams(ExclusiveStartStreamName=names[117])["StreamNames"] == names[118:]
    code = "InvalidArgumentException"
    assert refused(kinesis.list_streams, NextToken=page["NextToken"], ExclusiveStartStreamName="s000") == (
        code,
        "ExclusiveStartStreamName and NextToken cannot be provided together.",
    )
    assert refused(kinesis.list_streams, NextToken="not-a-token") == (code, "Invalid NextToken.")
    assert refused(kinesis.list_streams, Limit=0) == violated(
        "0", "limit", "Member must have value greater than or equal to 1"
    )


def test_a_deleted_stream_is_gone_with_its_records(kinesis: Any) -> None:
    """B1."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")
    kinesis.delete_stream(StreamARN=arn_of("s"))
    assert kinesis.list_streams()["StreamNames"] == []
    kinesis.create_stream(StreamName="s", ShardCount=1)
    iterator = kinesis.get_shard_iterator(StreamName="s", ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")
    assert kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"] == []


def test_tags_by_both_families_of_operations(kinesis: Any) -> None:
    """Recorded: merged, sorted by key, case-sensitive, paged; removing what is not there is fine."""
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"owner": "me", "Case": "one"})
    kinesis.add_tags_to_stream(StreamARN=arn_of("s"), Tags={"Case": "two", "case": "lower", "empty": ""})
    kinesis.tag_resource(ResourceARN=arn_of("s"), Tags={"Case": "three", "new": "value"})
    first = kinesis.list_tags_for_stream(StreamName="s", Limit=2)
    assert first["HasMoreTags"]
    assert first["Tags"] == [{"Key": "Case", "Value": "three"}, {"Key": "case", "Value": "lower"}]
    rest = kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="case")
    assert (rest["HasMoreTags"], [tag["Key"] for tag in rest["Tags"]]) == (False, ["empty", "new", "owner"])
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["missing", "case"])
    kinesis.untag_resource(ResourceARN=arn_of("s"), TagKeys=["missing", "empty"])
    tags = kinesis.list_tags_for_resource(ResourceARN=arn_of("s"))["Tags"]
    assert tags == [
        {"Key": "Case", "Value": "three"},
        {"Key": "new", "Value": "value"},
        {"Key": "owner", "Value": "me"},
    ]


def test_policies_are_kept_in_compact_form(kinesis: Any) -> None:
    """Recorded: compact JSON, one action without its list."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = arn_of("s")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Sid": "First", "Effect": "Allow", '
        f'"Principal": {{"AWS": "arn:aws:iam::{ACCOUNT}:root"}}, "Action": ["kinesis:DescribeStreamSummary"], '
        f'"Resource": "{arn}"}}]}}'
    )
    kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"First","Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kinesis:DescribeStreamSummary",'
        f'"Resource":"{arn}"}}]}}'
    )
    kinesis.delete_resource_policy(ResourceARN=arn)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"


def test_enhanced_monitoring_adds_and_removes(kinesis: Any) -> None:
    """B12: ALL is the seven metrics; the answer has before and after."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    first = kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingRecords"])
    assert (first["StreamName"], first["StreamARN"]) == ("s", arn_of("s"))
    assert (first["CurrentShardLevelMetrics"], first["DesiredShardLevelMetrics"]) == ([], ["IncomingRecords"])
    more = kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    assert len(more["DesiredShardLevelMetrics"]) == 7
    less = kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingRecords"])
    assert len(less["CurrentShardLevelMetrics"]) == 7
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    metrics = summary["EnhancedMonitoring"][0]["ShardLevelMetrics"]
    assert metrics == less["DesiredShardLevelMetrics"]
    assert "IncomingRecords" not in metrics
    kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    assert described["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]


def test_encryption_shows_in_descriptions(kinesis: Any) -> None:
    """B11: type and key while it is on."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    key = "alias/aws/kinesis"
    kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId=key)
    described = kinesis.describe_stream(StreamName="s")["StreamDescription"]
    assert (described["EncryptionType"], described["KeyId"]) == ("KMS", key)
    kinesis.stop_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId=key)
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["EncryptionType"], "KeyId" in summary) == ("NONE", False)


def test_encryption_changes_25_times_a_day(kinesis: Any) -> None:
    """B11."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for i in range(25):
        kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId=f"alias/k{i}")
    error = refused(kinesis.start_stream_encryption, StreamName="s", EncryptionType="KMS", KeyId="alias/more")
    assert error[0] == "LimitExceededException"


def test_record_size_can_be_raised(kinesis: Any) -> None:
    """B2: UpdateMaxRecordSize between 1024 and 10240 KiB."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    for size, bound in ((1023, "greater than or equal to 1024"), (10241, "less than or equal to 10240")):
        error = refused(kinesis.update_max_record_size, StreamARN=arn_of("s"), MaxRecordSizeInKiB=size)
        assert error == violated(str(size), "maxRecordSizeInKiB", f"Member must have value {bound}")
    kinesis.update_max_record_size(StreamARN=arn_of("s"), MaxRecordSizeInKiB=2048)
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["MaxRecordSizeInKiB"] == 2048
    kinesis.put_record(StreamName="s", Data=bytes(2 * 1024 * 1024 - 1), PartitionKey="k")


def test_a_consumers_life(kinesis: Any, aws: Any) -> None:
    """B9: the registration answers CREATING, then ACTIVE; found by ARN or by name; listed in pages; tags."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    stream = arn_of("s")
    made = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="c", Tags={"a": "b"})["Consumer"]
    assert made["ConsumerARN"] == f"{stream}/consumer/c:{int(aws.now())}"
    assert made["ConsumerStatus"] == "CREATING"
    by_arn = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    by_name = kinesis.describe_stream_consumer(StreamARN=stream, ConsumerName="c")["ConsumerDescription"]
    assert by_arn == by_name == {**made, "ConsumerStatus": "ACTIVE", "StreamARN": stream}
    assert kinesis.list_tags_for_resource(ResourceARN=made["ConsumerARN"])["Tags"] == [{"Key": "a", "Value": "b"}]
    kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="d")
    page = kinesis.list_stream_consumers(StreamARN=stream, MaxResults=1)
    rest = kinesis.list_stream_consumers(StreamARN=stream, NextToken=page["NextToken"])
    assert [c["ConsumerName"] for c in page["Consumers"] + rest["Consumers"]] == ["c", "d"]
    assert "NextToken" not in rest
    summary = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["ConsumerCount"] == 2
    kinesis.deregister_stream_consumer(ConsumerARN=made["ConsumerARN"])
    assert refused(kinesis.describe_stream_consumer, ConsumerARN=made["ConsumerARN"])[0] == "ResourceNotFoundException"


def test_account_settings_and_limits(kinesis: Any) -> None:
    """B1, B7: as recorded for an account without On-demand Advantage."""
    answer = kinesis.describe_account_settings()
    assert answer["MinimumThroughputBillingCommitment"] == {"Status": "DISABLED"}
