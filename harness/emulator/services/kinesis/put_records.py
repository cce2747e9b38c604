"""PutRecord and PutRecords (B2, B3): the hot path. Work per record is one hash, one search, one tuple, one answer."""

from __future__ import annotations

from bisect import bisect_right
from hashlib import md5
from itertools import repeat

from harness.emulator.call import Call
from harness.emulator.errors import constraint, validation_error
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages, sequence
from harness.emulator.services.kinesis.base import KinesisBase
from harness.emulator.services.kinesis.entry import ShardLog
from harness.emulator.services.kinesis.model import HASH_SPACE, Shard, Stream, partition_digest
from harness.json_object import Json

MAX_BATCH_BYTES = 10 * 1024 * 1024

_BEFORE_FIRST = sequence.FIRST + 1
"""Added to a log position it gives the position field of the record's sequence number."""


class PutRecordsOperations(KinesisBase):
    """Writing to a stream."""

    @operation
    def put_record(
        self,
        call: Call,
        *,
        data: bytes,
        partition_key: str,
        stream_name: str | None = None,
        stream_arn: str | None = None,
        explicit_hash_key: str | None = None,
        sequence_number_for_ordering: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Append one record. Numbers rise per shard anyway, so `sequence_number_for_ordering` asks for nothing."""
        began = self.world.clock.now()
        stream = self._writable(call, stream_name, stream_arn)
        record = {"Data": data, "PartitionKey": partition_key}
        if explicit_hash_key is not None:
            record["ExplicitHashKey"] = explicit_hash_key
        size = self._check_sizes(stream, [partition_key], [data], single=True)
        shard = stream.open[self._place(stream, record)]
        if dry_run:
            raise messages.dry_run("PutRecord")
        now = self.arrival_now()
        log = self._trimmed_log(stream, shard, now)
        kms = "KMS" if stream.key_id is not None else None
        position = log.append((now, partition_key, data, kms))
        self.world.trace.appended(call, stream.arn, stream.tail, shard.head, position, position + 1)
        self.notify(stream)
        self.metrics(stream).put_record(began, size)
        if stream.metrics:
            self._measure_shard(stream, shard, size, 1)
        answer = {
            "ShardId": shard.id,
            "SequenceNumber": f"{shard.head}{_BEFORE_FIRST + position}{stream.tail}",
        }
        if kms:
            answer["EncryptionType"] = kms
        return answer

    @operation
    def put_records(
        self,
        call: Call,
        *,
        records: list[Json],
        stream_name: str | None = None,
        stream_arn: str | None = None,
        dry_run: bool = False,
    ) -> Json:
        """Append a batch, in order. An entry that breaks a rule rejects the whole batch with nothing written."""
        began = self.world.clock.now()
        stream = self._writable(call, stream_name, stream_arn)
        keys = [record["PartitionKey"] for record in records]
        blobs = [record["Data"] for record in records]
        size = self._check_sizes(stream, keys, blobs, single=False)
        shards = stream.open
        tail = stream.tail
        kms = "KMS" if stream.key_id is not None else None
        places: list[int] | None = None
        if max(map(len, records)) > 2:  # some entry has an explicit hash key
            places = [self._place(stream, record) for record in records]
        elif len(shards) > 1:
            # `partition_digest` and `route`, written out: two calls less per record.
            starts = stream.starts
            places = [bisect_right(starts, md5(k.encode(), usedforsecurity=False).digest()) - 1 for k in keys]
        if dry_run:
            raise messages.dry_run("PutRecords")
        now = self.arrival_now()
        answers: list[Json]
        if places is None or len(shards) == 1:
            shard = shards[0]
            log = self._trimmed_log(stream, shard, now)
            first = _BEFORE_FIRST + log.end
            log.extend(zip(repeat(now), keys, blobs, repeat(kms)))
            self.world.trace.appended(call, stream.arn, tail, shard.head, log.end - len(records), log.end)
            head, shard_id = shard.head, shard.id
            answers = [
                {"SequenceNumber": f"{head}{number}{tail}", "ShardId": shard_id}
                for number in range(first, first + len(records))
            ]
        else:
            answers = []
            logs = {place: self._trimmed_log(stream, shards[place], now) for place in set(places)}
            ends = [(place, log.end) for place, log in logs.items()]
            for place, key, blob in zip(places, keys, blobs, strict=True):
                shard = shards[place]
                number = _BEFORE_FIRST + logs[place].append((now, key, blob, kms))
                answers.append({"SequenceNumber": f"{shard.head}{number}{tail}", "ShardId": shard.id})
            for place, end in ends:
                self.world.trace.appended(call, stream.arn, tail, shards[place].head, end, logs[place].end)
        self.notify(stream)
        self.metrics(stream).put_records(began, size, len(records))
        if stream.metrics:
            self._measure_shards(stream, places, keys, blobs)
        answer: Json = {"FailedRecordCount": 0, "Records": answers}
        if kms:
            answer["EncryptionType"] = kms
        return answer

    def _writable(self, call: Call, name: str | None, arn: str | None) -> Stream:
        """Writing needs ACTIVE or UPDATING; else AWS says ResourceNotFoundException (B3, text unsure)."""
        stream = self.find(call, name, arn)
        if stream.status not in ("ACTIVE", "UPDATING"):
            raise messages.stream_not_found(stream.name, stream.account)
        return stream

    def _trimmed_log(self, stream: Stream, shard: Shard, now: float) -> ShardLog:
        log = self.log(stream, shard)
        self.trim(stream, log, now)
        return log

    @staticmethod
    def _place(stream: Stream, record: Json) -> int:
        """The place in `stream.open` for a record. Raises InvalidArgumentException for a hash key >= 2^128."""
        explicit = record.get("ExplicitHashKey")
        if explicit is None:
            return stream.route(partition_digest(record["PartitionKey"]))
        value = int(explicit)
        if value >= HASH_SPACE:
            raise messages.invalid(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
                f"Specified value was {explicit}"
            )
        return stream.route(value.to_bytes(16, "big"))

    def _measure_shards(self, stream: Stream, places: list[int] | None, keys: list[str], blobs: list[bytes]) -> None:
        """Enhanced monitoring: what went to each shard of a batch."""
        totals: dict[int, tuple[int, int]] = {}
        for place, key, blob in zip(places or [0] * len(keys), keys, blobs, strict=True):
            size, count = totals.get(place, (0, 0))
            totals[place] = (size + len(blob) + len(key.encode()), count + 1)
        for place, (size, count) in totals.items():
            self._measure_shard(stream, stream.open[place], size, count)

    def _measure_shard(self, stream: Stream, shard: Shard, size: int, count: int) -> None:
        values = {"IncomingBytes": size, "IncomingRecords": count, "WriteProvisionedThroughputExceeded": 0}
        self.metrics(stream).shard(shard.id, stream.metrics, values)

    @staticmethod
    def _check_sizes(stream: Stream, keys: list[str], blobs: list[bytes], *, single: bool) -> int:
        """B2: data plus partition key in bytes, per record and per batch. Returns them."""
        limit = stream.max_record_kib * 1024
        total = sum(map(len, blobs)) + len("".join(keys).encode())
        if total <= limit:
            return total
        problems = []
        for i, (key, blob) in enumerate(zip(keys, blobs, strict=True), 1):
            if len(blob) + len(key.encode()) > limit:
                path = "data" if single else f"records.{i}.member.data"
                text = f"Member must have length less than or equal to {limit}"
                problems.append(constraint(None, path, text))
        if problems:
            raise validation_error(problems)
        if total > MAX_BATCH_BYTES:
            raise messages.invalid("Records size exceeds 10 MB limit")
        return total
