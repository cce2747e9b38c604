"""Writing a batch as one S3 object, and trying again for a day (A11, A12)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from harness.emulator.errors import AwsError
from harness.emulator.services.firehose.compression import CONTENT_ENCODING, EXTENSION, compress
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.error_objects import PROCESSING_FAILED, processing_line
from harness.emulator.services.firehose.measures import arrived_bytes, freshness
from harness.emulator.services.firehose.model import Batch, DeliveryStream, Json
from harness.emulator.services.firehose.partitioning import PARTITION, folder_prefix
from harness.emulator.services.firehose.prefix import (
    RANDOM_LENGTH,
    error_prefix,
    moment_of,
    object_key,
    record_prefix,
)
from harness.emulator.services.firehose.processing_configuration import appends_delimiter

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline

log = logging.getLogger(__name__)

GIVE_UP_SECONDS = 24 * 3600.0
LONGEST_PAUSE = 300.0
BUCKET_ARN = "arn:aws:s3:::"

# Compressing less than this costs less than handing it to a thread.
_THREAD_FROM = 64 * 1024

_ERRORS = {
    "NoSuchBucket": (
        "S3.NoSuchBucket",
        "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
    ),
    "AccessDenied": (
        "S3.AccessDenied",
        "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to assume the role, "
        "and the access policy allows access to the S3 bucket.",
    ),
}
_INTERNAL = (
    "InternalError",
    "An internal error occurred while attempting to deliver data. Delivery will be retried; if the error persists, "
    "then it will be reported to AWS for resolution.",
)


class S3Delivery:
    """Objects of one delivery stream: delivered records, source backup, failed records."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._world = pipeline.world

    async def attempt(self, batch: Batch) -> float | None:
        """One PutObject; the pause before the next one, or None when S3 took it or the day is over."""
        pipeline = self._pipeline
        stream = pipeline.stream
        settings = pipeline.settings(batch.stage)
        batch.attempts += 1
        params = await self._object(stream, settings, batch)
        if pipeline.runner.is_closed():
            return None
        try:
            await pipeline.service.call("s3", "PutObject", params, pipeline.service.caller(stream, settings["RoleARN"]))
        except AwsError as error:
            reason = _ERRORS.get(error.code, _INTERNAL)
        except Exception:
            log.exception("firehose %s: PutObject failed", stream.name)
            reason = _INTERNAL
        else:
            self._measure(stream, batch, True)
            if not pipeline.runner.is_closed():
                pipeline.runner.taken(batch)
            return None
        self._measure(stream, batch, False)
        await log_error(pipeline.service, stream, reason, settings=settings)
        if pipeline.runner.is_closed():
            return None
        now = self._world.clock.now()
        batch.first_failure = batch.first_failure or now
        age = now - batch.first_failure
        backoff = min(2.0 ** min(batch.attempts - 1, 10), LONGEST_PAUSE)
        if batch.stage.startswith(PARTITION):
            left = stream.destination["DynamicPartitioningConfiguration"]["RetryOptions"]["DurationInSeconds"] - age
            if left > 0:
                return float(min(backoff, left))
            lines = [processing_line(record, reason, batch.attempts, now, None) for record in batch.records]
            pipeline.runner.taken(batch)
            pipeline.fail(PROCESSING_FAILED, lines)
            return None
        if age >= GIVE_UP_SECONDS and age >= await self._source_retention(stream):
            log.warning("firehose %s: %d records lost: %s", stream.name, len(batch.records), reason[1])
            pipeline.runner.taken(batch)
            return None
        return backoff

    def _measure(self, stream: DeliveryStream, batch: Batch, taken: bool) -> None:
        """Error objects count as deliveries too; an HTTP endpoint's bucket counts only as a backup of all data."""
        if batch.stage == "backup":
            name = "BackupToS3"
        elif stream.kind == "s3":
            name = "DeliveryToS3"
        else:
            return
        measures = self._pipeline.service.measures(stream.key)
        measures.add(f"{name}.Success", 1 if taken else 0)
        if not taken:
            return
        measures.add(f"{name}.Records", len(batch.records))
        measures.add(f"{name}.Bytes", arrived_bytes(batch.records))
        measures.add(f"{name}.DataFreshness", freshness(self._world.clock.now(), batch))
        if name == "DeliveryToS3":
            measures.add(f"{name}.ObjectCount", 1)

    async def _object(self, stream: DeliveryStream, settings: Json, batch: Batch) -> Json:
        """PutObject's parameters, from the configuration as it is now."""
        is_error = batch.stage.startswith("errors/")
        moment = moment_of(settings, min([record[1] for record in batch.records]))
        form = "UNCOMPRESSED" if is_error else settings["CompressionFormat"]
        if is_error:
            folder = error_prefix(settings, batch.stage.removeprefix("errors/"), moment, self._random_string)
            extension = ""
        else:
            if batch.stage.startswith(PARTITION):
                folder = folder_prefix(batch.stage).evaluate(moment, self._random_string)
            else:
                folder = record_prefix(settings, moment, self._random_string)
            extension = settings.get("FileExtension") or EXTENSION[form]
        params: Json = {
            "Bucket": settings["BucketARN"].removeprefix(BUCKET_ARN),
            "Key": object_key(folder, stream.name, stream.version, moment, batch.request_id, extension),
            "Body": await self._body(stream, batch, form),
            "ContentType": "application/octet-stream",
            "ACL": "bucket-owner-full-control",
        }
        if form in CONTENT_ENCODING:
            params["ContentEncoding"] = CONTENT_ENCODING[form]
        kms = settings["EncryptionConfiguration"].get("KMSEncryptionConfig")
        if kms is not None:
            params["ServerSideEncryption"] = "aws:kms"
            params["SSEKMSKeyId"] = kms["AWSKMSKeyARN"]
        return params

    async def _body(self, stream: DeliveryStream, batch: Batch, form: str) -> bytes:
        # Records are concatenated verbatim; the delimiter stands between them, not after the last one.
        of_destination = batch.stage == "destination" or batch.stage.startswith(PARTITION)
        separated = of_destination and appends_delimiter(stream.destination)
        body = (b"\n" if separated else b"").join([record[2] for record in batch.records])
        if form == "UNCOMPRESSED":
            return body
        now = self._world.clock.now()
        if len(body) < _THREAD_FROM:
            return compress(form, body, now, batch.request_id)
        return await asyncio.to_thread(compress, form, body, now, batch.request_id)

    def _random_string(self) -> str:
        return self._world.random_token(RANDOM_LENGTH)

    async def _source_retention(self, stream: DeliveryStream) -> float:
        """Seconds for which the source keeps records; 0 for Direct PUT and for a source that can't be asked."""
        if stream.source is None:
            return 0.0
        service = self._pipeline.service
        params = {"StreamARN": stream.source["KinesisStreamARN"]}
        try:
            answer = await service.call(
                "kinesis", "DescribeStreamSummary", params, service.caller(stream, stream.source["RoleARN"])
            )
        except AwsError:
            return 0.0
        return float(answer["StreamDescriptionSummary"]["RetentionPeriodHours"]) * 3600.0
