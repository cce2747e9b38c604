"""Reading what Firehose and Lambda saved: error objects, source backups, dead letters in S3."""

from harness.backup.compression import Unreadable, decompress
from harness.backup.reader import BackupReader, BackupRecord
from harness.backup.records import BadLine, SavedRecord, records_in

__all__ = ["BackupReader", "BackupRecord", "BadLine", "SavedRecord", "Unreadable", "decompress", "records_in"]
