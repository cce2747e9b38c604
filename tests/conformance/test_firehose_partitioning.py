"""Dynamic partitioning and the processors beside Lambda, through boto3 (A5, A7, A10, A13, A15, A19)."""

from __future__ import annotations

import base64
import gzip
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::000000000000:role/firehose"
BUCKET = "partitions"
QUERY = "{customer:.customer_id,device:.type.device}"
PREFIX = "customer=!{partitionKeyFromQuery:customer}/device=!{partitionKeyFromQuery:device}/!{timestamp:yyyy}/"
ERRORS = "errors/!{firehose:error-output-type}/"


def processor(kind: str, **parameters: str) -> dict[str, Any]:
    return {"Type": kind, "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()]}


EXTRACTION = processor("MetadataExtraction", MetadataExtractionQuery=QUERY, JsonParsingEngine="JQ-1.6")
AGGREGATED = processor("RecordDeAggregation", SubRecordType="JSON")
DELIMITER = {"Type": "AppendDelimiterToRecord"}
GUNZIP = processor("Decompression", CompressionFormat="GZIP")
MESSAGES = processor("CloudWatchLogProcessing", DataMessageExtraction="true")


def settings(*processors: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERRORS,
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": list(processors)},
        **more,
    }
    return {name: value for name, value in given.items() if value is not None}


def create(aws: Any, *processors: dict[str, Any], source: str | None = None, **more: Any) -> None:
    aws.client("s3").create_bucket(Bucket=BUCKET)
    kind: dict[str, Any] = {}
    if source is not None:
        kind = {
            "DeliveryStreamType": "KinesisStreamAsSource",
            "KinesisStreamSourceConfiguration": {"KinesisStreamARN": source, "RoleARN": ROLE},
        }
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="parts", ExtendedS3DestinationConfiguration=settings(*processors, **more), **kind
    )


def plain(**more: Any) -> dict[str, Any]:
    return {"Prefix": None, "ErrorOutputPrefix": None, "DynamicPartitioningConfiguration": None, **more}


def put(aws: Any, *data: bytes) -> None:
    aws.client("firehose").put_record_batch(DeliveryStreamName="parts", Records=[{"Data": d} for d in data])


def folders(aws: Any) -> dict[str, bytes]:
    """What is in the bucket, by folder."""
    s3 = aws.client("s3")
    found: dict[str, bytes] = {}
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        folder = item["Key"].rpartition("/")[0] + "/"
        found[folder] = found.get(folder, b"") + s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
    return found


def refusal(call: Any, **params: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def event(customer: Any, device: str = "mobile", **more: Any) -> bytes:
    return json.dumps({"customer_id": customer, "type": {"device": device}, **more}).encode()


def test_records_without_keys_are_in_the_error_prefix(aws: Any) -> None:
    """A10, A13: one line each, code DynamicPartitioning.MetadataExtractionFailed, rawData as received."""
    create(aws, EXTRACTION)
    bad = [b"no json", event(None), event("")]
    put(aws, event("a"), *bad)
    aws.settle()
    found = folders(aws)
    lines = [json.loads(line) for line in found.pop("errors/processing-failed/").splitlines()]
    assert [base64.b64decode(line["rawData"]) for line in lines] == bad
    assert {line["errorCode"] for line in lines} == {"DynamicPartitioning.MetadataExtractionFailed"}
    assert [line["errorMessage"] for line in lines[1:]] == ["partitionKeys values must not be null or empty"] * 2
    year = next(iter(found)).split("/")[2]
    assert found == {f"customer=a/device=mobile/{year}/": event("a")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Prefix": "p/"},
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        ),
        (
            {"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300}},
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [DELIMITER]}},
            "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace",
        ),
        (
            {"DynamicPartitioningConfiguration": {"Enabled": False}},
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is "
            "enabled.",
        ),
    ],
)
def test_refused_configurations(aws: Any, change: dict[str, Any], message: str) -> None:
    """A13: InvalidArgumentException with AWS's text."""
    given = settings(EXTRACTION, **change)
    create_stream = aws.client("firehose").create_delivery_stream
    assert refusal(create_stream, DeliveryStreamName="parts", ExtendedS3DestinationConfiguration=given) == (
        "InvalidArgumentException",
        message,
        400,
    )


