"""S3 objects as sinks: delivered data in every compression, source backups, error objects, dead letters."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.backup.compression import Unreadable, columns_of
from harness.backup.objects import StoredObject, fetch, keys_below
from harness.backup.reader import BackupReader
from harness.backup.records import is_error_object
from harness.backup.split import split
from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate


@dataclass(frozen=True)
class S3Objects:
    """Objects below a prefix: delivered data, or with the fate `copy` a source backup.

    `s3` is a boto3 client. `exclude` names prefixes that belong to other sinks: the error prefix, where it lies below
    this one. An error object that is met here is a trouble, since its records are base64 and would count as lost.
    """

    s3: Any
    bucket: str
    prefix: str = ""
    fate: Fate = "delivered"
    exclude: Sequence[str] = ()

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def read(self) -> Reading:
        reading = Reading()
        for key in keys_below(self.s3, self.bucket, self.prefix):
            if key.startswith(tuple(self.exclude)):
                continue
            stored = fetch(self.s3, self.bucket, key)
            try:
                reading.found += self._contents(stored)
            except Unreadable as error:
                reading.troubles.append(f"{self.name}: {error}")
        return reading

    def _contents(self, stored: StoredObject) -> Iterator[Found]:
        place = f"{stored.bucket}/{stored.key}"
        if form := columns_of(stored.content):
            for row in _rows(stored, form):
                yield Found(row, place)
            return
        content = stored.uncompressed()
        if is_error_object(content):
            raise Unreadable(f"{stored.key} is an error object; name its prefix in exclude and add it as ErrorObjects")
        for piece in split(content):
            if piece.is_json:
                yield Found(piece.content, place)
            else:
                yield from (Found(line, place, single=False) for line in piece.content.splitlines())


@dataclass(frozen=True)
class ErrorObjects:
    """Error objects of Firehose and dead letters of Lambda below a prefix, by their original records.

    Without `own_fate` each record tells its own: `delivery-failed` when a destination did not take it, else
    `processing-failed`.
    """

    s3: Any
    bucket: str
    prefix: str
    own_fate: Fate | None = None

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def fate(self) -> Fate:
        return self.own_fate or "processing-failed"

    def read(self) -> Reading:
        reader = BackupReader(self.s3, self.bucket, self.prefix)
        reading = Reading()
        for saved in reader:
            if saved.record.code is None:
                reading.troubles.append(f"{self.name}: {saved.key} holds records without an error code")
                continue
            fate: Fate = self.own_fate or ("delivery-failed" if saved.record.delivery else "processing-failed")
            reading.found.append(Found(saved.data, f"{saved.bucket}/{saved.key}", fate))
        reading.troubles += [f"{self.name}: {sentence}" for sentence in reader.unreadable]
        return reading


def _rows(stored: StoredObject, form: str) -> Iterator[bytes]:
    """The rows of a Parquet or ORC object as JSON."""
    try:
        reader = importlib.import_module(f"pyarrow.{form}")
    except ImportError:
        raise Unreadable(f"{stored.key} is {form}: reading it needs the package pyarrow") from None
    try:
        rows = reader.read_table(io.BytesIO(stored.content)).to_pylist()
    except Exception as error:  # pyarrow's errors have no common base but this
        raise Unreadable(f"{stored.key} is no {form} that can be read: {error}") from error
    for row in rows:
        yield json.dumps(row, default=str).encode()
