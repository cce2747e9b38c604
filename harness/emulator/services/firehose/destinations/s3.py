"""Amazon S3 as destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.outbound import Outbound
from harness.emulator.services.firehose.buffer import Limits, hinted
from harness.emulator.services.firehose.conversion.configuration import is_converting
from harness.emulator.services.firehose.destinations.destination import Delivery
from harness.emulator.services.firehose.destinations.s3_configuration import describe_s3, new_s3, update_s3
from harness.emulator.services.firehose.partitioning.configuration import is_partitioned, update_partitioning
from harness.emulator.services.firehose.processing.configuration import check_processing_update
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline


class S3:
    """The extended block and the legacy one alike."""

    kind = "s3"
    configurations: tuple[str, ...] = ("s3_destination_configuration", "extended_s3_destination_configuration")
    updates: tuple[str, ...] = ("s3_destination_update", "extended_s3_destination_update")

    def create(self, given: Json, outbound: Outbound) -> Json:
        return new_s3(given, extended=True)

    def update(self, stored: Json, update: Json, outbound: Outbound) -> Json:
        new = update_s3(stored, update)
        check_processing_update(stored, new)
        return new

    def replace(self, former: Json, update: Json, outbound: Outbound) -> Json:
        update_partitioning({}, update.get("DynamicPartitioningConfiguration") or {})
        return new_s3({**update, "S3BackupConfiguration": update.get("S3BackupUpdate")}, extended=True)

    def describe(self, stored: Json) -> Json:
        return describe_s3(stored)

    def s3(self, stored: Json) -> Json:
        return stored

    def backup(self, stored: Json) -> Json:
        settings: Json = stored["S3BackupDescription"]
        return settings

    def address(self, stored: Json) -> str:
        arn: str = stored["BucketARN"]
        return arn

    def limits(self, stored: Json) -> Limits:
        return hinted(stored["BufferingHints"])

    def needs_received(self, stored: Json) -> bool:
        return is_converting(stored) or is_partitioned(stored)

    def delivery(self, pipeline: Pipeline) -> Delivery:
        return pipeline.s3
