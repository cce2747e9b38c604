"""For the trace: what delivery streams still hold, by record number and by content."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import orjson

from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.model import Key, Record
from harness.emulator.services.firehose.stage import Stage

_NUMBER_DIGITS = 16
_BASE_DIGITS = 46


class HeldRecords(FirehoseBase):
    """Reads buffers and batches as they are."""

    def find_record(self, record_id: str) -> tuple[str, int] | None:
        """The stream's id prefix and the record's number, for a RecordId of Direct PUT or the recordId that a transform
        got for it; None for other texts."""
        for stream in self.streams.values():
            if record_id.startswith(stream.record_id_prefix):
                return _number(stream.record_id_prefix, record_id[len(stream.record_id_prefix) :], 16, _NUMBER_DIGITS)
            if stream.source is None and record_id.startswith(stream.record_id_base) and len(record_id) == 62:
                return _number(stream.record_id_prefix, record_id[_BASE_DIGITS:56], 10, 10)
        return None

    def where(self, prefix: str, number: int) -> list[tuple[str, bool, float]]:
        """The buffers and batches that hold the record: stage, whether it is a batch already, and when it goes on
        (epoch seconds of a batch's next attempt, 0 for at once; of a buffer, since when it fills)."""
        key = next((stream.key for stream in self.streams.values() if stream.record_id_prefix == prefix), None)
        found: list[tuple[str, bool, float]] = []
        for row, buffer in self.buffers.items():
            if row[:3] == key and any(r[0] == number for r in buffer.records.read(buffer.records.first, 1 << 62)):
                found.append((row[3], False, buffer.since))
        for batch_row, batch in self.batches.items():
            if batch_row[:3] == key and any(r[0] == number for r in batch.records):
                found.append((batch.stage, True, batch.next_attempt))
        return found

    def search(self, token: bytes, most: int, budget: int) -> tuple[list[str], int]:
        """RecordIds of at most `most` records that contain `token`, and how many bytes were looked at (about `budget`
        at most)."""
        prefixes = {stream.key: stream.record_id_prefix for stream in self.streams.values()}
        found: dict[str, None] = {}
        looked = 0
        for key, stage, record in self._all():
            if len(found) >= most or looked >= budget:
                break
            looked += len(record[2])
            if _contains(record, token, stage.error_type is not None):
                found[f"{prefixes[key]}{record[0]:016x}"] = None
        return list(found), looked

    def _all(self) -> Iterator[tuple[Key, Stage, Record]]:
        for row, buffer in self.buffers.items():
            for record in buffer.records.read(buffer.records.first, 1 << 62):
                yield row[:3], row[3], record
        for batch_row, batch in self.batches.items():
            for record in batch.records:
                yield batch_row[:3], batch.stage, record


def _number(prefix: str, digits: str, base: int, length: int) -> tuple[str, int] | None:
    try:
        return (prefix, int(digits, base)) if len(digits) == length else None
    except ValueError:
        return None


def _contains(record: Record, token: bytes, is_line: bool) -> bool:
    if token in record[2] or (isinstance(record[4], bytes) and token in record[4]):
        return True
    if is_line:  # an error line has the record in base64
        try:
            return token in b64decode(orjson.loads(record[2]).get("rawData", ""))
        except (ValueError, AttributeError):
            return False
    return False
