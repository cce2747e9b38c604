"""The five compression formats in S3 (A11), byte by byte through decoders that share nothing with the writers."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest

HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
ROLE = "arn:aws:iam::000000000000:role/firehose"


def unsnappy(block: bytes) -> bytes:
    """A raw Snappy block, decoded as its format description says (literals and back references)."""
    length = shift = at = 0
    while True:
        byte = block[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    out = bytearray()
    while at < len(block):
        tag = block[at]
        at += 1
        if tag & 3 == 0:
            size = tag >> 2
            if size >= 60:
                extra = size - 59
                size = int.from_bytes(block[at : at + extra], "little")
                at += extra
            out += block[at : at + size + 1]
            at += size + 1
            continue
        if tag & 3 == 1:
            size, offset = 4 + (tag >> 2 & 7), (tag >> 5) << 8 | block[at]
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            size, offset = 1 + (tag >> 2), int.from_bytes(block[at : at + width], "little")
            at += width
        for _ in range(size):
            out.append(out[-offset])
    assert len(out) == length
    return bytes(out)


def xerial(body: bytes) -> bytes:
    assert body[:16] == b"\x82SNAPPY\x00\0\0\0\1\0\0\0\1"
    out, at = b"", 16
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        out += unsnappy(body[at + 4 : at + 4 + size])
        at += 4 + size
    return out


def hadoop(body: bytes) -> bytes:
    out, at = b"", 0
    while at < len(body):
        raw, size = int.from_bytes(body[at : at + 4], "big"), int.from_bytes(body[at + 4 : at + 8], "big")
        block = unsnappy(body[at + 8 : at + 8 + size])
        assert len(block) == raw
        out += block
        at += 8 + size
    return out


def gunzip(body: bytes) -> bytes:
    assert body[:3] == b"\x1f\x8b\x08"
    return zlib.decompress(body, 31)


def unzip(body: bytes) -> bytes:
    """The one DEFLATE entry, read through the central directory."""
    end = body.rindex(b"PK\x05\x06")
    assert int.from_bytes(body[end + 10 : end + 12], "little") == 1
    directory = int.from_bytes(body[end + 16 : end + 20], "little")
    assert int.from_bytes(body[directory + 10 : directory + 12], "little") == 8
    size = int.from_bytes(body[directory + 20 : directory + 24], "little")
    start = 30 + int.from_bytes(body[26:28], "little") + int.from_bytes(body[28:30], "little")
    assert len(body[30 : 30 + int.from_bytes(body[26:28], "little")]) == 36
    return zlib.decompress(body[start : start + size], -15)


@pytest.mark.parametrize(
    ("form", "extension", "encoding", "decode"),
    [
        ("UNCOMPRESSED", "", None, bytes),
        ("GZIP", ".gz", "gzip", gunzip),
        ("ZIP", ".zip", "zip", unzip),
        ("Snappy", ".snappy", "snappy-java", xerial),
        ("HADOOP_SNAPPY", ".snappy", "hadoop-snappy", hadoop),
    ],
)
def test_every_format(aws: Any, form: str, extension: str, encoding: str | None, decode: Any) -> None:
    """A11: extension, Content-Encoding, Content-Type, and the very bytes."""
    if "nappy" in form.lower():
        pytest.importorskip("snappy")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="compressed")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="compresses",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::compressed",
            "BufferingHints": HINTS,
            "CompressionFormat": form,
        },
    )
    noise = random.Random(7).randbytes(70_000)
    records = [b"first\n", b"", b"a" * 600_000, noise, b"last"]
    aws.client("firehose").put_record_batch(DeliveryStreamName="compresses", Records=[{"Data": d} for d in records])
    aws.settle()
    (item,) = s3.list_objects_v2(Bucket="compressed")["Contents"]
    found = s3.get_object(Bucket="compressed", Key=item["Key"])
    assert (found.get("ContentEncoding"), found["ContentType"]) == (encoding, "application/octet-stream")
    assert item["Key"][-36 - len(extension) :].endswith(extension)
    assert "." not in item["Key"].removesuffix(extension)
    assert decode(found["Body"].read()) == b"".join(records)
