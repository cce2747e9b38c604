"""Every record in error objects and backups below a prefix, whatever their format and compression."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.backup.compression import Unreadable, columns_of
from harness.backup.objects import fetch, keys_below
from harness.backup.records import BadLine, SavedRecord, records_in


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """A saved record and where it is saved. `object_id` is bucket, key and version (or ETag) in one text."""

    record: SavedRecord
    bucket: str
    key: str
    object_id: str

    @property
    def data(self) -> bytes:
        """The record as it was received."""
        return self.record.data

    @property
    def id(self) -> str:
        """Names this record for ever: object, version, line."""
        return f"{self.object_id}#{self.record.line}"


@dataclass
class BackupReader:
    """Iterate to get every record below `prefix`, in the order of keys and lines.

        for saved in BackupReader(s3, "my-bucket", "processing-failed/"):
            print(saved.data, saved.record.code, saved.record.attempts, saved.key, saved.record.line)

    `s3` is a boto3 client; its errors are raised. `by_line` says that records which are not JSON end with a newline.
    What is damaged is skipped and told in `unreadable`, one sentence each, complete when the iteration has ended.
    `objects` counts the objects that were read.
    """

    s3: Any
    bucket: str
    prefix: str = ""
    by_line: bool = False
    unreadable: list[str] = field(default_factory=list)
    objects: int = 0

    def __iter__(self) -> Iterator[BackupRecord]:
        self.unreadable.clear()
        self.objects = 0
        for key in keys_below(self.s3, self.bucket, self.prefix):
            yield from self._records(key)

    def _records(self, key: str) -> Iterator[BackupRecord]:
        stored = fetch(self.s3, self.bucket, key)
        self.objects += 1
        if columns_of(stored.content):
            self.unreadable.append(f"{key} is a converted object: it does not hold records as received")
            return
        try:
            content = stored.uncompressed()
        except Unreadable as error:
            self.unreadable.append(str(error))
            return
        for record in records_in(content, self.by_line):
            if isinstance(record, BadLine):
                self.unreadable.append(f"{key}, line {record.line}: {record.reason}")
            else:
                yield BackupRecord(record, self.bucket, key, stored.id)
