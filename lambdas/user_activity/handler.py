"""Processes user activity events from a Kinesis event source mapping.

An event is a JSON object with `user_id` and `action`.
Anything else is poison: the function raises, so that the batch is retried and, when its attempts are used up,
reported to the dead-letter queue.
"""

import base64
import json
import logging
from typing import Any

logger = logging.getLogger()
logger.setLevel("INFO")

REQUIRED = ("user_id", "action")


class PoisonEvent(ValueError):
    """The record can never be processed."""


def process_event(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Log each event of the batch as `Processed user_activity <sequence number> <JSON>`. Raises PoisonEvent."""
    for record in event["Records"]:
        kinesis = record["kinesis"]
        payload = parse(base64.b64decode(kinesis["data"]), kinesis["sequenceNumber"])
        logger.info("Processed user_activity %s %s", kinesis["sequenceNumber"], json.dumps(payload))
    return {"statusCode": 200, "processed": len(event["Records"])}


def parse(data: bytes, sequence_number: str) -> dict[str, Any]:
    """Return the event. Raises PoisonEvent, which names the record."""
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PoisonEvent(f"record {sequence_number} is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise PoisonEvent(f"record {sequence_number} is not a JSON object")
    missing = [name for name in REQUIRED if name not in payload]
    if missing:
        raise PoisonEvent(f"record {sequence_number} lacks {missing}")
    return payload
