"""Error entries in the configured CloudWatch log stream (A18). A log that can't be written never hurts delivery."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson

from harness.emulator.services.firehose.model import DeliveryStream
from harness.emulator.services.firehose.reason import Reason
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase

log = logging.getLogger(__name__)


async def log_error(
    service: FirehoseBase,
    stream: DeliveryStream,
    reason: Reason,
    *,
    settings: Json | None = None,
    processor: str | None = None,
) -> None:
    """Write one entry for `reason`.

    `settings` is the S3 destination that failed, when it was one: its own log options count and its bucket is the
    destination named. Else the stream's destination counts.
    """
    of = stream.destination if settings is None else settings
    options = of.get("CloudWatchLoggingOptions") or {}
    if not options.get("Enabled"):
        return
    destination = service.destination(stream)
    address = of["BucketARN"] if settings is not None else destination.address(of)
    # Captured S3 entries carry the version as a string, Kinesis entries and the documentation as a number.
    version: int | str = str(stream.version) if settings is not None else stream.version
    entry: Json = {
        "deliveryStreamARN": stream.arn,
        "destination": address,
        "deliveryStreamVersionId": version,
        "message": reason.message,
        "errorCode": reason.code,
    }
    if processor is not None:
        entry["processor"] = processor
    event = {"timestamp": int(service.world.clock.now() * 1000), "message": orjson.dumps(entry).decode()}
    params = {
        "logGroupName": options["LogGroupName"],
        "logStreamName": options["LogStreamName"],
        "logEvents": [event],
    }
    role = of.get("RoleARN") or destination.s3(stream.destination)["RoleARN"]
    try:
        await service.call("logs", "PutLogEvents", params, service.caller(stream, role))
    except Exception as error:
        log.info("firehose %s: error entry not written: %s", stream.name, error)
