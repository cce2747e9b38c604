"""The control plane: refusals first (A1, A2, A4, A5, A7, A15, A16)."""

from __future__ import annotations

from typing import Any

import pytest

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
PROCESSOR = {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": "arn:f"}]}


def refused(rig: Any, **s3: Any) -> tuple[str, str]:
    error = rig.error(
        "CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=rig.s3_settings(**s3)
    )
    assert rig.call("ListDeliveryStreams")["DeliveryStreamNames"] == []
    return error.code, error.message or ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"BufferingHints": {"SizeInMBs": 5}}, "must be given together"),
        ({"BufferingHints": {"IntervalInSeconds": 5}}, "must be given together"),
        ({"Prefix": "!{timestamp:yyyy}/"}, "ErrorOutputPrefix cannot be null or empty when Prefix contains"),
        ({"Prefix": "!{firehose:error-output-type}/", "ErrorOutputPrefix": "e"}, "error-output-type"),
        ({"ErrorOutputPrefix": "!{timestamp:yyyy}/"}, "error-output-type"),
        ({"Prefix": "!{timestamp:bbbb}/", "ErrorOutputPrefix": "e"}, "Unknown pattern letter: b"),
        ({"Prefix": "!{timestamp:ddd}/", "ErrorOutputPrefix": "e"}, "Too many pattern letters: d"),
        ({"Prefix": "!{nothing:x}/", "ErrorOutputPrefix": "e"}, "Namespace to the left of colon (nothing) is an"),
        ({"Prefix": "a!{b", "ErrorOutputPrefix": "e"}, "Invalid expression usage"),
        ({"Prefix": "!{partitionKeyFromQuery:k}/", "ErrorOutputPrefix": "e"}, "when Dynamic Partitioning is enabled."),
        ({"Prefix": "x" * 513}, "Length of evaluated prefix cannot be greater than 512"),
        ({"CustomTimeZone": "Mars/Olympus"}, "not a known time zone"),
        ({"S3BackupMode": "Enabled"}, "S3BackupConfiguration is required"),
        ({"CloudWatchLoggingOptions": {"Enabled": True}}, "LogGroupName"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": []}},
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
        ),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [PROCESSOR] * 2}},
            "Cannot have more than 1 Lambda processor",
        ),
    ],
)
def test_invalid_arguments(rig: Any, settings: dict[str, Any], message: str) -> None:
    """A2, A3, A7, A11: InvalidArgumentException, and no stream is left behind."""
    code, text = refused(rig, **settings)
    assert code == "InvalidArgumentException"
    assert message in text


