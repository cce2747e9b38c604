"""Format conversion through boto3: a Glue table's schema, real Parquet and ORC files, decoded by pyarrow."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_firehose_metrics import function, names, total

parquet = pytest.importorskip("pyarrow.parquet")
orc = pytest.importorskip("pyarrow.orc")

ROLE = "arn:aws:iam::000000000000:role/firehose"
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 60}
TABLE = {
    "catalogId": "000000000000",
    "databaseName": "db",
    "tableName": "events",
    "region": "us-east-1",
    "versionId": "LATEST",
    "catalogArn": None,
}
COLUMNS = [("ticker", "string"), ("price", "double"), ("qty", "int"), ("ts", "timestamp")]


def table(aws: Any, columns: list[tuple[str, str]] = COLUMNS, name: str = "events") -> None:
    glue = aws.client("glue")
    try:
        glue.create_database(DatabaseInput={"Name": "db"})
    except ClientError:
        pass
    descriptor = {"Columns": [{"Name": n, "Type": t} for n, t in columns]}
    glue.create_table(DatabaseName="db", TableInput={"Name": name, "StorageDescriptor": descriptor})


def conversion(serializer: dict[str, Any] | None = None, deserializer: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "db", "TableName": "events"},
        "InputFormatConfiguration": {"Deserializer": deserializer or {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": serializer or {"ParquetSerDe": {}}},
    }


def settings(**more: Any) -> dict[str, Any]:
    base = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::converted", "BufferingHints": HINTS}
    return {**base, "DataFormatConversionConfiguration": conversion(), **more}


def create(aws: Any, **more: Any) -> None:
    aws.client("s3").create_bucket(Bucket="converted")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="converts", ExtendedS3DestinationConfiguration=settings(**more)
    )


def refused(aws: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        aws.client("firehose").create_delivery_stream(
            DeliveryStreamName="x", ExtendedS3DestinationConfiguration=settings(**more)
        )
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def put(aws: Any, *data: bytes) -> None:
    aws.client("firehose").put_record_batch(DeliveryStreamName="converts", Records=[{"Data": d} for d in data])


def objects(aws: Any, prefix: str = "") -> dict[str, Any]:
    s3 = aws.client("s3")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="converted", Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket="converted", Key=key) for key in keys}


def files(aws: Any) -> Iterator[tuple[str, Any]]:
    for key, found in objects(aws).items():
        if not key.startswith("format-conversion-failed/"):
            yield key, found


def rows(aws: Any) -> list[dict[str, Any]]:
    """The rows of the one Parquet file."""
    ((_, found),) = files(aws)
    return list(parquet.read_table(io.BytesIO(found["Body"].read())).to_pylist())


def failures(aws: Any) -> list[dict[str, Any]]:
    text = b"".join(o["Body"].read() for o in objects(aws, "format-conversion-failed/").values())
    return [json.loads(line) for line in text.splitlines()]


# -- failures first ---------------------------------------------------------------------------------------------------


def test_records_that_do_not_fit_fail_alone(aws: Any) -> None:
    """A10: ParseError and MalformedData per record, the rest converts; rawData as received, numbers as numbers."""
    table(aws)
    create(aws)
    put(
        aws,
        b'{"ticker": "AAA", "price": 1.5, "qty": 10, "ts": "2026-09-07 12:00:00"}',
        b'{"ticker": "BAD", "price": "oops"}\n',
        b"this is not json at all",
        b" \n",
        b"42",
    )
    arrival = int(aws.now() * 1000)
    aws.settle()
    assert [row["ticker"] for row in rows(aws)] == ["AAA"]
    lines = failures(aws)
    assert [(line["lastErrorCode"], base64.b64decode(line["rawData"])) for line in lines] == [
        ("DataFormatConversion.MalformedData", b'{"ticker": "BAD", "price": "oops"}\n'),
        ("DataFormatConversion.ParseError", b"this is not json at all"),
        ("DataFormatConversion.MalformedData", b" \n"),
        ("DataFormatConversion.MalformedData", b"42"),
    ]
    assert lines[0]["lastErrorMessage"] == 'Data does not match the schema. For input string: "oops"'
    assert lines[1]["lastErrorMessage"].startswith("Encountered malformed JSON.")
    assert lines[2]["lastErrorMessage"] == "The record was empty or contained only whitespace."
    assert list(lines[0]) == [
        "attemptsMade",
        "arrivalTimestamp",
        "lastErrorCode",
        "lastErrorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "sequenceNumber",
        "subSequenceNumber",
        "dataCatalogTable",
    ]
    assert (lines[0]["attemptsMade"], lines[0]["arrivalTimestamp"]) == (1, arrival)
    assert lines[0]["dataCatalogTable"] == TABLE
    (key,) = objects(aws, "format-conversion-failed/")
    assert "." not in key.rpartition("/")[2]


def test_a_table_that_is_gone_fails_the_batch(aws: Any) -> None:
    """A10: EntityNotFound, NonExistentColumns: every record goes to the error prefix."""
    table(aws)
    create(aws)
    aws.client("glue").delete_table(DatabaseName="db", Name="events")
    put(aws, b'{"ticker": "A"}', b'{"ticker": "B"}')
    aws.settle()
    assert {line["lastErrorCode"] for line in failures(aws)} == {"DataFormatConversion.EntityNotFound"}
    table(aws, [])
    put(aws, b'{"ticker": "C"}')
    aws.settle()
    assert failures(aws)[-1]["lastErrorCode"] == "DataFormatConversion.NonExistentColumns"
    assert len(failures(aws)) == 3
    assert not list(files(aws))


def test_an_unwritten_error_object_blocks_delivery(aws: Any) -> None:
    """A10: format conversion retries its error objects for ever, and delivers nothing else meanwhile."""
    table(aws)
    create(aws)
    put(aws, b"not json")
    aws.advance(61)  # the conversion is done, the error line waits in its own buffer
    s3 = aws.client("s3")
    s3.delete_bucket(Bucket="converted")
    aws.advance(60)
    put(aws, b'{"ticker": "LATE"}')
    aws.advance(3 * 86400)
    s3.create_bucket(Bucket="converted")
    aws.settle()
    assert [row["ticker"] for row in rows(aws)] == ["LATE"]
    assert len(failures(aws)) == 1


def test_refusals(aws: Any) -> None:
    """A2, A3: 64 MB at least, 60 s at least, UNCOMPRESSED only, a table that exists, one serde each."""
    code, text = refused(aws)
    assert code == "InvalidArgumentException"
    assert "could not be found" in text
    table(aws)
    small = {"SizeInMBs": 63, "IntervalInSeconds": 60}
    assert refused(aws, BufferingHints=small) == (
        "InvalidArgumentException",
        "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.",
    )
    assert refused(aws, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0})[0] == "InvalidArgumentException"
    assert refused(aws, CompressionFormat="GZIP")[0] == "InvalidArgumentException"
    for block in ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration"):
        partial = {k: v for k, v in conversion().items() if k != block}
        assert refused(aws, DataFormatConversionConfiguration=partial)[0] == "InvalidArgumentException"
    two = conversion({"ParquetSerDe": {}, "OrcSerDe": {}})
    assert refused(aws, DataFormatConversionConfiguration=two)[0] == "InvalidArgumentException"
    found = refused(aws, DataFormatConversionConfiguration=conversion({"ParquetSerDe": {"PageSizeBytes": 1}}))
    assert found[0] == "ValidationException"


def test_what_has_no_effect_here_is_refused_by_name(aws: Any) -> None:
    """Law 1: padding for HDFS, unknown date letters, column types beyond the known."""
    table(aws)
    for serializer, deserializer, name in (
        ({"ParquetSerDe": {"MaxPaddingBytes": 1}}, None, "MaxPaddingBytes"),
        ({"OrcSerDe": {"EnablePadding": True}}, None, "EnablePadding"),
        (None, {"HiveJsonSerDe": {"TimestampFormats": ["yyyy ww"]}}, "TimestampFormats"),
    ):
        code, text = refused(aws, DataFormatConversionConfiguration=conversion(serializer, deserializer))
        assert code == "NotEmulated"
        assert name in text
    aws.client("glue").delete_table(DatabaseName="db", Name="events")
    table(aws, [("u", "uniontype<int,string>")])
    code, text = refused(aws)
    assert code == "NotEmulated"
    assert "uniontype" in text


# -- what is delivered ------------------------------------------------------------------------------------------------


def test_parquet(aws: Any) -> None:
    """A11: key, extension, labels; several documents in one record are several rows; what is missing is null."""
    table(aws)
    create(aws, Prefix="data/")
    put(
        aws,
        b'{"ticker": "AAA", "price": 1.5, "qty": 10, "ts": "2026-09-07 12:00:00"}\n',
        b'{"TICKER": "BBB", "other": 1}{"ticker": "CCC", "qty": "7"}',
    )
    aws.settle()
    ((key, found),) = files(aws)
    assert key.startswith("data/")
    assert key.endswith(".parquet")
    assert (found["ContentType"], found["ContentEncoding"]) == ("application/octet-stream", "hadoop-snappy")
    body = found["Body"].read()
    assert parquet.read_table(io.BytesIO(body)).to_pylist() == [
        {"ticker": "AAA", "price": 1.5, "qty": 10, "ts": datetime(2026, 9, 7, 12)},
        {"ticker": "BBB", "price": None, "qty": None, "ts": None},
        {"ticker": "CCC", "price": None, "qty": 7, "ts": None},
    ]
    column = parquet.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0)
    assert column.compression == "SNAPPY"


@pytest.mark.parametrize("compression", ["UNCOMPRESSED", "GZIP"])
def test_parquet_compression(aws: Any, compression: str) -> None:
    """A2: ParquetSerDe.Compression; FileExtension replaces the extension."""
    table(aws)
    serializer = {"ParquetSerDe": {"Compression": compression, "WriterVersion": "V2"}}
    create(aws, DataFormatConversionConfiguration=conversion(serializer), FileExtension=".pq")
    put(aws, b'{"ticker": "AAA"}')
    aws.settle()
    ((key, found),) = files(aws)
    assert key.endswith(".pq")
    metadata = parquet.ParquetFile(io.BytesIO(found["Body"].read())).metadata
    assert metadata.row_group(0).column(0).compression == compression


@pytest.mark.parametrize("compression", ["NONE", "ZLIB", "SNAPPY"])
def test_orc(aws: Any, compression: str) -> None:
    """A2, A11: the other serialiser."""
    table(aws, [*COLUMNS, ("amount", "decimal(10,2)"), ("tags", "array<string>"), ("m", "map<string,int>")])
    create(aws, DataFormatConversionConfiguration=conversion({"OrcSerDe": {"Compression": compression}}))
    put(aws, b'{"ticker": "AAA", "ts": 1518033528, "amount": 12.345, "tags": ["x", null], "m": {"K": 1}}')
    aws.settle()
    ((key, found),) = files(aws)
    assert key.endswith(".orc")
    file = orc.ORCFile(io.BytesIO(found["Body"].read()))
    assert file.compression == ("UNCOMPRESSED" if compression == "NONE" else compression)
    (row,) = file.read().to_pylist()
    assert row["ts"].isoformat() == "2018-02-07T19:58:48"
    assert (row["amount"], row["tags"], row["m"]) == (Decimal("12.35"), ["x", None], [("k", 1)])


def test_nested_columns(aws: Any) -> None:
    """A2: arrays, maps and structs all the way down."""
    table(aws, [("deep", "array<struct<a:int,b:map<string,array<decimal(4,1)>>>>"), ("d", "date"), ("ok", "boolean")])
    create(aws)
    put(aws, b'{"deep": [{"A": "1", "b": {"K": [1.25, 2]}}, null], "d": "2026-9-7", "ok": true}')
    aws.settle()
    (row,) = rows(aws)
    assert row["deep"] == [{"a": 1, "b": [("k", [Decimal("1.3"), Decimal("2.0")])]}, None]
    assert (row["d"].isoformat(), row["ok"]) == ("2026-09-07", True)


def test_lambda_comes_before_conversion(aws: Any) -> None:
    """A7, A10: the function's answer is converted; what fails is reported with the record as received."""
    table(aws)
    create(aws, ProcessingConfiguration=function(aws, "before-conversion"))
    put(aws, b"Ok")  # this function answers `new`, which is no JSON
    aws.settle()
    (line,) = failures(aws)
    assert (line["lastErrorCode"], base64.b64decode(line["rawData"])) == ("DataFormatConversion.ParseError", b"Ok")


