"""S3 destinations as stored: defaults, checks, and both descriptions (A2, A3)."""

from __future__ import annotations

import copy

from harness.emulator.errors import NotEmulated
from harness.emulator.services.firehose.conversion.configuration import (
    check_conversion,
    is_converting,
    merge_conversion,
    new_conversion,
)
from harness.emulator.services.firehose.destinations.compression import available
from harness.emulator.services.firehose.destinations.prefix import PrefixError, check_prefixes
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.hints import DEFAULT_SIZE_MB, check_hints, check_logging, new_hints
from harness.emulator.services.firehose.partitioning.configuration import (
    check_partitioning,
    is_partitioned,
    new_partitioning,
    update_partitioning,
)
from harness.emulator.services.firehose.processing.configuration import new_processing
from harness.json_object import Json

LARGEST_MB = 128
_PLAIN = ("RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "FileExtension", "CustomTimeZone")
_LEGACY = (
    "RoleARN",
    "BucketARN",
    "Prefix",
    "ErrorOutputPrefix",
    "BufferingHints",
    "CompressionFormat",
    "EncryptionConfiguration",
    "CloudWatchLoggingOptions",
)


def new_s3(given: Json, *, extended: bool) -> Json:
    """A stored S3 destination from a configuration: an extended one, or the legacy block (also backup settings).

    Raises InvalidArgumentException, NotEmulated.
    """
    for member in ("RoleARN", "BucketARN"):
        if not given.get(member):
            raise invalid(f"{member} is required for an S3 destination.")
    stored: Json = {member: given[member] for member in _PLAIN if given.get(member) is not None}
    conversion = given.get("DataFormatConversionConfiguration") if extended else None
    if conversion is not None:
        stored["DataFormatConversionConfiguration"] = new_conversion(conversion)
    default_mb = LARGEST_MB if is_partitioned(given) or is_converting(stored) else DEFAULT_SIZE_MB
    stored["BufferingHints"] = new_hints(given.get("BufferingHints"), default_mb)
    stored["CompressionFormat"] = given.get("CompressionFormat") or "UNCOMPRESSED"
    encryption = given.get("EncryptionConfiguration")
    stored["EncryptionConfiguration"] = copy.deepcopy(encryption) or {"NoEncryptionConfig": "NoEncryption"}
    stored["CloudWatchLoggingOptions"] = {"Enabled": False, **(given.get("CloudWatchLoggingOptions") or {})}
    if extended:
        _extend(stored, given)
    check_s3(stored)
    return stored


def _extend(stored: Json, given: Json) -> None:
    processing = new_processing(given.get("ProcessingConfiguration"), stored["RoleARN"], delimits=True)
    if processing is not None:
        stored["ProcessingConfiguration"] = processing
    stored["S3BackupMode"] = given.get("S3BackupMode") or "Disabled"
    backup = given.get("S3BackupConfiguration")
    if backup is not None:
        stored["S3BackupDescription"] = new_s3(backup, extended=False)
    if given.get("DynamicPartitioningConfiguration") is not None:
        stored["DynamicPartitioningConfiguration"] = new_partitioning(given["DynamicPartitioningConfiguration"])


def check_s3(stored: Json) -> None:
    """Everything about a stored S3 destination that must hold, after create and after update alike.

    Raises InvalidArgumentException, NotEmulated.
    """
    check_hints(stored["BufferingHints"], LARGEST_MB, 0)
    check_conversion(stored)
    check_logging(stored["CloudWatchLoggingOptions"])
    if not available(stored["CompressionFormat"]):
        raise NotEmulated(
            "firehose", f"CompressionFormat {stored['CompressionFormat']} without the extra pipeline-harness[snappy]"
        )
    try:
        check_prefixes(stored)
    except PrefixError as error:
        raise invalid(str(error)) from error
    check_partitioning(stored)
    backup = stored.get("S3BackupDescription")
    if stored.get("S3BackupMode") == "Enabled" and backup is None:
        raise invalid("S3BackupConfiguration is required when S3BackupMode is Enabled.")
    if backup is not None:
        check_s3(backup)
        check_hints(backup["BufferingHints"], LARGEST_MB, 60)


def describe_s3(stored: Json) -> Json:
    """The two descriptions that an S3 destination shows, whichever block created it."""
    return {"S3DestinationDescription": legacy(stored), "ExtendedS3DestinationDescription": copy.deepcopy(stored)}


def legacy(stored: Json) -> Json:
    """The part of a stored S3 destination that S3DestinationDescription has."""
    return {member: copy.deepcopy(stored[member]) for member in _LEGACY if member in stored}


def update_s3(stored: Json, update: Json) -> Json:
    """A new stored destination: `update` merged into `stored` per member (A15).

    ProcessingConfiguration is replaced whole; BufferingHints and CloudWatchLoggingOptions merge per member.
    Raises InvalidArgumentException, NotEmulated.
    """
    new = copy.deepcopy(stored)
    for member in (*_PLAIN, "CompressionFormat", "EncryptionConfiguration"):
        if update.get(member) is not None:
            new[member] = copy.deepcopy(update[member])
    for member in ("BufferingHints", "CloudWatchLoggingOptions"):
        new[member] = {**stored[member], **(update.get(member) or {})}
    if update.get("ProcessingConfiguration") is not None:
        new["ProcessingConfiguration"] = new_processing(
            update["ProcessingConfiguration"], new["RoleARN"], delimits=True
        )
    mode = update.get("S3BackupMode")
    if mode == "Disabled" and stored.get("S3BackupMode") == "Enabled":
        raise invalid("Disabling S3 backup is not currently supported.")
    if mode is not None:
        new["S3BackupMode"] = mode
    backup = update.get("S3BackupUpdate")
    if backup is not None:
        old = stored.get("S3BackupDescription")
        new["S3BackupDescription"] = new_s3(backup, extended=False) if old is None else update_s3(old, backup)
    if update.get("DynamicPartitioningConfiguration") is not None:
        partitioning = update_partitioning(stored, update["DynamicPartitioningConfiguration"])
        new["DynamicPartitioningConfiguration"] = partitioning
    conversion = update.get("DataFormatConversionConfiguration")
    if conversion is not None:
        old_conversion = stored.get("DataFormatConversionConfiguration")
        new["DataFormatConversionConfiguration"] = merge_conversion(old_conversion, conversion)
    check_s3(new)
    return new
