"""For the trace: what delivery streams still hold, by record number and by content."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

import orjson

from harness.emulator.services.firehose.base import FirehoseBase
from harness.emulator.services.firehose.model import Key, rows_of
from harness.emulator.services.firehose.record import Record, data_of, number_of, received_of
from harness.emulator.services.firehose.stage import Stage
from harness.emulator.trace.index import Held, Numbered

_NUMBER_DIGITS = 16
_BASE_DIGITS = 46


class HeldRecords(FirehoseBase):
    """Reads buffers and batches as they are."""

    def find_record(self, record_id: str) -> Numbered | None:
        """The stream's id prefix and the record's number, for a RecordId of Direct PUT or the recordId that a transform
        got for it; None for other texts."""
        for stream in self.streams.values():
            if record_id.startswith(stream.record_id_prefix):
                return _number(stream.record_id_prefix, record_id[len(stream.record_id_prefix) :], 16, _NUMBER_DIGITS)
            if stream.source is None and record_id.startswith(stream.record_id_base) and len(record_id) == 62:
                return _number(stream.record_id_prefix, record_id[_BASE_DIGITS:56], 10, 10)
        return None

    def where(self, prefix: str, number: int) -> list[Held]:
        """The buffers and batches that hold the record."""
        key = next((stream.key for stream in self.streams.values() if stream.record_id_prefix == prefix), None)
        found: list[Held] = []
        if key is None:
            return found
        for stage, buffer in rows_of(self.buffers, key):
            if number in map(number_of, buffer.records.read(buffer.records.first, 1 << 62)):
                found.append(Held(stage, False, buffer.since))
        for _, batch in rows_of(self.batches, key):
            if number in map(number_of, batch.records):
                found.append(Held(batch.stage, True, batch.next_attempt))
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
            looked += len(data_of(record))
            if _contains(record, token, stage.error_type is not None):
                found[f"{prefixes[key]}{number_of(record):016x}"] = None
        return list(found), looked

    def _all(self) -> Iterator[tuple[Key, Stage, Record]]:
        for (account, region, name, stage), buffer in self.buffers.items():
            key = Key(account, region, name)
            for record in buffer.records.read(buffer.records.first, 1 << 62):
                yield key, stage, record
        for (account, region, name, _), batch in self.batches.items():
            key = Key(account, region, name)
            for record in batch.records:
                yield key, batch.stage, record


def _number(prefix: str, digits: str, base: int, length: int) -> Numbered | None:
    try:
        return Numbered(prefix, int(digits, base)) if len(digits) == length else None
    except ValueError:
        return None


def _contains(record: Record, token: bytes, is_line: bool) -> bool:
    data, received = data_of(record), received_of(record)
    if token in data or (isinstance(received, bytes) and token in received):
        return True
    if is_line:  # an error line has the record in base64
        try:
            return token in b64decode(orjson.loads(data).get("rawData", ""))
        except (ValueError, AttributeError):
            return False
    return False
