"""An S3 object that the pipeline wrote: which records are in it and how they came there, summarised."""

from __future__ import annotations

from harness.emulator.trace import events, firehose_way
from harness.emulator.trace.causes import describe_append, describe_put
from harness.emulator.trace.index import Index
from harness.emulator.trace.journey import DELIVERED, Journey, records
from harness.emulator.trace.ranges import overlap, size
from harness.emulator.trace.recorder import place_of
from harness.json_object import Json


def find(index: Index, text: str) -> Json | None:
    """`text` is `s3://bucket/key`, `bucket/key` or a key; the object is described if the pipeline wrote it."""
    for attempt in index.all(events.Attempted):
        if attempt.kind == "s3" and not attempt.result and _names(attempt.target, text):
            batch = next((b for b in index.all(events.Batched) if b.batch == attempt.batch), None)
            return None if batch is None else _describe(index, attempt, batch)
    for ended in index.all(events.Discarded):
        if ended.place and _names(ended.place, text):
            journey = Journey()
            journey.hop(ended.time, 4, "lambda", ended.fate, f"{records(size(ended.ranges))} {ended.fate}: {ended.why}")
            journey.fate(ended.fate, ended.mapping, where=ended.place, why=ended.why)
            return {"kind": "s3-object", "object": ended.place, "records": size(ended.ranges), **journey.describe()}
    return None


def _names(target: str, text: str) -> bool:
    return target == text or target.removeprefix("s3://") == text or target.split("/", 3)[-1] == text


def _describe(index: Index, attempt: events.Attempted, batch: events.Batched) -> Json:
    journey = Journey()
    firehose_way.describe_batch(index, batch, journey)
    for put in index.all(events.Put):
        if put.stream == batch.stream and overlap(batch.ranges, [(put.first, put.end)]):
            describe_put(index, put, journey)
    for taken in index.all(events.Taken):
        if taken.stream == batch.stream and overlap(batch.ranges, [(taken.first, taken.end)]):
            text = f"took {records(taken.end - taken.first)} from its source, from {taken.sequence} on"
            journey.hop(taken.time, 2, "firehose", "take", text, stream=taken.arn, sequence_number=taken.sequence)
            _sources(index, taken, journey)
    for earlier in index.all(events.Batched):
        if earlier.stage == "lambda" and earlier.stream == batch.stream and _share(earlier, batch):
            firehose_way.describe_batch(index, earlier, journey)
    is_error = batch.stage.startswith("errors/")
    fate = "copy" if batch.stage == "backup" else firehose_way.error_fate(batch.stage) if is_error else DELIVERED
    failed = sum(size(r) for p in index.all(events.Processed) if p.batch == batch.batch for _, r in p.failed)
    count = size(batch.ranges) - (failed if not is_error else 0)
    journey.fate(fate, batch.arn, where=attempt.target, records=count)
    described = {"kind": "s3-object", "object": attempt.target, "records": count, "stage": batch.stage}
    return described | journey.describe() | {"fate": fate}


def _sources(index: Index, taken: events.Taken, journey: Journey) -> None:
    tail, shard, first = place_of(taken.sequence)
    for written in index.all(events.Appended):
        same = (written.tail, written.shard) == (tail, shard)
        if same and written.first < first + taken.read and written.end > first:
            describe_append(index, written, journey)


def _share(one: events.Batched, other: events.Batched) -> bool:
    borders = other.ranges
    return overlap(one.ranges, zip(borders[::2], borders[1::2], strict=True))
