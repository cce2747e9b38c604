"""Decompression, message extraction, de-aggregation, delimiter: failures first (A5, A7, A10, A19)."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from harness.emulator.call import Caller

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
FOLDER = "decompression-failed/2023/11/14/22/"
GUNZIP: dict[str, Any] = {"Type": "Decompression"}
EXTRACT = {
    "Type": "CloudWatchLogProcessing",
    "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}],
}
LAMBDA = {"Type": "Lambda", "Parameters": [{"ParameterName": "LambdaArn", "ParameterValue": "arn:f"}]}
DELIMITER = {"Type": "AppendDelimiterToRecord"}


def processing(*processors: dict[str, Any]) -> dict[str, Any]:
    return {"Enabled": True, "Processors": list(processors)}


def parameters(kind: str, **values: str) -> dict[str, Any]:
    return {"Type": kind, "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]}


def envelope(*messages: str, kind: str = "DATA_MESSAGE") -> dict[str, Any]:
    events = [{"id": str(n), "timestamp": n, "message": message} for n, message in enumerate(messages)]
    return {
        "messageType": kind,
        "owner": "000000000000",
        "logGroup": "g",
        "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": events,
    }


def packed(what: Any) -> bytes:
    return gzip.compress(json.dumps(what).encode(), mtime=0)


def put_from_logs(rig: Any, *data: bytes, name: str = "d") -> None:
    """As CloudWatch Logs puts."""
    params = {"DeliveryStreamName": name, "Records": [{"Data": d} for d in data]}

    async def put() -> None:
        with rig.world.clock.working():
            caller = Caller().on_behalf("logs.amazonaws.com", role=rig.ROLE)
            await rig.world.bus.call("firehose", "PutRecordBatch", params, caller)

    rig.run(put())


@pytest.mark.parametrize(
    ("processors", "message"),
    [
        ([parameters("Decompression", CompressionFormat="ZIP")], "CompressionFormat has to be GZIP"),
        ([GUNZIP, GUNZIP], "Cannot have more than 1 Decompression processor"),
        ([EXTRACT], "CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor"),
        (
            [GUNZIP, {"Type": "CloudWatchLogProcessing"}],
            "Invalid parameter value for DataMessageExtraction. Allowed values are True and False.",
        ),
        (
            [GUNZIP, parameters("CloudWatchLogProcessing", DataMessageExtraction="yes")],
            "Invalid parameter value for DataMessageExtraction. Allowed values are True and False.",
        ),
        ([parameters("RecordDeAggregation")], "SubRecordType has to be one of JSON, DELIMITED"),
        ([parameters("RecordDeAggregation", SubRecordType="XML")], "SubRecordType has to be one of JSON, DELIMITED"),
        (
            [parameters("RecordDeAggregation", SubRecordType="DELIMITED")],
            "Delimiter should be present for DELIMITED",
        ),
        (
            [parameters("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter="#")],
            "Delimiter has to be a base64 encoded string",
        ),
        (
            [parameters("MetadataExtraction", MetadataExtractionQuery="{c:.c}")],
            "MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6",
        ),
        (
            [parameters("MetadataExtraction", JsonParsingEngine="JQ-1.6")],
            "MetadataExtractionQuery is required when MetadataExtraction processor is used.",
        ),
        ([{"Type": "Lambda"}], "LambdaArn is required when Lambda processor is used."),
        (
            [parameters("Lambda", LambdaArn="a", BufferSizeInMBs="1")],
            "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda "
            "processor.",
        ),
        (
            [parameters("Lambda", LambdaArn="a", BufferSizeInMBs="4", BufferIntervalInSeconds="1")],
            "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
        ),
        (
            [parameters("Lambda", LambdaArn="a", BufferSizeInMBs="3", BufferIntervalInSeconds="901")],
            "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
        ),
        (
            [parameters("Lambda", LambdaArn="a", NumberOfRetries="301")],
            "Number of retries for lambda must be between 0 and 300.",
        ),
        (
            [parameters("Decompression", LambdaArn="a")],
            "LambdaArn is not a parameter of a Decompression processor.",
        ),
    ],
)
def test_refused_processors(rig: Any, processors: list[dict[str, Any]], message: str) -> None:
    """A7: AWS's texts; no stream is left behind."""
    s3 = rig.s3_settings(ProcessingConfiguration=processing(*processors))
    error = rig.error("CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=s3)
    assert (error.code, error.message) == ("InvalidArgumentException", message)
    assert rig.call("ListDeliveryStreams")["DeliveryStreamNames"] == []


@pytest.mark.parametrize("query", ["{c:", "{c:nope}", "1) | (2"])
def test_a_query_that_does_not_compile_is_refused(rig: Any, query: str) -> None:
    """A13: validated at create."""
    given = parameters("MetadataExtraction", MetadataExtractionQuery=query, JsonParsingEngine="JQ-1.6")
    s3 = rig.s3_settings(
        ProcessingConfiguration=processing(given),
        DynamicPartitioningConfiguration={"Enabled": True},
        Prefix="!{partitionKeyFromQuery:c}/",
        ErrorOutputPrefix="errors/",
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
    )
    error = rig.error("CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=s3)
    assert error.code == "InvalidArgumentException"
    assert "compile error" in error.message


def test_decompression_is_for_cloudwatch_logs_alone(rig: Any) -> None:
    """A5: a put by anybody else is refused; nothing is written."""
    rig.create(ProcessingConfiguration=processing(GUNZIP))
    for operation, params in (
        ("PutRecord", {"Record": {"Data": packed(envelope("m"))}}),
        ("PutRecordBatch", {"Records": [{"Data": packed(envelope("m"))}]}),
    ):
        error = rig.error(operation, DeliveryStreamName="d", **params)
        assert (error.code, error.message, error.status) == (
            "InvalidSourceException",
            "Put to Firehose failed for AccountId: 000000000000, FirehoseName: d because the request is not "
            "originating from CloudWatch.",
            400,
        )
    assert not len(rig.firehose.buffers)


def test_decompression_can_not_be_added_without_a_function(rig: Any) -> None:
    """A19: an existing stream without Lambda can't begin to decompress; one with Lambda can."""
    text = "Enabling source decompression is not supported for existing stream with no Lambda function attached."
    rig.create(BufferingHints=HINTS)
    rig.create("l", BufferingHints=HINTS, ProcessingConfiguration=processing(LAMBDA))
    rig.create_http("h")
    with pytest.raises(Exception, match=text):
        rig.update(ExtendedS3DestinationUpdate={"ProcessingConfiguration": processing(GUNZIP)})
    with pytest.raises(Exception, match=text):
        rig.update("h", HttpEndpointDestinationUpdate={"ProcessingConfiguration": processing(GUNZIP)})
    assert rig.describe()["VersionId"] == "1"
    rig.update("l", ExtendedS3DestinationUpdate={"ProcessingConfiguration": processing(GUNZIP, LAMBDA)})
    rig.update("l", ExtendedS3DestinationUpdate={"ProcessingConfiguration": processing(GUNZIP)})
    put_from_logs(rig, packed(envelope("m")), name="l")
    rig.settle()
    assert json.loads(rig.objects()[0]) == envelope("m")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        packed(envelope("m"))[:-3],
        packed(envelope("m")) + b"x",
        gzip.compress(b"not json"),
        packed([1]),
        packed({"messageType": "OTHER", "logEvents": []}),
        packed({"messageType": "DATA_MESSAGE"}),
        packed({"messageType": "DATA_MESSAGE", "logEvents": [5]}),
        packed({"messageType": "DATA_MESSAGE", "logEvents": [{"message": 5}]}),
    ],
    ids=["empty", "text", "cut", "tail", "not-json", "list", "other-type", "no-events", "no-event", "no-message"],
)
@pytest.mark.parametrize("more", [[], [EXTRACT]], ids=["keep", "extract"])
def test_what_is_no_log_record_fails(rig: Any, data: bytes, more: list[dict[str, Any]]) -> None:
    """A10: decompression-failed, with code and text literally; rawData is what arrived; the others go on."""
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=processing(GUNZIP, *more))
    put_from_logs(rig, data, packed(envelope("good")))
    rig.settle()
    (line,) = rig.lines(FOLDER)
    assert list(line)[:-1] == [
        "rawData",
        "errorCode",
        "errorMessage",
        "attemptsMade",
        "arrivalTimestamp",
        "attemptEndingTimestamp",
    ]
    assert (line["raw"], line["attemptsMade"], line["arrivalTimestamp"]) == (data, 1, 1_700_000_000_000)
    assert line["errorCode"] == "Decompression failed."
    assert line["errorMessage"] == "Decompression failed because input data does not conform to cloudwatch log."
    assert len(rig.objects("2023/")) == 1


