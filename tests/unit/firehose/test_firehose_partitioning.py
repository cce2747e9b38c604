"""Dynamic partitioning: failures first (A13)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

PREFIX = "c=!{partitionKeyFromQuery:c}/"
ERRORS = "errors/!{firehose:error-output-type}/"
FOLDER = "errors/processing-failed/"
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 60}
FAILED = "DynamicPartitioning.MetadataExtractionFailed"
EMPTY = "partitionKeys values must not be null or empty"


def processor(kind: str, **parameters: str) -> dict[str, Any]:
    return {
        "Type": kind,
        "Parameters": [{"ParameterName": n, "ParameterValue": v} for n, v in parameters.items()],
    }


def extraction(query: str = "{c:.c}") -> dict[str, Any]:
    return processor("MetadataExtraction", MetadataExtractionQuery=query, JsonParsingEngine="JQ-1.6")


def lambda_(retries: str = "0") -> dict[str, Any]:
    return processor("Lambda", LambdaArn="arn:aws:lambda:us-east-1:000000000000:function:f", NumberOfRetries=retries)


def settings(*processors: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Prefix": PREFIX,
        "ErrorOutputPrefix": ERRORS,
        "BufferingHints": HINTS,
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {"Enabled": True, "Processors": list(processors)},
        **more,
    }


def keys_from_lambda(keys: Callable[[bytes], Any]) -> Callable[[dict[str, Any]], Any]:
    """A function that passes records on with `metadata` from their bytes."""

    def answer(event: dict[str, Any]) -> Any:
        return {
            "records": [
                {
                    "recordId": record["recordId"],
                    "result": "Ok",
                    "data": record["data"],
                    "metadata": keys(base64.b64decode(record["data"])),
                }
                for record in event["records"]
            ]
        }

    return answer


def refused(rig: Any, **s3: Any) -> str:
    error = rig.error(
        "CreateDeliveryStream", DeliveryStreamName="d", ExtendedS3DestinationConfiguration=rig.s3_settings(**s3)
    )
    assert (error.code, error.status) == ("InvalidArgumentException", 400)
    assert rig.call("ListDeliveryStreams")["DeliveryStreamNames"] == []
    return str(error.message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Prefix": None},
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        ),
        (
            {"Prefix": "a/"},
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        ),
        (
            {"DynamicPartitioningConfiguration": None},
            "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is "
            "enabled.",
        ),
        ({"ErrorOutputPrefix": None}, "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"),
        (
            {"ErrorOutputPrefix": "!{firehose:error-output-type}/!{partitionKeyFromQuery:c}/"},
            "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
        ),
        (
            {"BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 60}},
            "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.",
        ),
        (
            {"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 59}},
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.",
        ),
        ({"ProcessingConfiguration": None}, "Processing Configuration is not enabled when DataPartitioning is enabled"),
        (
            {"ProcessingConfiguration": {"Enabled": False, "Processors": [extraction()]}},
            "Processing Configuration is not enabled when DataPartitioning is enabled",
        ),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [lambda_()]}},
            "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace",
        ),
        (
            {"Prefix": "!{partitionKeyFromQuery:c}/!{partitionKeyFromLambda:k}/"},
            "Lambda should be present when S3 Prefix contains keys from partitionKeyFromLambda namespace",
        ),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [extraction('{c:.c,"other":.o}')]}},
            "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(rig: Any, change: dict[str, Any], message: str) -> None:
    """A3, A13: prefix, error prefix, hints, keys and processors; AWS's texts."""
    given = {name: value for name, value in {**settings(extraction()), **change}.items() if value is not None}
    assert refused(rig, **given) == message


@pytest.mark.parametrize("kind", ["MetadataExtraction", "RecordDeAggregation"])
@pytest.mark.parametrize("partitioning", [{}, {"DynamicPartitioningConfiguration": {"Enabled": False}}])
def test_processors_that_need_partitioning(rig: Any, kind: str, partitioning: dict[str, Any]) -> None:
    """A7, A13: refused without dynamic partitioning, at an HTTP endpoint too."""
    given = extraction() if kind == "MetadataExtraction" else processor(kind, SubRecordType="JSON")
    processing = {"Enabled": True, "Processors": [given]}
    message = (
        f"class com.amazonaws.services.firehose.internal.model.{kind}Processor can only be present when Dynamic "
        "Partitioning is enabled."
    )
    assert refused(rig, ProcessingConfiguration=processing, **partitioning) == message
    with pytest.raises(Exception, match="can only be present when Dynamic Partitioning is enabled"):
        rig.create_http(ProcessingConfiguration=processing)


