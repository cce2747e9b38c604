"""The way of one record through one delivery stream."""

from __future__ import annotations

from itertools import chain

from harness.emulator.trace import events
from harness.emulator.trace.causes import describe_put
from harness.emulator.trace.events import Batched
from harness.emulator.trace.index import Index
from harness.emulator.trace.journey import (
    BUFFERED,
    DELIVERED,
    DELIVERY_FAILED,
    DROPPED,
    PROCESSING_FAILED,
    Journey,
    records,
)
from harness.emulator.trace.ranges import holds, size

FIREHOSE = "firehose"
BACKUP = "backup"
LAMBDA = "lambda"
ERRORS = "errors/"

_ATTEMPTS = {"lambda": "invoked", "s3": "wrote", "http": "sent to"}
_FAILED = {"lambda": "invoking", "s3": "writing", "http": "sending to"}


def follow(index: Index, stream: str, number: int, journey: Journey) -> None:
    """Hops from the first buffer on, and the fates. `stream` is the delivery stream's id prefix."""
    for put in index.all(events.Put):
        if put.stream == stream and put.first <= number < put.end:
            describe_put(index, put, journey)
    reasons = _processed(index, stream, number, journey)
    arn = ""
    settled = False
    for batch in batches_of(index, stream, number):
        arn = batch.arn
        describe_batch(index, batch, journey)
        settled = _end_of(index, batch, reasons, journey) or settled
    for processed in index.all(events.Processed):
        if processed.stream == stream and holds(processed.dropped, number):
            journey.fate(DROPPED, processed.arn, why="the transform answered Dropped")
            settled = True
    parts = [range(*split.parts[i + 1 : i + 3]) for split, i in _splits(index, stream, number)]
    for part in parts:
        for child in part:
            follow(index, stream, child, journey)
    if not settled and not parts:
        _unfinished(index, stream, number, arn, reasons, journey)


def batches_of(index: Index, stream: str, number: int) -> list[Batched]:
    return [b for b in index.all(Batched) if b.stream == stream and holds(b.ranges, number)]


def describe_batch(index: Index, batch: Batched, journey: Journey) -> None:
    """The batch's hops: it left its buffer, and every attempt."""
    text = f"{records(size(batch.ranges))} left the buffer {batch.stage}"
    journey.hop(batch.time, 3, FIREHOSE, "batch", text, stream=batch.arn, stage=batch.stage, batch=batch.batch)
    for attempt in index.attempts(batch.batch):
        verb = (_FAILED if attempt.result else _ATTEMPTS)[attempt.kind]
        journey.hop(
            attempt.time,
            4,
            FIREHOSE,
            {"lambda": "invoke", "s3": "put-object", "http": "request"}[attempt.kind],
            f"{verb} {attempt.target}" + (f" failed: {attempt.result}" if attempt.result else ""),
            index.faults(attempt.request_id),
            stream=batch.arn,
            stage=batch.stage,
            batch=batch.batch,
            attempt=attempt.attempt,
            request_id=attempt.request_id,
            invocation_id=attempt.invocation_id,
            result=attempt.result or "ok",
            target=attempt.target,
        )
    lost = index.lost(batch.batch)
    if lost is not None:
        text = f"gave {records(size(batch.ranges))} up: {lost.why}"
        journey.hop(lost.time, 6, FIREHOSE, "lost", text, stream=batch.arn, stage=batch.stage, batch=batch.batch)


def error_fate(stage: str) -> str:
    """The fate of records in the error objects of a stage."""
    return DELIVERY_FAILED if stage == "errors/http-endpoint-failed" else PROCESSING_FAILED


def _processed(index: Index, stream: str, number: int, journey: Journey) -> dict[str, str]:
    """Error code by batch id (empty: outside of a batch) of the steps that failed the record."""
    reasons: dict[str, str] = {}
    for step in index.all(events.Processed):
        if step.stream != stream:
            continue
        for code, ranges in step.failed:
            if holds(ranges, number):
                reasons[step.batch] = code
                text = f"failed with {code}"
                journey.hop(step.time, 5, FIREHOSE, "failed", text, stream=step.arn, batch=step.batch, code=code)
        if holds(step.dropped, number):
            text = "the transform dropped it"
            journey.hop(step.time, 5, FIREHOSE, "dropped", text, stream=step.arn, batch=step.batch)
    return reasons


def _end_of(index: Index, batch: Batched, reasons: dict[str, str], journey: Journey) -> bool:
    """Whether this batch ended the record's way."""
    if batch.stage in (BACKUP, LAMBDA):
        return False
    lost = index.lost(batch.batch)
    code = next(iter(reasons.values()), "")
    if lost is not None:
        journey.fate(lost.fate, batch.arn, why=f"{lost.why} (buffer {batch.stage})", code=code)
        return True
    taken = [attempt for attempt in index.attempts(batch.batch) if not attempt.result]
    is_error = batch.stage.startswith(ERRORS)
    if not taken or (not is_error and batch.batch in reasons):
        return False
    for attempt in taken:
        fate = error_fate(batch.stage) if is_error else DELIVERED
        request_id = attempt.request_id if attempt.kind == "http" else ""
        journey.fate(fate, batch.arn, where=attempt.target, request_id=request_id, code=code if is_error else "")
    return True


def _splits(index: Index, stream: str, number: int) -> list[tuple[events.Split, int]]:
    return [
        (split, place)
        for split in index.all(events.Split)
        if split.stream == stream
        for place in range(0, len(split.parts), 3)
        if split.parts[place] == number
    ]


def _unfinished(index: Index, stream: str, number: int, arn: str, reasons: dict[str, str], journey: Journey) -> None:
    code = next(iter(reasons.values()), "")
    sources = chain[events.Put | events.Taken](index.all(events.Put), index.all(events.Taken))
    arn = arn or next((event.arn for event in sources if event.stream == stream), "")
    held = [place for place in index.firehose.where(stream, number) if place.stage != BACKUP]
    for stage, is_batch, moment in held:
        if is_batch:
            journey.fate(
                BUFFERED, arn, why=f"on its way from the buffer {stage}", next_attempt=moment or None, code=code
            )
        else:
            journey.fate(BUFFERED, arn, why=f"in the buffer {stage}", since=moment, code=code)
    closed = next((event for event in index.all(events.Closed) if event.stream == stream), None)
    if not held and closed is not None:
        journey.hop(closed.time, 7, FIREHOSE, "deleted", "the delivery stream was deleted", stream=closed.arn)
        journey.fate(DROPPED, closed.arn, why="the delivery stream was deleted with the record in it")
