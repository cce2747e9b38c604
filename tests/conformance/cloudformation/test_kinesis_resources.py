"""AWS::Kinesis::* and AWS::KinesisFirehose::*: what a template says is what the services show (A2, B1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.emulator.testing import EmulatorThread
from tests.conformance.cloudformation.stack import ROLE, Stack, assert_gone
from tests.conftest import Aws

_STREAM = """
Resources:
  Key: {Type: AWS::KMS::Key}
  Events:
    Type: AWS::Kinesis::Stream
    Properties:
      ShardCount: "2"
      RetentionPeriodHours: "48"
      StreamEncryption: {EncryptionType: KMS, KeyId: !Ref Key}
      DesiredShardLevelMetrics: [IncomingBytes]
      Tags: [{Key: team, Value: iot}]
  Reader:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {ConsumerName: reader, StreamARN: !GetAtt Events.Arn}
Outputs:
  Name: {Value: !Ref Events}
  Arn: {Value: !GetAtt Events.Arn}
  Reader: {Value: !Ref Reader}
  ReaderStatus: {Value: !GetAtt Reader.ConsumerStatus}
"""


def test_a_stream_has_what_its_template_says(aws: Aws) -> None:
    """B1, B6, B11: numbers come as text and are numbers all the same; Ref is the name."""
    stack = Stack(aws, "streams").deploy(_STREAM)
    outputs = stack.outputs()
    assert outputs["Name"].startswith("streams-Events-")
    kinesis = aws.client("kinesis")
    shown = kinesis.describe_stream_summary(StreamName=outputs["Name"])["StreamDescriptionSummary"]
    assert shown["StreamARN"] == outputs["Arn"]
    assert (shown["OpenShardCount"], shown["RetentionPeriodHours"], shown["EncryptionType"]) == (2, 48, "KMS")
    assert shown["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]
    tags = kinesis.list_tags_for_stream(StreamName=outputs["Name"])["Tags"]
    assert {"Key": "team", "Value": "iot"} in tags
    consumer = kinesis.describe_stream_consumer(ConsumerARN=outputs["Reader"])["ConsumerDescription"]
    assert (consumer["ConsumerName"], outputs["ReaderStatus"]) == ("reader", "ACTIVE")

    stack.delete()
    assert kinesis.list_streams()["StreamNames"] == []


def test_a_stream_is_changed_in_place(aws: Aws) -> None:
    """B6, B7, B11: shards, retention, encryption and metrics need no new stream."""
    stack = Stack(aws, "streams").deploy(_STREAM)
    name = stack.outputs()["Name"]
    changed = _STREAM.replace('ShardCount: "2"', "ShardCount: 4").replace('RetentionPeriodHours: "48"', "")
    changed = changed.replace("StreamEncryption: {EncryptionType: KMS, KeyId: !Ref Key}", "")
    changed = changed.replace("[IncomingBytes]", "[OutgoingBytes]")
    stack.deploy(changed)
    assert stack.outputs()["Name"] == name
    shown = aws.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (shown["OpenShardCount"], shown["RetentionPeriodHours"], shown["EncryptionType"]) == (4, 24, "NONE")
    assert shown["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["OutgoingBytes"]}]


@pytest.fixture
def slow(emulator: EmulatorThread) -> Iterator[None]:
    """Everything takes 30 s to become active, as on AWS."""
    before, emulator.world.transition_seconds = emulator.world.transition_seconds, 30.0
    yield
    emulator.world.transition_seconds = before


@pytest.mark.usefixtures("slow")
def test_streams_that_take_their_time(aws: Aws) -> None:
    """B1: each change waits for the one before; a deleted stack's streams are gone, not going."""
    stack = Stack(aws, "slow").deploy(_STREAM)
    changed = _STREAM.replace('ShardCount: "2"', "ShardCount: 4").replace('RetentionPeriodHours: "48"', "")
    stack.deploy(changed.replace("StreamEncryption: {EncryptionType: KMS, KeyId: !Ref Key}", ""))
    kinesis, name = aws.client("kinesis"), stack.outputs()["Name"]
    shown = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (shown["StreamStatus"], shown["OpenShardCount"], shown["RetentionPeriodHours"]) == ("ACTIVE", 4, 24)
    stack.delete()
    assert_gone("ResourceNotFoundException", kinesis.describe_stream_summary, StreamName=name)