def test_partitioning_begins_at_creation_and_does_not_end(rig: Any) -> None:
    """A13, A15: UpdateDestination neither enables nor disables it, nor goes to another kind of destination."""
    rig.create("plain")
    rig.create(**settings(extraction()))
    for name, enabled in (("plain", True), ("d", False)):
        with pytest.raises(Exception, match="Dynamic Partitioning can only be enabled when a Firehose is created"):
            rig.update(name, ExtendedS3DestinationUpdate={"DynamicPartitioningConfiguration": {"Enabled": enabled}})
    endpoint = {"EndpointConfiguration": {"Url": "https://h.example.com"}, "S3Update": rig.s3_settings()}
    with pytest.raises(Exception, match="can only deliver to Amazon S3"):
        rig.update(HttpEndpointDestinationUpdate=endpoint)
    with pytest.raises(Exception, match="S3 Prefix should contain Dynamic Partitioning namespaces"):
        rig.update(ExtendedS3DestinationUpdate={"Prefix": "plain/"})
    with pytest.raises(Exception, match="MetadataExtraction processor should be present"):
        rig.update(
            ExtendedS3DestinationUpdate={"ProcessingConfiguration": {"Enabled": True, "Processors": [lambda_()]}}
        )
    assert rig.describe()["VersionId"] == "1"
    rig.update(
        ExtendedS3DestinationUpdate={
            "DynamicPartitioningConfiguration": {"RetryOptions": {"DurationInSeconds": 10}},
            "Prefix": "d=!{partitionKeyFromQuery:d}/",
            "ProcessingConfiguration": {"Enabled": True, "Processors": [extraction("{d:.d}")]},
        }
    )
    rig.update("plain", ExtendedS3DestinationUpdate={"DynamicPartitioningConfiguration": {"Enabled": False}})
    described = rig.describe()["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["DynamicPartitioningConfiguration"] == {
        "Enabled": True,
        "RetryOptions": {"DurationInSeconds": 10},
    }
    assert described["Prefix"] == "d=!{partitionKeyFromQuery:d}/"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"not json", "parse error"),
        (b'{"c":"a"', "parse error"),
        (b"\xff\xfe", "codec can't decode"),
        (b"", "0 results"),
        (b'{"c":"a"}{"c":"b"}', "2 results"),
        (b"5", "Cannot index number"),
        (b"[1]", "Cannot index array"),
        (b'{"c":null}', EMPTY),
        (b'{"c":""}', EMPTY),
        (b"{}", EMPTY),
        (b'{"c":[1]}', "neither text nor a number"),
        (b'{"c":{"x":1}}', "neither text nor a number"),
        (json.dumps({"c": "x" * 511}).encode(), "Length of evaluated prefix cannot be greater than 512"),
    ],
)
def test_a_record_without_a_key_goes_to_the_error_prefix(rig: Any, data: bytes, message: str) -> None:
    """A10, A13: unparsable JSON, a failing query, null and empty values; the others are delivered."""
    rig.create(**settings(extraction()))
    rig.put(b'{"c":"good"}', data)
    rig.settle()
    (line,) = rig.lines(FOLDER)
    assert list(line) == [
        "rawData",
        "errorCode",
        "errorMessage",
        "attemptsMade",
        "arrivalTimestamp",
        "attemptEndingTimestamp",
        "raw",
    ]
    assert (line["raw"], line["errorCode"], line["attemptsMade"]) == (data, FAILED, 1)
    assert message in line["errorMessage"]
    assert rig.objects("c=good/") == [b'{"c":"good"}']


@pytest.mark.parametrize("metadata", [None, {}, {"partitionKeys": None}, {"partitionKeys": {"k": None}},
                                      {"partitionKeys": {"k": ""}}, {"partitionKeys": {"other": "x"}}])  # fmt: skip
def test_lambda_keys_that_are_missing(rig: Any, metadata: Any) -> None:
    """A9, A13: partitionKeys missing when the prefix needs them; rawData is what arrived."""
    rig.create(**settings(lambda_(), Prefix="!{partitionKeyFromLambda:k}/"))

    def answer(event: Any) -> Any:
        return {
            "records": [
                {"recordId": r["recordId"], "result": "Ok", "data": "bmV3", "metadata": metadata}
                for r in event["records"]
            ]
        }

    rig.lambda_.answer = answer
    rig.put(b"one")
    rig.settle()
    (line,) = rig.lines(FOLDER)
    assert (line["raw"], line["errorCode"], line["errorMessage"]) == (b"one", FAILED, EMPTY)


