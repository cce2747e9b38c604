"""Writing a batch as one S3 object, and trying again for a day (A11, A12)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.firehose.conversion.batch import (
    FORMAT_CONVERSION_FAILED,
    Converted,
    conversion_lines,
    convert,
)
from harness.emulator.services.firehose.conversion.configuration import is_converting, serde
from harness.emulator.services.firehose.conversion.glue_schema import SchemaProblem
from harness.emulator.services.firehose.destinations.compression import CONTENT_ENCODING, EXTENSION, compress
from harness.emulator.services.firehose.destinations.prefix import (
    RANDOM_LENGTH,
    error_prefix,
    moment_of,
    object_key,
    record_prefix,
)
from harness.emulator.services.firehose.error_log import log_error
from harness.emulator.services.firehose.error_objects import PROCESSING_FAILED, processing_line
from harness.emulator.services.firehose.metrics import freshness
from harness.emulator.services.firehose.model import Batch, DeliveryStream
from harness.emulator.services.firehose.partitioning.partitions import folder_prefix
from harness.emulator.services.firehose.processing.configuration import appends_delimiter
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record, arrival_of, arrived_bytes, data_of
from harness.emulator.services.firehose.source.kinesis import source_client
from harness.emulator.services.firehose.stage import BACKUP, Stage
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.pipeline import Pipeline

log = logging.getLogger(__name__)

GIVE_UP_SECONDS = 24 * 3600.0
LONGEST_PAUSE = 300.0
BUCKET_ARN = "arn:aws:s3:::"

# Compressing less than this costs less than handing it to a thread.
_THREAD_FROM = 64 * 1024

_CONVERSION_ERRORS = Stage.of_errors(FORMAT_CONVERSION_FAILED)

_ERRORS = {
    "NoSuchBucket": Reason(
        "S3.NoSuchBucket",
        "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
    ),
    "AccessDenied": Reason(
        "S3.AccessDenied",
        "Access was denied. Ensure that the trust policy for the provided IAM role allows Firehose to assume the role, "
        "and the access policy allows access to the S3 bucket.",
    ),
}
_INTERNAL = Reason(
    "InternalError",
    "An internal error occurred while attempting to deliver data. Delivery will be retried; if the error persists, "
    "then it will be reported to AWS for resolution.",
)


class KeyUnusable(Exception):
    """The stream's records can't be decrypted now."""


class S3Delivery:
    """Objects of one delivery stream: delivered records, source backup, failed records."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._world = pipeline.world
        # Error objects of format conversion that could not be written so far.
        self._unwritten = {
            batch.number: batch
            for batch in pipeline.runner.stored()
            if batch.stage == _CONVERSION_ERRORS and batch.first_failure
        }

    async def attempt(self, batch: Batch) -> float | None:
        """One PutObject; the pause before the next one, or None when S3 took it or the day is over."""
        pipeline = self._pipeline
        stream = pipeline.stream
        settings = pipeline.settings(batch.stage)
        waiting = self._blocked(batch)
        if waiting is not None:
            return waiting
        converted: Converted | None = None
        try:
            if await pipeline.service.check_key(stream) is not None:
                raise KeyUnusable
            if is_converting(stream.destination) and batch.stage.is_delivery:
                converted = await convert(pipeline.service, stream, batch)
            if converted is None or converted.body is not None:
                params = await self._object(stream, settings, batch, converted)
                if pipeline.runner.is_closed():
                    return None
                caller = pipeline.service.caller(stream, settings["RoleARN"])
                await self._put(batch, params, caller)
        except SchemaProblem as problem:
            reason = problem.reason
        except KeyUnusable:
            reason = _INTERNAL
        except AwsError as error:
            reason = _ERRORS.get(error.code, _INTERNAL)
        except Exception:
            log.exception("firehose %s: PutObject failed", stream.name)
            reason = _INTERNAL
        else:
            if pipeline.runner.is_closed():
                return None
            self._measure(stream, batch, batch.records if converted is None else converted.records)
            pipeline.runner.taken(batch)
            if converted is not None:
                self._after_conversion(stream, batch, converted)
            return None
        self._measure(stream, batch, None)
        await log_error(pipeline.service, stream, reason, settings=settings)
        if pipeline.runner.is_closed():
            return None
        now = self._world.clock.now()
        first_failure = batch.first_failure or now
        age = now - first_failure
        backoff = min(2.0 ** min(batch.attempt - 1, 10), LONGEST_PAUSE)
        if batch.stage.partition_name is not None:
            left = stream.destination["DynamicPartitioningConfiguration"]["RetryOptions"]["DurationInSeconds"] - age
            if left > 0:
                return self._again(batch, first_failure, float(min(backoff, left)))
            pipeline.note_processed(batch.request_id, [(record, reason) for record in batch.records], [])
            lines = [processing_line(record, reason, batch.attempt, now, None) for record in batch.records]
            pipeline.runner.taken(batch)
            pipeline.fail(PROCESSING_FAILED, lines)
            return None
        if batch.stage == _CONVERSION_ERRORS:
            self._unwritten[batch.number] = batch  # tried again for ever, and nothing else is delivered meanwhile
            return self._again(batch, first_failure, backoff)
        if age >= GIVE_UP_SECONDS and age >= await self._source_retention(stream):
            self._world.trace.lost(batch.request_id, "expired", reason.code)
            log.warning("firehose %s: %d records lost: %s", stream.name, len(batch.records), reason.message)
            pipeline.runner.taken(batch)
            return None
        return self._again(batch, first_failure, backoff)

    @staticmethod
    def _again(batch: Batch, first_failure: float, pause: float) -> float:
        """Note that the attempt failed, right before the batch is stored again."""
        batch.first_failure = first_failure
        batch.attempts += 1
        return pause

    async def _put(self, batch: Batch, params: Json, caller: Caller) -> None:
        """Write the object. Raises AwsError."""
        call = Call("s3", "PutObject", params, caller, self._world.new_id())
        result = "InternalError"
        try:
            await self._world.bus.run(call)
            result = ""
        except AwsError as error:
            result = error.code
            raise
        finally:
            place = f"s3://{params['Bucket']}/{params['Key']}"
            self._world.trace.attempted(
                batch.request_id, "s3", place, batch.attempt, request_id=call.request_id, result=result
            )

    def _blocked(self, batch: Batch) -> float | None:
        """Seconds to wait while an error object of format conversion can't be written (A10)."""
        if not self._unwritten or not batch.stage.is_delivery:
            return None
        stored = {one.number for one in self._pipeline.runner.stored()}
        self._unwritten = {number: one for number, one in self._unwritten.items() if number in stored}
        if not self._unwritten:
            return None
        return max(1.0, min([one.next_attempt for one in self._unwritten.values()]) - self._world.clock.now())

    def _after_conversion(self, stream: DeliveryStream, batch: Batch, converted: Converted) -> None:
        """The rows are in S3: what failed goes on as error lines."""
        metrics = self._pipeline.service.metrics(stream.key)
        failed = [record for record, _ in converted.failed]
        for name, records in (("SucceedConversion", converted.records), ("FailedConversion", failed)):
            if records:
                metrics.add(f"{name}.Records", len(records))
                metrics.add(f"{name}.Bytes", arrived_bytes(records))
        self._pipeline.note_processed(batch.request_id, converted.failed, [])
        lines = conversion_lines(stream, batch, converted.failed, self._world.clock.now())
        self._pipeline.fail(FORMAT_CONVERSION_FAILED, lines)

    def _measure(self, stream: DeliveryStream, batch: Batch, records: list[Record] | None) -> None:
        """`records` are in an object now; None: writing it failed. Error objects count as deliveries to S3, whatever
        the destination is; a source backup does not."""
        name = "BackupToS3" if batch.stage == BACKUP else "DeliveryToS3"
        if records == []:
            return  # nothing could be converted: there is no object
        metrics = self._pipeline.service.metrics(stream.key)
        metrics.add(f"{name}.Success", 0 if records is None else 1)
        if records is None:
            return
        metrics.add(f"{name}.Records", len(records))
        metrics.add(f"{name}.Bytes", arrived_bytes(records))
        metrics.add(f"{name}.DataFreshness", freshness(self._world.clock.now(), batch))
        if name == "DeliveryToS3":
            metrics.add(f"{name}.ObjectCount", 1)

    async def _object(self, stream: DeliveryStream, settings: Json, batch: Batch, converted: Converted | None) -> Json:
        """PutObject's parameters, from the configuration as it is now."""
        error_type, partition = batch.stage.error_type, batch.stage.partition_name
        moment = moment_of(settings, min(map(arrival_of, batch.records)))
        form = "UNCOMPRESSED" if error_type is not None else settings["CompressionFormat"]
        if error_type is not None:
            folder = error_prefix(settings, error_type, moment, self._random_string)
            extension = ""
        else:
            if partition is not None:
                folder = folder_prefix(partition).evaluate(moment, self._random_string)
            else:
                folder = record_prefix(settings, moment, self._random_string)
            if converted is not None:
                form, _ = serde(settings["DataFormatConversionConfiguration"], "Serializer")
            extension = settings.get("FileExtension") or EXTENSION[form]
        params: Json = {
            "Bucket": settings["BucketARN"].removeprefix(BUCKET_ARN),
            "Key": object_key(folder, stream.name, stream.version, moment, batch.request_id, extension),
            "Body": await self._body(stream, batch, form) if converted is None else converted.body,
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
        separated = batch.stage.is_delivery and appends_delimiter(stream.destination)
        body = (b"\n" if separated else b"").join(map(data_of, batch.records))
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
        try:
            return await source_client(self._pipeline.service, stream).retention()
        except AwsError:
            return 0.0
