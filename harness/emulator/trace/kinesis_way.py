"""The way of one record of a Kinesis stream: where it came from, and each reader's part."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from harness.emulator.trace import events, firehose_way
from harness.emulator.trace.causes import describe_append, describe_writes, follow_back
from harness.emulator.trace.index import Index
from harness.emulator.trace.journey import BUFFERED, DELIVERED, DROPPED, EXPIRED, READ_BY_NOBODY, Journey, records
from harness.emulator.trace.ranges import holds, numbers_of, size
from harness.emulator.trace.recorder import Place, place_of

MOST_PARTS = 500
"""Sub-records of one record that are followed."""

_Mapped = events.Consumed | events.Discarded


def follow(index: Index, number: str, journey: Journey, *, back: bool = True) -> None:
    """All hops and fates of the record with this sequence number. `back`: what led to it, too."""
    place = place_of(number)
    held = index.kinesis.held(number)
    if held is not None and held["state"] == "never":
        return
    written = [event for event in index.all(events.Appended) if _covers(event, place)]
    for event in written:
        describe_append(index, event, journey, number)
        if back:
            follow_back(index, event.request_id, event.cause, journey)
    if not written:
        if held is None:
            return
        if held["state"] == "held":
            text = "arrived (noted by the shard's log only)"
            journey.hop(held["arrival"], 1, "kinesis", "put", text, stream=held["stream"], shard=held["shard"])
    _readers(index, place, journey)
    if journey.fates:
        return
    stream = written[0].arn if written else (held or {}).get("stream", "")
    client = next((e for e in index.all(events.Fetched) if _covers(e, place) and not e.caller), None)
    if client is not None:
        journey.fate(DELIVERED, "a client that reads the stream", request_id=client.request_id)
    elif held is None:
        journey.fate(DROPPED, stream, why="the stream was deleted")
    elif held["state"] == "expired":
        journey.fate(EXPIRED, stream, why="older than the stream's retention, and nobody had read it")
    else:
        journey.fate(READ_BY_NOBODY, stream, expires=held["expires"])


def numbers_in(taken: events.Taken, place: Place) -> range:
    """The numbers that the record at `place` got in the delivery stream; none if it was not in this read."""
    first = place_of(taken.sequence)
    offset = place.position - first.position
    if not place.shares_shard(first.tail, first.shard) or not 0 <= offset < taken.read:
        return range(0)
    if taken.starts is None:
        return range(taken.first + offset, taken.first + offset + 1)
    ends = (*taken.starts[1:], taken.end)
    return range(taken.starts[offset], ends[offset]) if offset < len(ends) else range(0)


def _covers(event: events.Appended | events.Fetched, place: Place) -> bool:
    return place.shares_shard(event.tail, event.shard) and event.first <= place.position < event.end


def _readers(index: Index, place: Place, journey: Journey) -> None:
    for fetch in index.all(events.Fetched):
        if _covers(fetch, place):
            reader = fetch.source or fetch.caller or "a client"
            text = f"gave {records(fetch.end - fetch.first)} to {reader}"
            faults = index.faults(fetch.request_id)
            journey.hop(fetch.time, 2, "kinesis", "read", text, faults, reader=reader, request_id=fetch.request_id)
    for taken in index.all(events.Taken):
        for number in numbers_in(taken, place)[:MOST_PARTS]:
            text = f"took {records(taken.end - taken.first)} from its source"
            journey.hop(taken.time, 2, "firehose", "take", text, stream=taken.arn, record=number)
            firehose_way.follow(index, taken.stream, number, journey)
    for mapping in dict.fromkeys(event.mapping for event in _of_mappings(index, place)):
        _mapping(index, mapping, place, journey)
    for fetch in index.all(events.Fetched):
        waiting = fetch.caller.startswith("lambda.") and _covers(fetch, place)
        if waiting and not any(fate["by"] == fetch.source for fate in journey.fates):
            journey.fate(BUFFERED, fetch.source, why="read by the event source mapping, not in a batch yet")


def _of_mappings(index: Index, place: Place) -> Iterator[_Mapped]:
    for event in chain[_Mapped](index.all(events.Consumed), index.all(events.Discarded)):
        if place.shares_shard(event.tail, event.shard) and holds(event.ranges, place.position):
            yield event


def _mapping(index: Index, mapping: str, place: Place, journey: Journey) -> None:
    """One event source mapping's attempts, and what became of the record there."""
    last: events.Consumed | None = None
    delivered = False
    ended = False
    for event in _of_mappings(index, place):
        if event.mapping != mapping:
            continue
        if isinstance(event, events.Consumed):
            last = event
            rank = sum(1 for number in numbers_of(event.ranges) if number < place.position)
            delivered = delivered or not event.result or rank < event.done
            text = f"{event.function} got {records(size(event.ranges))}"
            journey.hop(
                event.time,
                3,
                "lambda",
                "batch",
                text + (f" and failed: {event.result}" if event.result else ""),
                index.faults(event.request_id),
                mapping=mapping,
                attempt=event.attempt,
                request_id=event.request_id,
                result=event.result or "ok",
            )
            describe_writes(index, event.request_id, journey)
        else:
            ended = True
            text = f"{records(size(event.ranges))} {event.fate}: {event.why}"
            journey.hop(event.time, 4, "lambda", event.fate, text, mapping=mapping, target=event.place)
            journey.fate(event.fate, mapping, where=event.place, why=event.why)
    if delivered and last is not None:
        journey.fate(DELIVERED, mapping, where=last.function, request_id=last.request_id)
    elif not ended and last is not None:
        journey.fate(BUFFERED, mapping, why=f"attempt {last.attempt} failed: {last.result}; to be tried again")