def test_a_stream_of_another_name_is_another_stream(aws: Aws) -> None:
    """A change of Name replaces: the new stream is there, the old one is not."""
    template = "Resources: {Events: {Type: AWS::Kinesis::Stream, Properties: {Name: %s, ShardCount: 1}}}"
    stack = Stack(aws, "renamed").deploy(template % "first")
    stack.deploy(template % "second")
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["second"]


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ("{ShardCount: many}", "#/ShardCount"),
        ("{ShardCount: 0}", "0 is not greater or equal to 1"),
        ("{ShardCount: 1, RetentionPeriodHours: 12}", "Minimum allowed retention period is 24 hours"),
        ("{ShardCount: 1, Colour: blue}", "Colour"),
        ("{StreamModeDetails: {StreamMode: SOMETIMES}}", "SOMETIMES is not a valid enum value"),
    ],
)
def test_a_property_that_does_not_fit_fails_the_stream(aws: Aws, properties: str, said: str) -> None:
    """The reason names the property; nothing is left."""
    stack = Stack(aws, "wrong")
    reasons = stack.fail(f"Resources: {{Events: {{Type: AWS::Kinesis::Stream, Properties: {properties}}}}}")
    assert said in reasons["Events"]
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


_DELIVERY = f"""
Resources:
{ROLE}
  Bucket: {{Type: AWS::S3::Bucket}}
  Events: {{Type: AWS::Kinesis::Stream, Properties: {{ShardCount: 1}}}}
  Delivery:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamType: KinesisStreamAsSource
      KinesisStreamSourceConfiguration: {{KinesisStreamARN: !GetAtt Events.Arn, RoleARN: !GetAtt Role.Arn}}
      ExtendedS3DestinationConfiguration:
        BucketARN: !GetAtt Bucket.Arn
        RoleARN: !GetAtt Role.Arn
        Prefix: raw/
        BufferingHints: {{IntervalInSeconds: "60", SizeInMBs: "1"}}
        CompressionFormat: GZIP
      Tags: [{{Key: team, Value: iot}}]
Outputs:
  Name: {{Value: !Ref Delivery}}
  Arn: {{Value: !GetAtt Delivery.Arn}}
  Bucket: {{Value: !Ref Bucket}}
"""


def test_a_delivery_stream_delivers_and_is_changed_in_place(aws: Aws) -> None:
    """A2, A15: the destination is updated under its own version."""
    stack = Stack(aws, "delivery").deploy(_DELIVERY)
    outputs = stack.outputs()
    firehose = aws.client("firehose")
    shown = firehose.describe_delivery_stream(DeliveryStreamName=outputs["Name"])["DeliveryStreamDescription"]
    destination = shown["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (shown["DeliveryStreamARN"], shown["VersionId"]) == (outputs["Arn"], "1")
    assert (destination["Prefix"], destination["CompressionFormat"]) == ("raw/", "GZIP")
    assert destination["BufferingHints"] == {"IntervalInSeconds": 60, "SizeInMBs": 1}
    tags = firehose.list_tags_for_delivery_stream(DeliveryStreamName=outputs["Name"])["Tags"]
    assert {"Key": "team", "Value": "iot"} in tags

    stack.deploy(_DELIVERY.replace("Prefix: raw/", "Prefix: cooked/").replace("GZIP", "UNCOMPRESSED"))
    shown = firehose.describe_delivery_stream(DeliveryStreamName=outputs["Name"])["DeliveryStreamDescription"]
    assert shown["VersionId"] == "2"
    aws.client("kinesis").put_record(StreamName=stack.ids()["Events"], Data=b"hello", PartitionKey="k")
    aws.settle()
    objects = aws.client("s3").list_objects_v2(Bucket=outputs["Bucket"])["Contents"]
    assert [item["Key"].split("/")[0] for item in objects] == ["cooked"]


def test_a_delivery_stream_from_a_stack_to_itself_has_encryption(aws: Aws) -> None:
    """A16: server-side encryption is switched on with the stream, and off by an update."""
    template = _DELIVERY.replace("DeliveryStreamType: KinesisStreamAsSource", "DeliveryStreamType: DirectPut")
    template = "\n".join(line for line in template.split("\n") if "KinesisStreamSourceConfiguration" not in line)
    encryption = "      DeliveryStreamEncryptionConfigurationInput: {KeyType: AWS_OWNED_CMK}\n"
    encrypted = template.replace("      Tags:", encryption + "      Tags:")
    stack = Stack(aws, "sealed").deploy(encrypted)
    firehose, name = aws.client("firehose"), stack.outputs()["Name"]

    def status() -> str:
        shown = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
        return str(shown["DeliveryStreamEncryptionConfiguration"]["Status"])

    assert status() == "ENABLED"
    stack.deploy(template)
    assert status() == "DISABLED"
    stack.delete()
    assert_gone("ResourceNotFoundException", firehose.describe_delivery_stream, DeliveryStreamName=name)


def test_a_destination_that_is_not_emulated_fails_by_name(aws: Aws) -> None:
    """Law 1: Redshift is refused, not ignored."""
    template = _DELIVERY.replace("ExtendedS3DestinationConfiguration", "RedshiftDestinationConfiguration")
    assert "RedshiftDestinationConfiguration" in Stack(aws, "redshift").fail(template)["Delivery"]
