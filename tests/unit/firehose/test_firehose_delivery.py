"""Buffers and S3 objects: failures first (A3, A10, A11, A12)."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
from typing import Any

import pytest

HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def key_of(rig: Any) -> str:
    (key,) = rig.keys()
    assert re.search(UUID, key), key
    return re.sub(UUID, "UUID", key)


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied", "SlowDown", "crash"])
def test_a_failing_bucket_is_tried_again_until_it_is_back(rig: Any, code: str) -> None:
    """A12: S3 failures are retried; nothing is lost when the bucket comes back within the day."""
    rig.create(BufferingHints=HINTS)
    rig.s3.fail = lambda bucket, key: code
    rig.put(b"one", b"two")
    rig.advance(12 * 3600)
    assert len(rig.s3.puts) > 10
    rig.s3.fail = lambda bucket, key: None
    assert rig.settle().elapsed <= 300
    assert rig.objects() == [b"onetwo"]
    assert rig.describe()["DeliveryStreamStatus"] == "ACTIVE"


def test_after_a_day_the_data_is_lost_and_said_so(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A12: up to 24 hours for Direct PUT, then lost; each failure is logged with its code (A18)."""
    rig.create(
        BufferingHints=HINTS, CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"}
    )
    rig.s3.fail = lambda bucket, key: "NoSuchBucket"
    rig.put(b"one")
    settled = rig.settle()
    assert settled.settled
    assert 24 * 3600 <= settled.elapsed <= 24 * 3600 + 400
    assert "1 records lost" in caplog.text
    entry = rig.logs.entries[0]
    assert (entry["errorCode"], entry["destination"]) == ("S3.NoSuchBucket", "arn:aws:s3:::b")
    assert entry["deliveryStreamVersionId"] == "1"
    assert entry["message"].startswith("The specified bucket does not exist.")
    assert not rig.objects()
    assert not len(rig.firehose.batches)


def test_a_retry_uses_the_bucket_configured_by_then(rig: Any) -> None:
    """A15: a destination update applies to what has not been delivered."""
    rig.create(BufferingHints=HINTS)
    rig.s3.fail = lambda bucket, key: "NoSuchBucket" if bucket == "b" else None
    rig.put(b"one")
    rig.advance(70)
    rig.update(ExtendedS3DestinationUpdate={"BucketARN": "arn:aws:s3:::other"})
    rig.settle()
    assert rig.objects(bucket="other") == [b"one"]


@pytest.mark.parametrize("denied", ["b", "backup"])
def test_backup_and_primary_fail_apart(rig: Any, denied: str) -> None:
    """A12: a denied backup does not block the primary, and the reverse; each has its own retry."""
    backup = rig.s3_settings("backup", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 90})
    rig.create(BufferingHints=HINTS, S3BackupMode="Enabled", S3BackupConfiguration=backup)
    rig.s3.fail = lambda bucket, key: "AccessDenied" if bucket == denied else None
    rig.put(b"one")
    rig.advance(3600)
    other = "backup" if denied == "b" else "b"
    assert (rig.objects(bucket=other), rig.objects(bucket=denied)) == ([b"one"], [])
    rig.s3.fail = lambda bucket, key: None
    rig.settle()
    assert rig.objects(bucket=denied) == [b"one"]