def test_a_backup_needs_an_interval_of_a_minute(rig: Any) -> None:
    """A3: S3 as backup of an S3 destination: 60..900 seconds."""
    backup = rig.s3_settings("backup", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    assert refused(rig, S3BackupMode="Enabled", S3BackupConfiguration=backup)[0] == "InvalidArgumentException"


@pytest.mark.parametrize("kind", ["Redshift", "Elasticsearch", "Splunk", "Snowflake", "Iceberg"])
def test_other_destinations_are_refused_by_name(rig: Any, kind: str) -> None:
    """Law 1: the destination's name is in the refusal."""
    block = f"{kind}DestinationConfiguration"
    error = rig.error("CreateDeliveryStream", DeliveryStreamName="d", **{block: {}})
    assert (error.code, error.status) == ("NotEmulated", 501)
    assert block in error.message


def test_exactly_one_destination_and_one_name(rig: Any) -> None:
    """A2: texts of a missing destination and of a name in use."""
    error = rig.error("CreateDeliveryStream", DeliveryStreamName="d")
    assert error.message == "Exactly one destination configuration is supported for a Firehose"
    rig.create()
    error = rig.error(
        "CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=rig.s3_settings()
    )
    assert (error.code, error.message) == (
        "ResourceInUseException",
        "Firehose d under accountId 000000000000 already exists",
    )


def test_defaults_in_describe(rig: Any) -> None:
    """A2: defaults, both S3 descriptions, fixed destination id, no LastUpdateTimestamp."""
    arn = rig.create()["DeliveryStreamARN"]
    described = rig.describe()
    shared = {
        "RoleARN": rig.ROLE,
        "BucketARN": "arn:aws:s3:::b",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    assert described == {
        "DeliveryStreamName": "d",
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "DirectPut",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "VersionId": "1",
        "CreateTimestamp": rig.START,
        "HasMoreDestinations": False,
        "Destinations": [
            {
                "DestinationId": "destinationId-000000000001",
                "S3DestinationDescription": shared,
                "ExtendedS3DestinationDescription": {**shared, "S3BackupMode": "Disabled"},
            }
        ],
    }


def test_the_legacy_block_shows_both_descriptions(rig: Any) -> None:
    """A2: whichever block created it."""
    rig.call("CreateDeliveryStream", DeliveryStreamName="d", S3DestinationConfiguration=rig.s3_settings(Prefix="p/"))
    destination = rig.describe()["Destinations"][0]
    assert destination["S3DestinationDescription"]["Prefix"] == "p/"
    assert destination["ExtendedS3DestinationDescription"]["Prefix"] == "p/"


def test_a_lambda_processor_is_echoed_canonically(rig: Any) -> None:
    """A7: five parameters in AWS's order, defaults filled in, all strings; Enabled is false unless given."""
    rig.create(ProcessingConfiguration={"Processors": [PROCESSOR]})
    block = rig.describe()["Destinations"][0]["ExtendedS3DestinationDescription"]["ProcessingConfiguration"]
    assert block["Enabled"] is False
    assert [tuple(p.values()) for p in block["Processors"][0]["Parameters"]] == [
        ("LambdaArn", "arn:f"),
        ("NumberOfRetries", "3"),
        ("RoleArn", rig.ROLE),
        ("BufferSizeInMBs", "1"),
        ("BufferIntervalInSeconds", "60"),
    ]


def test_updates_merge_and_raise_the_version_only_on_change(rig: Any) -> None:
    """A15: member merge, per-member hints, ProcessingConfiguration replaced whole, no rise for equal values."""
    rig.create(Prefix="p/", BufferingHints=HINTS, ProcessingConfiguration={"Enabled": True, "Processors": [PROCESSOR]})
    rig.update(ExtendedS3DestinationUpdate={"Prefix": "p/", "BufferingHints": {"SizeInMBs": 1}})
    assert rig.describe()["VersionId"] == "1"
    assert "LastUpdateTimestamp" not in rig.describe()
    rig.advance(10)
    rig.update(ExtendedS3DestinationUpdate={"BufferingHints": {"SizeInMBs": 3}, "ProcessingConfiguration": {}})
    described = rig.describe()
    s3 = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (described["VersionId"], described["LastUpdateTimestamp"]) == ("2", rig.START + 10)
    assert s3["BufferingHints"] == {"SizeInMBs": 3, "IntervalInSeconds": 60}
    assert s3["Prefix"] == "p/"
    assert s3["ProcessingConfiguration"] == {"Enabled": False, "Processors": []}


def test_refused_updates(rig: Any) -> None:
    """A15: texts; a refused update changes nothing."""
    backup = rig.s3_settings("backup")
    rig.create(S3BackupMode="Enabled", S3BackupConfiguration=backup)
    before = rig.describe()
    given = {
        "DeliveryStreamName": "d",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
    }
    change = {"ExtendedS3DestinationUpdate": {"Prefix": "x"}}
    error = rig.error("UpdateDestination", **{**given, "CurrentDeliveryStreamVersionId": "7"}, **change)
    assert error.code == "ConcurrentModificationException"
    assert error.message == (
        "Cannot update firehose: d since the current version id: 1 and specified version id: 7 do not match"
    )
    error = rig.error("UpdateDestination", **{**given, "DestinationId": "destinationId-2"}, **change)
    assert error.message == "Destination Id destinationId-2 not found"
    error = rig.error("UpdateDestination", **given)
    assert error.message == "At least one destination or source configuration update must be provided"
    error = rig.error("UpdateDestination", **given, ExtendedS3DestinationUpdate={"S3BackupMode": "Disabled"})
    assert error.message == "Disabling S3 backup is not currently supported."
    error = rig.error("UpdateDestination", **given, ExtendedS3DestinationUpdate={"Prefix": "!{timestamp:yyyy}"})
    assert error.code == "InvalidArgumentException"
    assert rig.describe() == before


def test_a_destination_of_another_kind_needs_everything(rig: Any) -> None:
    """A15: different type: no merge."""
    rig.create(BufferingHints=HINTS)
    rig.put(b"one")
    endpoint = {"EndpointConfiguration": {"Url": "https://h.example.com"}}
    with pytest.raises(Exception, match="S3Configuration is required"):
        rig.update(HttpEndpointDestinationUpdate=endpoint)
    rig.update(HttpEndpointDestinationUpdate={**endpoint, "S3Update": rig.s3_settings()})
    destination = rig.describe()["Destinations"][0]
    assert set(destination) == {"DestinationId", "HttpEndpointDestinationDescription"}
    rig.settle()
    assert len(rig.endpoint.requests) == 1


def test_states(make_rig: Any) -> None:
    """A4: what CREATING and DELETING refuse, with their texts."""
    rig = make_rig(transition_seconds=30)
    rig.create()
    assert rig.describe()["DeliveryStreamStatus"] == "CREATING"
    assert rig.error("PutRecord", DeliveryStreamName="d", Record={"Data": b""}).message == (
        "Firehose d is not active in 000000000000 account."
    )
    error = rig.error(
        "UpdateDestination", DeliveryStreamName="d", CurrentDeliveryStreamVersionId="1", DestinationId="x"
    )
    assert error.message == "Cannot update firehose: d when it is in CREATING status"
    error = rig.error("DeleteDeliveryStream", DeliveryStreamName="d")
    assert error.message == "Firehose d under account 000000000000 cannot be deleted in CREATING state"
    rig.restart()
    rig.advance(30)
    assert rig.describe()["DeliveryStreamStatus"] == "ACTIVE"
    rig.call("DeleteDeliveryStream", DeliveryStreamName="d")
    rig.call("DeleteDeliveryStream", DeliveryStreamName="d")
    assert rig.describe()["DeliveryStreamStatus"] == "DELETING"
    error = rig.error("TagDeliveryStream", DeliveryStreamName="d", Tags=[{"Key": "k"}])
    assert error.message == "Firehose d under account 000000000000 is in the DELETING state."
    assert rig.error("PutRecord", DeliveryStreamName="d", Record={"Data": b""}).code == "ResourceNotFoundException"
    rig.restart()
    rig.advance(30)
    assert rig.error("DescribeDeliveryStream", DeliveryStreamName="d").code == "ResourceNotFoundException"
    rig.create()


def test_puts(rig: Any) -> None:
    """A5: 4 MiB to the byte, long ids, order of members; a call over the limit writes nothing."""
    rig.create(BufferingHints=HINTS)
    mb = b"x" * 1_000_000
    error = rig.error("PutRecordBatch", DeliveryStreamName="d", Records=[{"Data": mb}] * 4 + [{"Data": b"x" * 194_305}])
    assert (error.code, error.message) == ("InvalidArgumentException", "Records size exceeds 4 MB limit")
    assert not len(rig.firehose.buffers)
    answer = rig.put(*[mb] * 4, b"x" * 194_304)
    assert list(answer) == ["FailedPutCount", "Encrypted", "RequestResponses"]
    assert (answer["FailedPutCount"], answer["Encrypted"]) == (0, False)
    ids = [r["RecordId"] for r in answer["RequestResponses"]]
    ids.append(rig.call("PutRecord", DeliveryStreamName="d", Record={"Data": b""})["RecordId"])
    assert len(set(ids)) == 6
    assert all(len(i) > 200 for i in ids)
    error = rig.error("PutRecord", DeliveryStreamName="no", Record={"Data": b""})
    assert error.message == "Firehose no not found under account 000000000000."


def test_encryption(make_rig: Any) -> None:
    """A16: states on the clock, Encrypted in put answers, 25 changes a day."""
    rig = make_rig(transition_seconds=5)
    rig.create()
    rig.advance(5)
    rig.call("StartDeliveryStreamEncryption", DeliveryStreamName="d")
    assert rig.describe()["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLING"
    assert rig.put(b"x")["Encrypted"] is False
    rig.restart()
    rig.advance(5)
    assert rig.describe()["DeliveryStreamEncryptionConfiguration"] == {"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}
    assert rig.put(b"x")["Encrypted"] is True
    for n in range(24):
        rig.call(f"{'Start' if n % 2 else 'Stop'}DeliveryStreamEncryption", DeliveryStreamName="d")
        rig.advance(5)
    assert rig.error("StopDeliveryStreamEncryption", DeliveryStreamName="d").code == "LimitExceededException"
    rig.advance(86400)
    rig.call("StopDeliveryStreamEncryption", DeliveryStreamName="d")


def test_listing_and_tags(rig: Any) -> None:
    """A4: lexical order, paging, last value of a duplicate key wins, aws: is refused."""
    for n in range(12):
        rig.create(f"s{n:02d}")
    first = rig.call("ListDeliveryStreams")
    assert first == {"DeliveryStreamNames": [f"s{n:02d}" for n in range(10)], "HasMoreDeliveryStreams": True}
    rest = rig.call("ListDeliveryStreams", ExclusiveStartDeliveryStreamName="s09")
    assert rest == {"DeliveryStreamNames": ["s10", "s11"], "HasMoreDeliveryStreams": False}
    tags = [{"Key": "b", "Value": "1"}, {"Key": "a"}, {"Key": "b", "Value": "2"}]
    rig.call("TagDeliveryStream", DeliveryStreamName="s01", Tags=tags)
    listed = rig.call("ListTagsForDeliveryStream", DeliveryStreamName="s01")
    assert listed == {"Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}], "HasMoreTags": False}
    page = rig.call("ListTagsForDeliveryStream", DeliveryStreamName="s01", Limit=1)
    assert (len(page["Tags"]), page["HasMoreTags"]) == (1, True)
    rig.call("UntagDeliveryStream", DeliveryStreamName="s01", TagKeys=["a"])
    assert len(rig.call("ListTagsForDeliveryStream", DeliveryStreamName="s01")["Tags"]) == 1
    error = rig.error("TagDeliveryStream", DeliveryStreamName="s01", Tags=[{"Key": "aws:x", "Value": "1"}])
    assert error.code == "InvalidArgumentException"
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    assert rig.error("TagDeliveryStream", DeliveryStreamName="s01", Tags=many).code == "LimitExceededException"
