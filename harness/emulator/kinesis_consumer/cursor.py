"""Reading one shard on from its checkpoint."""

from __future__ import annotations

from typing import NamedTuple

from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.kinesis_consumer.checkpoint import Checkpoint
from harness.emulator.kinesis_consumer.client import StreamClient
from harness.json_object import Json

_ITERATOR_LIFE = 300.0  # seconds (B4)
_THROTTLED_PAUSE = 1.0
_THROTTLED = ("ProvisionedThroughputExceededException", "LimitExceededException")


class Batch(NamedTuple):
    """What one GetRecords gave. `more`: there may be more at once; `ended`: the shard has no records after these;
    `millis_behind`: None where the answer does not tell."""

    records: list[Json]
    more: bool
    ended: bool
    millis_behind: int | None


class ShardCursor:
    """Reads on behind what it read last, and begins behind the checkpoint, which its owner moves."""

    def __init__(self, client: StreamClient, shard_id: str, checkpoint: Checkpoint, clock: Clock) -> None:
        self._client = client
        self._shard_id = shard_id
        self._checkpoint = checkpoint
        self._clock = clock
        self._iterator: str | None = None
        self.last_read: str | None = None
        """The sequence number of the last record that was read since the cursor began at the checkpoint."""

    def rewind(self) -> None:
        """Begin at the checkpoint again."""
        self._iterator = None
        self.last_read = None

    def failed(self, error: AwsError) -> None:
        """The next read takes a fresh iterator."""
        self._iterator = None
        if error.code == "ExpiredIteratorException":
            # The mark of LATEST is as old.
            self._checkpoint.iterator_at = min(self._checkpoint.iterator_at, self._clock.now() - _ITERATOR_LIFE)

    async def read(self, limit: int | None = None) -> Batch:
        """One GetRecords. A shard whose retention is over has ended. Raises AwsError, after which `failed` is due."""
        try:
            if self._iterator is None:
                self._iterator = await self._seek()
            answer = await self._client.records(self._iterator, limit)
        except AwsError as error:
            if error.code != "ResourceNotFoundException" or await self._exists():
                raise
            return Batch([], False, True, None)
        records, behind = answer["Records"], answer.get("MillisBehindLatest")
        self._iterator = answer.get("NextShardIterator")
        if records:
            self.last_read = records[-1]["SequenceNumber"]
        elif self._iterator is not None and self._checkpoint.iterator is not None:
            self._checkpoint.iterator = self._iterator
            self._checkpoint.iterator_at = self._clock.now()
        return Batch(records, bool(records) or bool(behind), self._iterator is None, behind)

    async def _seek(self) -> str:
        """A fresh iterator. Raises AwsError."""
        checkpoint = self._checkpoint
        after = self.last_read or checkpoint.after
        if after is not None:
            return await self._client.iterator(self._shard_id, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=after)
        if checkpoint.start == "AT_TIMESTAMP":
            return await self._client.iterator(self._shard_id, "AT_TIMESTAMP", Timestamp=checkpoint.timestamp)
        if checkpoint.start != "LATEST":
            return await self._client.iterator(self._shard_id, checkpoint.start)
        if checkpoint.iterator is not None and self._clock.now() - checkpoint.iterator_at < _ITERATOR_LIFE:
            return checkpoint.iterator
        # The iterator that marked LATEST has expired without a record having come: later ones are newer than it.
        moment = min(checkpoint.iterator_at + 0.001, self._clock.now())
        return await self._client.iterator(self._shard_id, "AT_TIMESTAMP", Timestamp=moment)

    async def _exists(self) -> bool:
        """Whether the stream still has the shard. Raises ResourceNotFoundException when the stream itself is gone."""
        return any(shard.id == self._shard_id for shard in await self._client.shards())


class Backoff:
    """The pauses of a consumer between failed reads: doubling from a second to `longest` seconds."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._failures = 0

    def succeeded(self) -> None:
        self._failures = 0

    def pause(self, error: AwsError) -> float:
        """Seconds of the clock until the next try: none after an expired iterator, a second after a throttle."""
        self._failures += 1
        if error.code == "ExpiredIteratorException":
            return 0.0
        if is_throttle(error):
            return _THROTTLED_PAUSE
        return min(2.0 ** min(self._failures - 1, 10), self._longest)


def is_throttle(error: AwsError) -> bool:
    """Whether the stream's read limits refused a call (B5)."""
    return error.code in _THROTTLED