def test_update_keeps_partitioning_and_merges_the_rest(aws: Any) -> None:
    """A13, A15: it can't be disabled; retry options, prefix and processors change together; Describe shows all."""
    create(aws, EXTRACTION)
    firehose = aws.client("firehose")
    which = {
        "DeliveryStreamName": "parts",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
    }
    code, _, _ = refusal(
        firehose.update_destination,
        **which,
        ExtendedS3DestinationUpdate={"DynamicPartitioningConfiguration": {"Enabled": False}},
    )
    assert code == "InvalidArgumentException"
    changed = processor("MetadataExtraction", MetadataExtractionQuery="{d:.type.device}", JsonParsingEngine="JQ-1.6")
    firehose.update_destination(
        **which,
        ExtendedS3DestinationUpdate={
            "Prefix": "!{partitionKeyFromQuery:d}/",
            "ProcessingConfiguration": {"Enabled": True, "Processors": [changed]},
            "DynamicPartitioningConfiguration": {"RetryOptions": {"DurationInSeconds": 0}},
        },
    )
    described = firehose.describe_delivery_stream(DeliveryStreamName="parts")["DeliveryStreamDescription"]
    destination = described["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["VersionId"] == "2"
    assert destination["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}
    assert destination["DynamicPartitioningConfiguration"] == {
        "Enabled": True,
        "RetryOptions": {"DurationInSeconds": 0},
    }
    assert destination["ProcessingConfiguration"]["Processors"] == [changed]
    put(aws, event("a", "tv"))
    aws.settle()
    assert folders(aws) == {"tv/": event("a", "tv")}


@pytest.mark.parametrize("source", ["direct", "kinesis"])
def test_aggregated_records_in_partitions(aws: Any, source: str) -> None:
    """A7, A13: taken apart before their keys are read, a line feed between them, for both sources."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="parts", ShardCount=2)
    arn = kinesis.describe_stream_summary(StreamName="parts")["StreamDescriptionSummary"]["StreamARN"]
    create(aws, DELIMITER, EXTRACTION, AGGREGATED, source=arn if source == "kinesis" else None)
    records = [event("a", n=1) + event("b", n=2) + event("a", n=3), event("a", "tv") + b"\n" + event("b", n=4)]
    if source == "kinesis":
        for data in records:
            kinesis.put_record(StreamName="parts", PartitionKey="k", Data=data)
    else:
        put(aws, *records)
    before = aws.now()
    aws.settle()
    assert aws.now() - before == pytest.approx(300, abs=1)
    found = {"/".join(folder.split("/")[:2]): body for folder, body in folders(aws).items()}
    assert found == {
        "customer=a/device=mobile": event("a", n=1) + b"\n" + event("a", n=3),
        "customer=b/device=mobile": event("b", n=2) + b"\n" + event("b", n=4),
        "customer=a/device=tv": event("a", "tv"),
    }


def test_metrics(aws: Any) -> None:
    """A17: PartitionCount and its limit, and whether it was exceeded."""
    create(aws, EXTRACTION, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60})
    for start in (0, 250):
        put(aws, *[event(n) for n in range(start, start + 251)])
    aws.settle()
    aws.advance(120)
    cloudwatch = aws.client("cloudwatch")
    for name, expected in (("PartitionCount", 500), ("ActivePartitionsLimit", 500), ("PartitionCountExceeded", 1)):
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="AWS/Firehose",
            MetricName=name,
            Dimensions=[{"Name": "DeliveryStreamName", "Value": "parts"}],
            StartTime=aws.now() - 600,
            EndTime=aws.now() + 60,
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        assert (name, point["Maximum"]) == (name, expected)
    lines = folders(aws)["errors/processing-failed/"].splitlines()
    assert [json.loads(line)["errorMessage"] for line in lines] == [
        "The number of active partitions has exceeded the configured limit"
    ]


def packed(message: str, kind: str = "DATA_MESSAGE") -> bytes:
    events = [{"id": "1", "timestamp": 1, "message": message}]
    return gzip.compress(json.dumps({"messageType": kind, "logEvents": events}).encode())


def test_only_cloudwatch_logs_puts_where_records_are_decompressed(aws: Any) -> None:
    """A5: InvalidSourceException for any other caller, with AWS's text."""
    create(aws, GUNZIP, MESSAGES, **plain())
    assert refusal(aws.client("firehose").put_record, DeliveryStreamName="parts", Record={"Data": packed("one")}) == (
        "InvalidSourceException",
        "Put to Firehose failed for AccountId: 000000000000, FirehoseName: parts because the request is not "
        "originating from CloudWatch.",
        400,
    )


def test_decompression_can_not_be_added(aws: Any) -> None:
    """A19: for an existing stream without a Lambda function."""
    create(aws, DELIMITER, **plain())
    assert refusal(
        aws.client("firehose").update_destination,
        DeliveryStreamName="parts",
        CurrentDeliveryStreamVersionId="1",
        DestinationId="destinationId-000000000001",
        ExtendedS3DestinationUpdate={"ProcessingConfiguration": {"Enabled": True, "Processors": [GUNZIP]}},
    ) == (
        "InvalidArgumentException",
        "Enabling source decompression is not supported for existing stream with no Lambda function attached.",
        400,
    )


def test_log_records_from_a_stream(aws: Any) -> None:
    """A7, A10, A19: messages with line feeds, nothing of a probe, and an error object for what is no log record."""
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="parts", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="parts")["StreamDescriptionSummary"]["StreamARN"]
    create(aws, MESSAGES, GUNZIP, source=arn, **plain())
    for data in (packed("one"), packed("probe", "CONTROL_MESSAGE"), b"plain", packed("two")):
        kinesis.put_record(StreamName="parts", PartitionKey="k", Data=data)
    aws.settle()
    found = folders(aws)
    (failed,) = [folder for folder in found if folder.startswith("decompression-failed/")]
    line = json.loads(found.pop(failed))
    assert (line["errorCode"], base64.b64decode(line["rawData"])) == ("Decompression failed.", b"plain")
    assert line["errorMessage"] == "Decompression failed because input data does not conform to cloudwatch log."
    assert list(found.values()) == [b"one\ntwo\n"]


def test_partitions_are_converted(aws: Any) -> None:
    """A7, A13: keys are read from the JSON, then each partition's records become one Parquet file."""
    parquet = pytest.importorskip("pyarrow.parquet")
    glue = aws.client("glue")
    glue.create_database(DatabaseInput={"Name": "parts"})
    columns = [{"Name": "customer_id", "Type": "string"}, {"Name": "n", "Type": "int"}]
    glue.create_table(DatabaseName="parts", TableInput={"Name": "t", "StorageDescriptor": {"Columns": columns}})
    conversion = {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "parts", "TableName": "t"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    create(aws, EXTRACTION, AGGREGATED, DataFormatConversionConfiguration=conversion)
    put(aws, event("a", n=1) + event("b", n=2), event("a", n=3), event("a", n="no number"))
    aws.settle()
    found = {folder.split("/")[0]: body for folder, body in folders(aws).items()}
    (failed,) = [json.loads(line) for line in found.pop("errors").splitlines()]
    assert base64.b64decode(failed["rawData"]) == event("a", n="no number")
    rows = {name: parquet.read_table(io.BytesIO(body)).to_pylist() for name, body in found.items()}
    assert rows == {
        "customer=a": [{"customer_id": "a", "n": 1}, {"customer_id": "a", "n": 3}],
        "customer=b": [{"customer_id": "b", "n": 2}],
    }