def test_a_kinesis_source_gives_its_sequence_numbers(aws: Any) -> None:
    """A10: sequenceNumber and subSequenceNumber of the source record."""
    table(aws)
    aws.client("s3").create_bucket(Bucket="converted")
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="to-convert", ShardCount=1)
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="converts",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/to-convert",
            "RoleARN": ROLE,
        },
        ExtendedS3DestinationConfiguration=settings(),
    )
    sent = kinesis.put_record(StreamName="to-convert", Data=b"no", PartitionKey="k")
    aws.settle()
    (line,) = failures(aws)
    assert (line["sequenceNumber"], line["subSequenceNumber"]) == (sent["SequenceNumber"], 0)


def test_conversion_metrics(aws: Any) -> None:
    """A17: SucceedConversion.*, FailedConversion.*; the file and the error object are deliveries."""
    table(aws)
    create(aws)
    assert not names(aws, "converts")
    put(aws, b'{"ticker": "A"}', b"bad")
    aws.settle()
    assert total(aws, "SucceedConversion.Records", "converts") == (1, "Count")
    assert total(aws, "SucceedConversion.Bytes", "converts") == (15, "Bytes")
    assert total(aws, "FailedConversion.Records", "converts") == (1, "Count")
    assert total(aws, "FailedConversion.Bytes", "converts") == (3, "Bytes")
    assert total(aws, "DeliveryToS3.Records", "converts") == (2, "Count")
    assert total(aws, "DeliveryToS3.Bytes", "converts") == (18, "Bytes")


