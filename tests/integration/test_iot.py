"""Kinesis → Firehose with a transform → S3, with source backup: what the transform answers. Failures first."""

from __future__ import annotations

import base64
import gzip
import json
import re
from typing import Any

import pytest

from tests.integration.full_stack import FullStack

_DAY = r"\d{4}/\d\d/\d\d"
_END = r"-1-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def reading(number: int, temperature: Any = 22.5, humidity: Any = 60) -> bytes:
    return json.dumps({"device_id": f"sensor-{number}", "temperature": temperature, "humidity": humidity}).encode()


def backup(stack: FullStack) -> list[bytes]:
    """The source records in the backup, which are concatenated without a delimiter: one JSON text after the other."""
    objects = stack.objects(stack.iot["bucket_name"], stack.iot["backup_prefix"])
    return [gzip.decompress(content) for content in objects.values()]


@pytest.mark.parametrize(
    "data",
    [b"not JSON", b"", b"\x00\xff\xfe", b"[1, 2]", reading(1, temperature="warm"), reading(1, humidity=True)],
    ids=["text", "empty", "binary", "list", "temperature", "humidity"],
)
def test_what_is_no_reading_ends_under_processing_failed(stack: FullStack, data: bytes) -> None:
    """ProcessingFailed becomes one error line with the bytes as they came, after one attempt (A9, A10)."""
    stack.put_records(stack.iot["stream_name"], [data])
    stack.aws.settle()

    bucket = stack.iot["bucket_name"]
    (error,) = stack.lines(bucket, stack.iot["error_prefix"])
    assert base64.b64decode(error["rawData"]) == data
    assert error["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert error["errorMessage"] == "ProcessingFailed status set for record"
    assert error["attemptsMade"] == 1
    assert error["lambdaARN"].endswith(f":function:{stack.iot['function_name']}:$LATEST")
    assert error["arrivalTimestamp"] < error["attemptEndingTimestamp"]
    assert stack.objects(bucket, stack.iot["data_prefix"]) == {}
    assert b"".join(backup(stack)) == data


def test_too_humid_readings_are_dropped_but_backed_up(stack: FullStack) -> None:
    """More than 80 percent is Dropped: no object, no error; the source backup has it all the same (A9, A12)."""
    data = [reading(1, humidity=80), reading(2, humidity=80.1), reading(3, humidity=0), reading(4, humidity=100)]
    stack.put_records(stack.iot["stream_name"], data)
    stack.aws.settle()

    bucket = stack.iot["bucket_name"]
    lines = stack.lines(bucket, stack.iot["data_prefix"])
    assert [line["device_id"] for line in lines] == ["sensor-1", "sensor-3"]
    assert stack.objects(bucket, stack.iot["error_prefix"]) == {}
    assert b"".join(backup(stack)) == b"".join(data)


def test_one_reading_is_converted_and_lies_under_the_documented_keys(stack: FullStack) -> None:
    """22.5 °C becomes 72.5 °F; keys follow the prefixes of the stack, and the backup is real GZIP (A11)."""
    stack.put_records(stack.iot["stream_name"], [reading(1), b"garbage"])
    stack.aws.settle()

    bucket, name = stack.iot["bucket_name"], stack.iot["delivery_stream_name"]
    assert stack.lines(bucket, "data/") == [
        {"device_id": "sensor-1", "temperature": 22.5, "humidity": 60, "temperature_f": 72.5}
    ]
    data, failed, source = sorted(stack.objects(bucket))
    assert re.fullmatch(rf"data/year=\d{{4}}/month=\d\d/day=\d\d/hour=\d\d/{name}{_END}", data)
    assert re.fullmatch(rf"processing-failed/processing-failed/{_DAY}/{name}{_END}", failed)
    assert re.fullmatch(rf"source-backup/{_DAY}/\d\d/{name}{_END}\.gz", source)
    head = stack.aws.client("s3").head_object(Bucket=bucket, Key=source)
    assert (head["ContentEncoding"], head["ContentType"]) == ("gzip", "application/octet-stream")


def test_nothing_is_delivered_before_both_buffers_are_due(stack: FullStack) -> None:
    """The function's buffer (60 s) stands before the destination's (60 s): the two waits add up (A8)."""
    bucket = stack.iot["bucket_name"]
    stack.put_records(stack.iot["stream_name"], [reading(1)])
    stack.aws.advance(59)
    assert stack.log(stack.iot["function_log_group_name"]) == []
    stack.aws.advance(3)
    assert stack.log(stack.iot["function_log_group_name"]) != []
    assert stack.objects(bucket, "data/") == {}
    stack.aws.advance(60)
    assert len(stack.objects(bucket, "data/")) == 1


def test_a_thousand_readings_exactly_once(stack: FullStack) -> None:
    """Each of a thousand readings is in `data/` exactly once, converted, in the order of the stream's one shard."""
    stack.put_records(stack.iot["stream_name"], [reading(number, temperature=number / 10) for number in range(1000)])
    stack.aws.settle()
    lines = stack.lines(stack.iot["bucket_name"], "data/")
    assert [line["device_id"] for line in lines] == [f"sensor-{number}" for number in range(1000)]
    assert all(line["temperature_f"] == round(line["temperature"] * 9 / 5 + 32, 2) for line in lines)
    assert stack.objects(stack.iot["bucket_name"], stack.iot["error_prefix"]) == {}
