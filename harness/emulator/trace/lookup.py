"""From an id that AWS gave to what is known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.trace import api_way, events, firehose_way, kinesis_way, object_way
from harness.emulator.trace.causes import follow_back
from harness.emulator.trace.index import HoldsBuffers, HoldsShards, Index, Numbered
from harness.emulator.trace.journey import Journey
from harness.emulator.trace.recorder import place_of
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

MOST_MATCHES = 10
SEARCHED_BYTES = 256 * 1024 * 1024
"""Bytes of held records that a search looks at, of shards and of buffers each."""

_SEQUENCE_DIGITS = 56


class Lookup:
    """Answers one question about a world."""

    def __init__(self, world: World) -> None:
        self._trace = world.trace
        self._now = world.clock.now()
        self._index = Index(
            world.trace.events,
            next(each for each in world.services.values() if isinstance(each, HoldsShards)),
            next(each for each in world.services.values() if isinstance(each, HoldsBuffers)),
        )

    def find(self, text: str) -> Json | None:
        """What the id `text` stands for: `{"id", "kind", "fate", "fates", "hops", …}`; None when nothing is known.

        A Kinesis sequence number (with or without `stream/` or `shardId:` before it), a Firehose RecordId, the request
        id of an API's answer or of a Lambda invocation, an S3 object (`s3://bucket/key`, or its key).
        """
        for look in (self._kinesis, self._firehose, self._request, self._object):
            found = look(text.strip())
            if found is not None:
                return self._answer(text, found)
        return None

    def search(self, text: str) -> Json | None:
        """The records whose data contains `text`, as far as shards and buffers still hold it: `{"id", "kind": "text",
        "matches": […], "searched": bytes}`; None when there is none."""
        token = text.encode()
        index = self._index
        numbers, looked = index.kinesis.search(token, MOST_MATCHES, SEARCHED_BYTES)
        matches = [self._kinesis(number) for number in numbers]
        known = set()
        for number in numbers:
            for taken in index.all(events.Taken):
                known |= {(taken.stream, n) for n in kinesis_way.numbers_in(taken, place_of(number))}
        record_ids, more = index.firehose.search(token, MOST_MATCHES, SEARCHED_BYTES)
        matches += [self._firehose(each) for each in record_ids if index.firehose.find_record(each) not in known]
        found = [match for match in matches if match is not None][:MOST_MATCHES]
        if not found:
            return None
        summary = {"kind": "text", "matches": found, "searched": looked + more}
        return self._answer(text, summary)

    def _answer(self, text: str, found: Json) -> Json:
        return {"id": text, **found, "now": self._now, "forgotten": self._trace.forgotten}

    def _kinesis(self, text: str) -> Json | None:
        number = text.replace(":", "/").rpartition("/")[2]
        if len(number) in (_SEQUENCE_DIGITS + 6, _SEQUENCE_DIGITS + 16):
            number = number[:_SEQUENCE_DIGITS]  # the recordId that a transform gets
        try:
            place_of(number)
        except ValueError:
            return None
        journey = Journey()
        kinesis_way.follow(self._index, number, journey)
        return {"kind": "kinesis-record", "sequence_number": number, **journey.describe()} if journey else None

    def _firehose(self, text: str) -> Json | None:
        record = self._index.firehose.find_record(text) or self._gone(text)
        if record is None:
            return None
        journey = Journey()
        firehose_way.follow(self._index, *record, journey)
        for put in self._index.all(events.Put):
            if put.stream == record.stream and put.first <= record.number < put.end:
                follow_back(self._index, put.request_id, put.cause, journey)
        for taken in self._index.all(events.Taken):
            if taken.stream == record.stream and taken.first <= record.number < taken.end:
                text = f"taken from its source, from {taken.sequence} on"
                journey.hop(taken.time, 2, "firehose", "take", text, stream=taken.arn, sequence_number=taken.sequence)
        return {"kind": "firehose-record", "record": record.number, **journey.describe()} if journey else None

    def _gone(self, text: str) -> Numbered | None:
        """A RecordId of a delivery stream that was deleted."""
        for closed in self._index.all(events.Closed):
            if text.startswith(closed.stream) and len(text) == len(closed.stream) + 16:
                try:
                    return Numbered(closed.stream, int(text[-16:], 16))
                except ValueError:
                    return None
        return None

    def _request(self, text: str) -> Json | None:
        journey = Journey()
        api_way.follow_request(self._index, text, journey)
        if journey:
            return {"kind": "api-request", **journey.describe()}
        follow_back(self._index, text, "", journey)
        api_way.follow_invocation(self._index, text, journey)
        return {"kind": "invocation", **journey.describe()} if journey else None

    def _object(self, text: str) -> Json | None:
        return object_way.find(self._index, text)
