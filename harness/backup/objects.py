"""Reading the objects below a prefix of a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.backup.compression import decompress


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of one object. `version` is its version id where the bucket keeps versions, else its ETag."""

    bucket: str
    key: str
    version: str
    content: bytes
    encoding: str

    @property
    def id(self) -> str:
        """What stays the same for as long as the content does."""
        return f"{self.bucket}/{self.key}@{self.version}"

    def uncompressed(self) -> bytes:
        """Raises Unreadable."""
        return decompress(self.content, self.encoding, self.key)


def keys_below(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """The keys that start with the prefix, in S3's order. `s3` is a boto3 client; raises its errors."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def fetch(s3: Any, bucket: str, key: str) -> StoredObject:
    """Read one object. Raises the client's errors."""
    answer = s3.get_object(Bucket=bucket, Key=key)
    version = answer.get("VersionId")
    if not version or version == "null":
        version = answer["ETag"].strip('"')
    return StoredObject(bucket, key, version, answer["Body"].read(), answer.get("ContentEncoding", ""))