def test_backup_holds_every_source_record_untransformed(rig: Any) -> None:
    """A12: all source records, with those later dropped or failed, by the backup's own hints and prefix."""
    backup = rig.s3_settings("backup", Prefix="raw/", CompressionFormat="GZIP")
    rig.create(
        BufferingHints=HINTS,
        ProcessingConfiguration=rig.processing(),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    rig.lambda_.answer = rig.transform(lambda d: (d.decode(), b"new"))
    rig.put(b"Ok", b"Dropped", b"ProcessingFailed")
    rig.advance(299)
    assert not rig.objects(bucket="backup")
    rig.advance(1)
    assert [gzip.decompress(o) for o in rig.objects("raw/2023/11/14/22/", "backup")] == [b"OkDroppedProcessingFailed"]
    assert rig.objects("2023/") == [b"new"]


def test_a_restart_keeps_buffers_and_retries(rig: Any) -> None:
    """Law 4: what is buffered or waits for a retry survives a restart, with its times."""
    rig.create(BufferingHints=HINTS)
    rig.s3.fail = lambda bucket, key: "SlowDown"
    rig.put(b"one")
    rig.advance(60)
    rig.put(b"two")
    rig.advance(30)
    rig.restart()
    rig.s3.fail = lambda bucket, key: None
    rig.advance(29.9)
    assert rig.objects() == [b"one"]
    rig.advance(0.1)
    assert rig.objects() == [b"one", b"two"]


def test_delete_discards_what_is_undelivered(rig: Any) -> None:
    """A4: delete discards undelivered records, those that wait for a retry too; nothing is left in flight."""
    rig.create(BufferingHints=HINTS)
    rig.s3.fail = lambda bucket, key: "SlowDown"
    rig.put(b"one")
    rig.advance(60)
    rig.put(b"two")
    rig.call("DeleteDeliveryStream", DeliveryStreamName="d")
    rig.s3.fail = lambda bucket, key: None
    assert rig.settle().elapsed == 0
    assert not rig.objects()
    assert not [name for name in ("buffers", "batches") if len(rig.world.store.table(f"firehose.{name}"))]


def test_the_interval_runs_from_the_first_record_and_idle_buffers_write_nothing(rig: Any) -> None:
    """A3: buffered by interval; no object without records."""
    rig.create(BufferingHints=HINTS)
    rig.advance(1000)
    rig.put(b"one")
    rig.advance(40)
    rig.put(b"two")
    rig.advance(19.9)
    assert not rig.keys()
    rig.advance(0.1)
    assert rig.objects() == [b"onetwo"]
    rig.advance(1000)
    assert len(rig.keys()) == 1


def test_size_flushes_first(rig: Any) -> None:
    """A3: the size hint flushes at once; the rest begins a new interval; objects exceed it by one record at most."""
    rig.create(BufferingHints=HINTS)
    rig.put(*[bytes([65 + n]) * 300_000 for n in range(13)])
    sizes = sorted(len(o) for o in rig.objects())
    assert sizes == [1_200_000, 1_200_000, 1_200_000]
    rig.settle()
    assert sum(len(o) for o in rig.objects()) == 13 * 300_000


def test_zero_buffering_delivers_within_seconds(rig: Any) -> None:
    """A3: an interval of 0 is delivered within about 5 seconds."""
    rig.create(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    rig.put(b"one")
    assert 0 < rig.settle().elapsed <= 5


def test_new_hints_apply_to_what_is_buffered(rig: Any) -> None:
    """A3, A15: a shorter interval flushes records that were put before the update."""
    rig.create(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 900})
    rig.put(b"one")
    rig.advance(100)
    rig.update(ExtendedS3DestinationUpdate={"BufferingHints": {"IntervalInSeconds": 60}})
    assert rig.settle().elapsed == 0
    assert "/d-2-2023-11-14-22-13-20-" in rig.keys()[0]


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "2023/11/14/22/d-1-2023-11-14-22-13-20-UUID"),
        ({"Prefix": "legacy"}, "legacy2023/11/14/22/d-1-2023-11-14-22-13-20-UUID"),
        (
            {"Prefix": "y=!{timestamp:yyyy}/", "ErrorOutputPrefix": "e/!{firehose:error-output-type}/"},
            "y=2023/d-1-2023-11-14-22-13-20-UUID",
        ),
        ({"CustomTimeZone": "Asia/Tokyo"}, "2023/11/15/07/d-1-2023-11-15-07-13-20-UUID"),
        ({"CompressionFormat": "GZIP"}, "2023/11/14/22/d-1-2023-11-14-22-13-20-UUID.gz"),
        ({"CompressionFormat": "ZIP"}, "2023/11/14/22/d-1-2023-11-14-22-13-20-UUID.zip"),
        (
            {"CompressionFormat": "GZIP", "FileExtension": ".json.gz"},
            "2023/11/14/22/d-1-2023-11-14-22-13-20-UUID.json.gz",
        ),
        ({"CompressionFormat": "GZIP", "FileExtension": ""}, "2023/11/14/22/d-1-2023-11-14-22-13-20-UUID.gz"),
    ],
)
def test_keys(rig: Any, settings: dict[str, Any], key: str) -> None:
    """A11: prefix, time, name, version, extension."""
    rig.create(BufferingHints=HINTS, **settings)
    rig.put(b"one")
    rig.settle()
    assert key_of(rig) == key


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ({}, "processing-failed/2023/11/14/22/"),
        ({"Prefix": "data/"}, "data/processing-failed/2023/11/14/22/"),
        ({"ErrorOutputPrefix": "errors/"}, "errors/d-1-"),
        ({"ErrorOutputPrefix": "e/!{firehose:error-output-type}/!{timestamp:HH}/"}, "e/processing-failed/22/d-1-"),
    ],
)
def test_error_prefixes(rig: Any, settings: dict[str, Any], folder: str) -> None:
    """A11: default and own error prefixes; error objects carry no extension and are not compressed (A10)."""
    rig.create(BufferingHints=HINTS, CompressionFormat="GZIP", ProcessingConfiguration=rig.processing(), **settings)
    rig.lambda_.answer = rig.transform(lambda d: ("ProcessingFailed", d))
    rig.put(b"one")
    rig.settle()
    (key,) = rig.keys()
    assert key.startswith(folder)
    assert re.search(UUID + "$", key)
    assert rig.lines(folder)[0]["raw"] == b"one"


