"""What Firehose and Lambda saved, in the test's own S3."""

from __future__ import annotations

from dataclasses import dataclass

from harness.backup import BackupReader
from harness.clients import Aws


@dataclass(frozen=True)
class Backup:
    """`backup("bucket", "processing-failed/")` reads every record of the error objects and backups below the prefix."""

    aws: Aws

    def __call__(self, bucket: str, prefix: str = "") -> BackupReader:
        return BackupReader(self.aws.client("s3"), bucket, prefix)