def test_describe_and_update(aws: Any) -> None:
    """A2, A3, A15: enabled unless told otherwise, 128 MB and 300 s by default, updates merge, off is stored."""
    table(aws)
    firehose = aws.client("firehose")
    aws.client("s3").create_bucket(Bucket="converted")
    given = settings()
    del given["BufferingHints"]
    firehose.create_delivery_stream(DeliveryStreamName="converts", ExtendedS3DestinationConfiguration=given)

    def described() -> dict[str, Any]:
        found = firehose.describe_delivery_stream(DeliveryStreamName="converts")["DeliveryStreamDescription"]
        return {**found["Destinations"][0]["ExtendedS3DestinationDescription"], "version": found["VersionId"]}

    def update(**conversion: Any) -> None:
        firehose.update_destination(
            DeliveryStreamName="converts",
            CurrentDeliveryStreamVersionId=described()["version"],
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={"DataFormatConversionConfiguration": conversion},
        )

    assert described()["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}
    assert described()["DataFormatConversionConfiguration"] == {"Enabled": True, **conversion()}
    with pytest.raises(ClientError) as caught:
        update(SchemaConfiguration={"TableName": "none"})
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    table(aws, name="others")
    update(SchemaConfiguration={"TableName": "others"})
    assert described()["DataFormatConversionConfiguration"]["SchemaConfiguration"] == {
        "RoleARN": ROLE,
        "DatabaseName": "db",
        "TableName": "others",
    }
    update(Enabled=False)
    assert described()["DataFormatConversionConfiguration"]["Enabled"] is False
    put(aws, b"plain")
    aws.settle()
    ((key, found),) = files(aws)
    assert (found["Body"].read(), key.endswith(".parquet")) == (b"plain", False)