def test_compressed_bodies(rig: Any) -> None:
    """A11: GZIP and ZIP as an independent decoder reads them, with their content encodings."""
    rig.create("g", BufferingHints=HINTS, CompressionFormat="GZIP")
    rig.create("z", BufferingHints=HINTS, CompressionFormat="ZIP")
    big = b"x" * 100_000
    for name in "gz":
        rig.put(b"one", big, name=name)
    rig.settle()
    puts = {p["key"].split("/")[-1][0]: p for p in rig.s3.puts}
    assert gzip.decompress(puts["g"]["body"]) == b"one" + big
    with zipfile.ZipFile(io.BytesIO(puts["z"]["body"])) as archive:
        (name,) = archive.namelist()
        assert (archive.read(name), archive.getinfo(name).compress_type) == (b"one" + big, zipfile.ZIP_DEFLATED)
    assert [puts[n]["encoding"] for n in "gz"] == ["gzip", "zip"]
    assert {p["type"] for p in rig.s3.puts} == {"application/octet-stream"}
    assert {p["acl"] for p in rig.s3.puts} == {"bucket-owner-full-control"}


@pytest.mark.parametrize("form", ["Snappy", "HADOOP_SNAPPY"])
def test_snappy_bodies(rig: Any, form: str) -> None:
    """A11: xerial and Hadoop framing, `.snappy` for both."""
    snappy = pytest.importorskip("snappy")
    rig.create(BufferingHints=HINTS, CompressionFormat=form)
    data = bytes(range(256)) * 3000
    rig.put(data)
    rig.settle()
    body = rig.objects()[0]
    position = 16 if form == "Snappy" else 0
    assert form != "Snappy" or body[:16] == b"\x82SNAPPY\x00\0\0\0\1\0\0\0\1"
    raw = b""
    while position < len(body):
        position += 4 if form == "HADOOP_SNAPPY" else 0
        length = int.from_bytes(body[position : position + 4], "big")
        raw += snappy.uncompress(body[position + 4 : position + 4 + length])
        position += 4 + length
    assert raw == data
    assert rig.keys()[0].endswith(".snappy")
    assert rig.s3.puts[0]["encoding"] == ("snappy-java" if form == "Snappy" else "hadoop-snappy")


def test_records_are_concatenated_verbatim_unless_a_delimiter_is_asked_for(rig: Any) -> None:
    """A11: no delimiter; with AppendDelimiterToRecord a line feed between records, none after the last."""
    processing = {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord"}]}
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=processing)
    rig.put(b"one", b"", b"two")
    rig.settle()
    assert rig.objects() == [b"one\n\ntwo"]


def test_no_timer_is_left_when_nothing_is_in_flight(rig: Any) -> None:
    """Law 2: settle ends at once when all buffers are empty."""
    rig.create(BufferingHints=HINTS)
    rig.put(*[b"x" * 600_000] * 4)
    rig.settle()
    assert rig.settle().elapsed == 0
    assert not len(rig.firehose.batches)


def test_a_producer_waits_while_too_much_is_being_worked_on(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded when the function is slower than the producer; retries hold no producer back."""
    monkeypatch.setattr("harness.emulator.services.firehose.batches.BACKLOG_LIMIT", 4_000_000)
    rig.create(BufferingHints=HINTS, ProcessingConfiguration=rig.processing(retries=0))
    rig.lambda_.answer = rig.transform(lambda d: ("Ok", d))
    most = 0

    def answer(event: Any) -> Any:
        nonlocal most
        most = max(most, sum(b.size for b in rig.firehose.batches.values()))
        return rig.transform(lambda d: ("Ok", d))(event)

    rig.lambda_.answer = answer
    rig.put_all([[b"x" * 500_000] * 4 for _ in range(12)])
    rig.settle()
    assert most < 12_000_000
    assert sum(len(o) for o in rig.objects()) == 24_000_000
    rig.s3.fail = lambda bucket, key: "SlowDown"
    for _ in range(10):
        rig.put(*[b"x" * 1_000_000] * 4)
    rig.s3.fail = lambda bucket, key: None
    rig.settle()
    assert sum(len(o) for o in rig.objects()) == 64_000_000
