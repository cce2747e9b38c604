"""GetShardIterator and GetRecords (B4, B5)."""

from __future__ import annotations

import math
import time

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages, sequence
from harness.emulator.services.kinesis.base import KinesisBase
from harness.emulator.services.kinesis.entry import Entry, ShardLog, arrival_of, bytes_read
from harness.emulator.services.kinesis.model import Shard, Stream, canonical_shard_id
from harness.emulator.services.kinesis.tokens import VALID_SECONDS, BadToken
from harness.json_object import Json

MAX_RECORDS = 10_000
MAX_BYTES = 10 * 1024 * 1024


class GetRecordsOperations(KinesisBase):
    """Reading from a shard."""

    @operation
    def get_shard_iterator(
        self,
        call: Call,
        *,
        shard_id: str,
        shard_iterator_type: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        starting_sequence_number: str | None = None,
        timestamp: float | None = None,
        dry_run: bool = False,
    ) -> Json:
        """An iterator that stands on a position of the shard's log."""
        stream = self.find(call, stream_name, stream_arn)
        shard_id = canonical_shard_id(shard_id)
        shard = stream.shards.get(shard_id)
        if shard is None:
            raise messages.shard_missing(shard_id, stream)
        position = self.start_at(call, stream, shard, shard_iterator_type, starting_sequence_number, timestamp)
        if dry_run:
            raise messages.dry_run("GetShardIterator")
        now = self.world.clock.now()
        return {"ShardIterator": self.tokens.iterator(now, _scope(stream), shard.index, position)}

    def start_at(
        self, call: Call, stream: Stream, shard: Shard, kind: str, number: str | None, timestamp: float | None
    ) -> int:
        """The position of the shard's log where reading begins (B4). Raises InvalidArgumentException."""
        by_number = kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")
        if by_number != (number is not None) and kind != "AT_TIMESTAMP":
            raise messages.invalid(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
                "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
                f"Request specified {kind} and "
                + ("no StartingSequenceNumber." if by_number else "also a StartingSequenceNumber.")
            )
        log = self.log(stream, shard)
        if by_number:
            assert number is not None
            return self._by_number(call, stream, shard, kind, number)
        if kind == "LATEST":
            return log.end
        if kind == "TRIM_HORIZON":
            return 0
        return self.seek(log, self._past(timestamp))

    @staticmethod
    def _by_number(call: Call, stream: Stream, shard: Shard, kind: str, number: str) -> int:
        """The log position at or after a sequence number; a shard's own starting number is one (F2 18, 19)."""
        if not sequence.same_shard(number, shard.head, stream.tail):
            try:
                index = sequence.shard_index(number)
            except ValueError:
                index = -1
            if number.endswith(stream.tail) and index != shard.index and index >= 0:
                raise messages.invalid(
                    f"Invalid StartingSequenceNumber. It encodes {canonical_shard_id(str(index))}, "
                    f"while it was used in a call to a shard with {shard.id}"
                )
            raise messages.invalid(
                f"StartingSequenceNumber {number} used in {call.operation} on shard {shard.id} in stream "
                f"{stream.name} under account {stream.account} is invalid because it did not come from this stream."
            )
        counted = sequence.position(number) - sequence.FIRST
        return counted if kind == "AFTER_SEQUENCE_NUMBER" else max(0, counted - 1)

    def _past(self, timestamp: float | None) -> float:
        """The timestamp of an AT_TIMESTAMP request, in whole milliseconds. Raises InvalidArgumentException if it is
        missing (text unsure) or in the future."""
        if timestamp is None:
            raise messages.invalid("Must specify timestampInMillis for AT_TIMESTAMP iterator.")
        millis, now = round(timestamp * 1000), round(self.world.clock.now() * 1000)
        if millis > now:
            raise messages.invalid(
                "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                f"timestampInMillis: {millis}, currentTimestampInMillis: {now}"
            )
        return round(timestamp, 3)

    @operation
    def get_records(
        self,
        call: Call,
        *,
        shard_iterator: str,
        limit: int = MAX_RECORDS,
        stream_arn: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Up to `limit` records and 10 MB from the iterator on; the next iterator, unless the shard is at its end."""
        now = self.world.clock.now()
        stream, shard, position = self._resolve(call, shard_iterator, stream_arn, now)
        if dry_run:
            raise messages.dry_run("GetRecords")
        log = self.log(stream, shard)
        self.trim(stream, log, now)
        first = max(position, log.first)
        entries = within_bytes(log.read(first, limit), MAX_BYTES)
        following = first + len(entries)
        if entries:
            self.world.trace.fetched(call, stream.tail, shard.index, first, following)
        self._measure(stream, shard, entries, now)
        answer: Json = {
            "Records": described_records(stream, shard, first, entries),
            "MillisBehindLatest": millis_behind(entries, following, log, now),
        }
        if shard.closed is not None and following >= log.end:
            answer["ChildShards"] = described_children(stream, shard)
        else:
            answer["NextShardIterator"] = self.tokens.iterator(now, _scope(stream), shard.index, following)
        return answer

    def _measure(self, stream: Stream, shard: Shard, entries: list[Entry], now: float) -> None:
        size = bytes_read(entries)
        age = max(0, round((now - arrival_of(entries[-1])) * 1000)) if entries else 0
        metrics = self.metrics(stream)
        metrics.get_records(now, size, len(entries), age)
        if stream.metrics:
            values = {"OutgoingBytes": size, "OutgoingRecords": len(entries), "ReadProvisionedThroughputExceeded": 0}
            metrics.shard(shard.id, stream.metrics, {**values, "IteratorAgeMilliseconds": age})

    def _resolve(self, call: Call, text: str, arn: str | None, now: float) -> tuple[Stream, Shard, int]:
        """What an iterator stands for: stream, shard, position. Raises InvalidArgumentException (forged, or for
        another stream), ExpiredIteratorException, ResourceNotFoundException (stream or shard gone)."""
        try:
            token = self.tokens.read_iterator(text)
        except BadToken:
            raise messages.invalid("Invalid ShardIterator.") from None
        scope = token.text
        account, region, name, _ = scope.split("/")
        if round(now * 1000) - token.issued > VALID_SECONDS * 1000:
            raise AwsError(
                "ExpiredIteratorException",
                f"Iterator expired. The iterator was created at time {_utc(token.issued / 1000)} while right now it "
                f"is {_utc(now)} which is further in the future than the tolerated delay of "
                f"{VALID_SECONDS * 1000} milliseconds.",
            )
        own = (account, region) == (call.caller.account, call.caller.region)
        if own and arn is None:
            stream = self.find(call, name, None)
        elif arn is not None:
            stream = self.find(call, None, arn)
        else:
            raise messages.invalid("Invalid ShardIterator.")
        if _scope(stream) != scope:
            # The stream was deleted and made anew, or the ARN is another stream's.
            raise messages.invalid("Invalid ShardIterator.")
        shard_id = canonical_shard_id(str(token.shard_index))
        shard = stream.shards.get(shard_id)
        if shard is None:
            raise messages.shard_missing(shard_id, stream)
        return stream, shard, token.position


def _scope(stream: Stream) -> str:
    return f"{stream.account}/{stream.region}/{stream.name}/{stream.tail}"


def described_records(stream: Stream, shard: Shard, first: int, entries: list[Entry]) -> list[Json]:
    """AWS's Record structures for entries of a shard's log, which begin at position `first`."""
    head, tail = shard.head, stream.tail
    records: list[Json] = [
        {
            "SequenceNumber": f"{head}{number}{tail}",
            "ApproximateArrivalTimestamp": arrival,
            "Data": data,
            "PartitionKey": key,
        }
        for number, (arrival, key, data, _) in enumerate(entries, sequence.FIRST + 1 + first)
    ]
    if stream.was_encrypted:
        for record, (_arrival, _key, _data, encryption) in zip(records, entries, strict=True):
            if encryption:
                record["EncryptionType"] = encryption
    return records


def described_children(stream: Stream, shard: Shard) -> list[Json]:
    """AWS's ChildShard structures of a closed shard."""
    return [_child(child) for child in stream.children(shard)]


def millis_behind(entries: list[Entry], following: int, log: ShardLog, now: float) -> int:
    """Recorded: whole seconds, rounded up, since the last record of the answer; `following` is the position behind it.
    Zero means caught up."""
    return max(1, math.ceil(now - arrival_of(entries[-1]))) * 1000 if following < log.end else 0


def within_bytes(entries: list[Entry], most: int) -> list[Entry]:
    """As many entries as fit into one answer of `most` bytes, at least one."""
    if bytes_read(entries) <= most:
        return entries
    total = 0
    for i, entry in enumerate(entries):
        total += bytes_read((entry,))
        if total > most:
            return entries[: max(1, i)]
    return entries


def _child(shard: Shard) -> Json:
    parents = [parent for parent in (shard.parent, shard.adjacent_parent) if parent is not None]
    return {
        "ShardId": shard.id,
        "ParentShards": parents,
        "HashKeyRange": {"StartingHashKey": str(shard.start), "EndingHashKey": str(shard.end)},
    }


def _utc(moment: float) -> str:
    """`Thu Jan 22 01:22:02 UTC 2015`"""
    return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(moment))