def test_a_record_that_unpacks_to_too_much_fails(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded however well a record was packed."""
    monkeypatch.setattr("harness.emulator.services.firehose.processing.cloudwatch_logs.LARGEST", 10_000)
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=processing(GUNZIP))
    put_from_logs(rig, packed(envelope("x" * 10_000)), packed(envelope("x" * 9_000)))
    rig.settle()
    assert len(rig.lines(FOLDER)) == 1
    assert len(rig.objects("2023/")[0]) > 9_000


def test_decompression_keeps_the_envelope(rig: Any) -> None:
    """A19: without extraction the output is the JSON as it was packed; false means no extraction."""
    no = parameters("CloudWatchLogProcessing", DataMessageExtraction="False")
    rig.create("n", BufferingHints=HINTS, ProcessingConfiguration=processing(no, GUNZIP))
    put_from_logs(rig, packed(envelope("one", "two")), packed(envelope("p", kind="CONTROL_MESSAGE")), name="n")
    rig.settle()
    text = json.dumps(envelope("one", "two")) + json.dumps(envelope("p", kind="CONTROL_MESSAGE"))
    assert rig.objects() == [text.encode()]


def test_extraction_emits_messages(rig: Any) -> None:
    """A7, A19: each message and a line feed; one envelope is one record for Lambda, a probe is an empty one.

    The declared order does not matter; the backup holds what arrived, and so does an error object.
    """
    rig.create(
        BufferingHints=HINTS,
        ProcessingConfiguration=processing(LAMBDA, EXTRACT, GUNZIP),
        S3BackupMode="Enabled",
        S3BackupConfiguration=rig.s3_settings("backup"),
    )
    rig.lambda_.answer = rig.transform(lambda d: ("ProcessingFailed" if b"bad" in d else "Ok", d))
    sent = [
        packed(envelope("one", "zwei ü\n")),
        packed(envelope("probe", kind="CONTROL_MESSAGE")),
        packed(envelope("bad")),
    ]
    put_from_logs(rig, *sent)
    rig.settle()
    (event,) = rig.lambda_.events
    assert [base64.b64decode(r["data"]) for r in event["records"]] == ["one\nzwei ü\n\n".encode(), b"", b"bad\n"]
    assert rig.objects("2023/") == ["one\nzwei ü\n\n".encode()]
    assert [line["raw"] for line in rig.lines("processing-failed/")] == [sent[2]]
    assert rig.objects(bucket="backup") == [b"".join(sent)]


def test_a_kinesis_source_may_bring_packed_records(rig: Any) -> None:
    """A6, A7: records from a stream are decompressed, too: nobody else puts there."""
    rig.call("CreateStream", "kinesis", StreamName="s", ShardCount=1)
    rig.call(
        "CreateDeliveryStream",
        DeliveryStreamName="d",
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "RoleARN": rig.ROLE,
        },
        ExtendedS3DestinationConfiguration=rig.s3_settings(
            BufferingHints=HINTS, ProcessingConfiguration=processing(GUNZIP, EXTRACT)
        ),
    )
    rig.call("PutRecord", "kinesis", StreamName="s", PartitionKey="k", Data=packed(envelope("one")))
    rig.call("PutRecord", "kinesis", StreamName="s", PartitionKey="k", Data=b"plain")
    rig.settle()
    assert rig.objects("2023/") == [b"one\n"]
    assert [line["raw"] for line in rig.lines(FOLDER)] == [b"plain"]


def test_a_large_envelope_does_not_fail_its_neighbours(rig: Any) -> None:
    """A8: an event fits 6 MB; an envelope that unpacks to more than a record may hold is invoked on its own."""
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=processing(GUNZIP, LAMBDA))
    rig.lambda_.answer = rig.transform(lambda d: ("Ok", b"."))
    put_from_logs(rig, *[packed(envelope("x" * size)) for size in (900_000, 5_000_000, 100_000)])
    rig.settle()
    assert sorted(len(raw) > 6 * 1024 * 1024 for raw in rig.lambda_.raw) == [False] * (len(rig.lambda_.raw) - 1) + [
        True
    ]
    assert [len(e["records"]) for e in rig.lambda_.events if len(e["records"][0]["data"]) > 6_000_000] == [1]
    assert rig.objects() == [b"..."]


def partitioned(*processors: dict[str, Any]) -> dict[str, Any]:
    extraction = parameters("MetadataExtraction", MetadataExtractionQuery="{c:.c}", JsonParsingEngine="JQ-1.6")
    return {
        "Prefix": "c=!{partitionKeyFromQuery:c}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": processing(extraction, *processors),
    }


JSON = parameters("RecordDeAggregation", SubRecordType="JSON")
HASHES = parameters("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter="IyMjIw==")


def test_json_records_are_taken_apart(rig: Any) -> None:
    """A7, A13: consecutive objects and lines; what is no sequence of objects is passed on whole."""
    rig.create(**partitioned(JSON, DELIMITER), S3BackupMode="Enabled", S3BackupConfiguration=rig.s3_settings("backup"))
    sent = [b'{"c":"a","n":1}{"c":"b"}', b'{"c":"a","n":2}\n{"c":"a","n":3}\n', b'[{"c":"a"}]', b'{"c":"b"}x']
    rig.put(*sent)
    rig.settle()
    assert rig.objects("c=a/") == [b'{"c":"a","n":1}\n{"c":"a","n":2}\n{"c":"a","n":3}']
    assert rig.objects("c=b/") == [b'{"c":"b"}']
    assert [line["raw"] for line in rig.lines("errors/processing-failed/")] == sent[2:]
    assert rig.objects(bucket="backup") == [b"".join(sent)]


def test_delimited_records_are_taken_apart(rig: Any) -> None:
    """A13: a delimiter in base64, dropped; a failed sub-record fails alone and its own bytes are rawData."""
    rig.create(**partitioned(HASHES))
    rig.put(b'{"c":"a","n":1}####{"c":"a","n":2}####', b'nothing####{"c":"a","n":3}')
    rig.settle()
    assert rig.objects("c=a/") == [b'{"c":"a","n":1}{"c":"a","n":2}{"c":"a","n":3}']
    assert [line["raw"] for line in rig.lines("errors/")] == [b"nothing"]


@pytest.mark.parametrize("how", [JSON, HASHES])
def test_at_most_500_sub_records(rig: Any, how: dict[str, Any]) -> None:
    """A5: a record with more is passed on whole; the call succeeds."""
    rig.create(**partitioned(how))
    glue = b"####" if how is HASHES else b""
    rig.put(glue.join([b'{"c":"a"}'] * 500), glue.join([b'{"c":"b"}'] * 501))
    rig.settle()
    assert rig.objects("c=a/") == [b'{"c":"a"}' * 500]
    assert [len(line["raw"]) for line in rig.lines("errors/")] == [len(glue.join([b'{"c":"b"}'] * 501))]


@pytest.mark.parametrize("source", ["direct", "kinesis"])
def test_sub_records_have_ids_of_their_own(rig: Any, source: str) -> None:
    """A8, A13: de-aggregation comes before Lambda, which sees each sub-record once under its own recordId."""
    settings = rig.s3_settings(**partitioned(LAMBDA, JSON))
    rig.call("CreateStream", "kinesis", StreamName="s", ShardCount=1)
    more: dict[str, Any] = {}
    if source == "kinesis":
        arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
        configuration = {"KinesisStreamARN": arn, "RoleARN": rig.ROLE}
        more = {"DeliveryStreamType": "KinesisStreamAsSource", "KinesisStreamSourceConfiguration": configuration}
    rig.call("CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=settings, **more)
    rig.lambda_.answer = rig.transform(lambda d: ("Ok", d.upper().replace(b'"C":', b'"c":')))
    for data in (b'{"c":"a"}{"c":"b"}', b'{"c":"c"}', b'{"c":"a"}\n{"c":"d"}'):
        if source == "kinesis":
            rig.call("PutRecord", "kinesis", StreamName="s", PartitionKey="k", Data=data)
        else:
            rig.put(data)
    rig.settle()
    (event,) = rig.lambda_.events
    ids = [record["recordId"] for record in event["records"]]
    assert len(set(ids)) == len(ids) == 5
    assert {key[:4]: body for (_, key), body in rig.s3.objects.items()} == {
        "c=A/": b'{"c":"A"}{"c":"A"}',
        "c=B/": b'{"c":"B"}',
        "c=C/": b'{"c":"C"}',
        "c=D/": b'{"c":"D"}',
    }


def test_the_delimiter_has_no_parameters(rig: Any) -> None:
    """A7: AWS stores an empty list and always uses a line feed, whatever was given."""
    given = parameters("AppendDelimiterToRecord", Delimiter="#")
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=processing(given))
    described = rig.describe()["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["ProcessingConfiguration"]["Processors"] == [{"Type": "AppendDelimiterToRecord", "Parameters": []}]
    rig.put(b"one", b"two")
    rig.settle()
    assert rig.objects() == [b"one\ntwo"]


def test_an_http_endpoint_gets_unpacked_records(rig: Any) -> None:
    """A7: decompression and extraction serve every destination; a delimiter at an endpoint is refused by name."""
    rig.create_http(ProcessingConfiguration=processing(GUNZIP, EXTRACT))
    put_from_logs(rig, packed(envelope("one")))
    rig.settle()
    body = json.loads(rig.endpoint.requests[0][3])
    assert [base64.b64decode(r["data"]) for r in body["records"]] == [b"one\n"]
    with pytest.raises(Exception, match=r"NotEmulated.*AppendDelimiterToRecord"):
        rig.create_http("x", ProcessingConfiguration=processing(DELIMITER))