@pytest.mark.parametrize("metadata", ["text", [1], {"partitionKeys": "x"}, {"partitionKeys": {"k": {"x": 1}}}])
def test_metadata_of_a_wrong_form_fails_the_batch(rig: Any, metadata: Any) -> None:
    """A9: an answer that does not follow the model: Lambda.JsonProcessingException."""
    rig.create(**settings(lambda_(), Prefix="!{partitionKeyFromLambda:k}/"))
    rig.lambda_.answer = keys_from_lambda(lambda data: metadata if data == b"bad" else {"partitionKeys": {"k": "x"}})
    rig.put(b"good", b"bad")
    rig.settle()
    assert [(line["raw"], line["errorCode"]) for line in rig.lines(FOLDER)] == [
        (b"good", "Lambda.JsonProcessingException"),
        (b"bad", "Lambda.JsonProcessingException"),
    ]


def test_the_501st_partition_goes_to_the_error_prefix(rig: Any) -> None:
    """A13: 500 active partitions; when they have been delivered there is room again."""
    rig.create(**settings(extraction()))
    rig.put(*[b'{"c":%d}' % n for n in range(500)])
    rig.put(b'{"c":500}', b'{"c":3}')
    rig.restart()
    rig.put(b'{"c":501}', b'{"c":4}')
    rig.settle()
    lines = rig.lines(FOLDER)
    assert [line["raw"] for line in lines] == [b'{"c":500}', b'{"c":501}']
    assert {line["errorMessage"] for line in lines} == {
        "The number of active partitions has exceeded the configured limit"
    }
    assert len(rig.objects("c=")) == 500
    assert rig.objects("c=3/") == [b'{"c":3}{"c":3}']
    rig.put(b'{"c":500}')
    rig.settle()
    assert rig.objects("c=500/") == [b'{"c":500}']


@pytest.mark.parametrize("seconds", [0, 100])
def test_delivery_is_tried_again_for_the_retry_duration(rig: Any, seconds: int) -> None:
    """A13: RetryOptions; what S3 did not take in that time goes to the error prefix."""
    partitioning = {"Enabled": True, "RetryOptions": {"DurationInSeconds": seconds}}
    rig.create(**settings(extraction(), DynamicPartitioningConfiguration=partitioning))
    rig.s3.fail = lambda bucket, key: "SlowDown" if key.startswith("c=") else None
    rig.put(b'{"c":"a"}', b'{"c":"b"}')
    assert rig.settle().elapsed == 60 + seconds + 60
    assert sorted(line["raw"] for line in rig.lines(FOLDER)) == [b'{"c":"a"}', b'{"c":"b"}']
    assert {line["errorCode"] for line in rig.lines(FOLDER)} == {"InternalError"}
    assert {line["attemptsMade"] for line in rig.lines(FOLDER)} == ({1} if seconds == 0 else {8})


def test_each_partition_has_its_own_buffer_and_object(rig: Any) -> None:
    """A13: interval and size count per partition; the prefix is evaluated per object."""
    rig.create(**settings(extraction(), Prefix="c=!{partitionKeyFromQuery:c}/!{timestamp:yyyy/HH}/"))
    rig.put(b'{"c":"a","n":1}', b'{"c":"b","n":2}', b'{"c":"a","n":3}')
    rig.advance(30)
    rig.put(b'{"c":7}', b'{"c":true}', b'{"c":"x/y"}', b'{"c":"!{timestamp:MM}"}', b'{"c":"a","n":4}')
    rig.advance(30)
    folder = "2023/22/"
    assert rig.objects(f"c=a/{folder}") == [b'{"c":"a","n":1}{"c":"a","n":3}{"c":"a","n":4}']
    assert rig.objects(f"c=b/{folder}") == [b'{"c":"b","n":2}']
    assert len(rig.keys()) == 2
    rig.advance(30)
    assert {key.split("2023")[0] for (_, key) in rig.s3.objects} == {
        "c=a/", "c=b/", "c=7/", "c=true/", "c=x/y/", "c=!{timestamp:MM}/",
    }  # fmt: skip
    pipeline = rig.firehose.pipelines[("000000000000", "us-east-1", "d")]
    assert len(pipeline.active_partitions) == 0
    assert not [stage for stage in pipeline._stages if stage.startswith("partition/")]
    assert not len(rig.firehose.buffers)


def test_the_size_counts_per_partition(rig: Any) -> None:
    """A13: each evaluated prefix has its own buffer of the size hinted."""
    rig.create(**settings(extraction(), BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 900}))
    large = {c: json.dumps({"c": c, "x": "x" * 1_000_000}).encode() for c in "ab"}
    for _ in range(17):
        rig.put(*[large["a"]] * 3, large["b"])
    for _ in range(17):
        rig.put(large["a"])
    assert [key.split("/")[0] for (_, key) in rig.s3.objects] == ["c=a"]
    assert 64 * 1024 * 1024 <= len(rig.objects("c=a")[0]) <= 64 * 1024 * 1024 + 1_000_100


def test_keys_from_both_sources(rig: Any) -> None:
    """A13: jq reads what Lambda made of the record; both keys build the prefix."""
    rig.create(
        **settings(
            extraction(),
            lambda_(),
            processor("AppendDelimiterToRecord"),
            Prefix="!{partitionKeyFromLambda:k}/!{partitionKeyFromQuery:c}/",
        )
    )

    def answer(event: dict[str, Any]) -> Any:
        records = []
        for record in event["records"]:
            text = base64.b64decode(record["data"])
            data = base64.b64encode(b'{"c":"%b"}' % text).decode()
            keys = {"k": 5, "unused": None}
            records.append({"recordId": record["recordId"], "result": "Ok", "data": data,
                            "metadata": {"partitionKeys": keys}})  # fmt: skip
        return {"records": records}

    rig.lambda_.answer = answer
    rig.put(b"one", b"two", b"one")
    rig.settle()
    assert rig.objects("5/one/") == [b'{"c":"one"}\n{"c":"one"}']
    assert rig.objects("5/two/") == [b'{"c":"two"}']


def test_jq_is_1_6(rig: Any) -> None:
    """A13: the documentation's query, as jq 1.6 evaluates it."""
    query = '{c: (.type.device), # device\nyear: .event_timestamp|strftime("%Y"), "n": .n}'
    prefix = "!{partitionKeyFromQuery:c}/!{partitionKeyFromQuery:year}/!{partitionKeyFromQuery:n}/"
    rig.create(**settings(extraction(query), Prefix=prefix))
    rig.put(b'{"type":{"device":"mobile"},"event_timestamp":1565382027,"n":12345678901234567890}')
    rig.settle()
    # jq 1.6 has double precision.
    assert rig.keys()[0].startswith("mobile/2019/12345678901234567000/")


def test_defaults_in_describe(rig: Any) -> None:
    """A3, A13: 128 MB and 300 s, retries for 300 s, processors echoed."""
    given = settings(extraction(), processor("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter="IyMjIw=="))
    del given["BufferingHints"]
    rig.create(**given)
    described = rig.describe()["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert described["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}
    assert described["DynamicPartitioningConfiguration"] == {
        "Enabled": True,
        "RetryOptions": {"DurationInSeconds": 300},
    }
    assert described["ProcessingConfiguration"]["Processors"] == given["ProcessingConfiguration"]["Processors"]


def test_a_restart_keeps_partitions(rig: Any) -> None:
    """Law 4: buffers of partitions survive with their times, batches with their retries."""
    rig.create(**settings(extraction()))
    rig.s3.fail = lambda bucket, key: "SlowDown"
    rig.put(b'{"c":"a"}')
    rig.advance(60)
    rig.put(b'{"c":"b"}')
    rig.advance(30)
    rig.restart()
    rig.s3.fail = lambda bucket, key: None
    rig.advance(29.9)
    assert rig.objects("c=a/") == [b'{"c":"a"}']
    assert not rig.objects("c=b/")
    rig.advance(0.1)
    assert rig.objects("c=b/") == [b'{"c":"b"}']


def test_a_new_prefix_holds_for_new_records(rig: Any) -> None:
    """A13, A15: prefix and keys may change; what is in a partition stays in it."""
    rig.create(**settings(extraction()))
    rig.put(b'{"c":"a"}')
    processing = {"Enabled": True, "Processors": [extraction("{d:.d}")]}
    rig.update(
        ExtendedS3DestinationUpdate={"Prefix": "d=!{partitionKeyFromQuery:d}/", "ProcessingConfiguration": processing}
    )
    rig.put(b'{"d":"b"}')
    rig.settle()
    assert rig.objects("c=a/") == [b'{"c":"a"}']
    assert rig.objects("d=b/") == [b'{"d":"b"}']


def test_errors_are_logged(rig: Any) -> None:
    """A18: one entry for each kind of failure in a batch."""
    logging = {"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    rig.create(**settings(extraction(), CloudWatchLoggingOptions=logging))
    rig.put(b'{"c":""}', b"{}", b'{"c":"a"}')
    rig.settle()
    assert [(entry["errorCode"], entry["message"]) for entry in rig.logs.entries] == [(FAILED, EMPTY)]


def test_delete_discards_partitions(rig: Any) -> None:
    """A4: buffers and batches of partitions go with the delivery stream."""
    rig.create(**settings(extraction()))
    rig.s3.fail = lambda bucket, key: "SlowDown"
    rig.put(b'{"c":"a"}')
    rig.advance(60)
    rig.put(b'{"c":"b"}')
    rig.call("DeleteDeliveryStream", DeliveryStreamName="d")
    assert rig.settle().elapsed == 0
    assert not [name for name in ("buffers", "batches") if len(rig.world.store.table(f"firehose.{name}"))]
