"""The event that a function gets for a batch of Kinesis records, and what its answer means (C9)."""

from __future__ import annotations

from binascii import b2a_base64
from dataclasses import dataclass

import orjson

from harness.emulator.services.lambda_.model import EventSourceMapping
from harness.json_object import Json

MAX_PAYLOAD = 6_291_456
_LONGEST_ROLE = 160


def overhead(mapping: EventSourceMapping, shard_id: str) -> int:
    """Bytes that a record takes in an event besides its data and key."""
    blank = {"Data": b"", "PartitionKey": "", "SequenceNumber": "0" * 56, "ApproximateArrivalTimestamp": 1e9 + 0.001}
    return len(build(mapping, shard_id, "", [blank])) + _LONGEST_ROLE


def size_of(record: Json, overhead: int) -> int:
    """The bytes that the record takes in an event, at most (but for characters that JSON escapes in its key)."""
    return (len(record["Data"]) + 2) // 3 * 4 + len(record["PartitionKey"].encode()) + overhead


def build(
    mapping: EventSourceMapping, shard_id: str, role: str, records: list[Json], window: Json | None = None
) -> bytes:
    """The event's JSON, members in AWS's order; `window` are those of a tumbling window."""
    items = [
        {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": b2a_base64(record["Data"], newline=False).decode(),
                "approximateArrivalTimestamp": round(record["ApproximateArrivalTimestamp"], 3),
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role,
            "awsRegion": mapping.region,
            "eventSourceARN": mapping.source_arn,
        }
        for record in records
    ]
    return orjson.dumps({"Records": items, **(window or {})})


@dataclass(slots=True, frozen=True)
class Failures:
    """What the function reported: `first` is the index of the lowest failed record, None when all succeeded."""

    first: int | None


def reported_failures(payload: bytes, records: list[Json]) -> Failures:
    """The answer under ReportBatchItemFailures. Anything malformed is a failure of the whole batch."""
    try:
        answer = orjson.loads(payload or b"null")
    except orjson.JSONDecodeError:
        return Failures(0)
    if answer is None or answer in ("", {}):
        return Failures(None)
    if not isinstance(answer, dict):
        # Recorded for null and the empty string only; other answers without the member succeed as well.
        return Failures(None)
    failures = answer.get("batchItemFailures")
    if not failures:
        return Failures(None)
    positions = {record["SequenceNumber"]: i for i, record in enumerate(records)}
    lowest = len(records)
    for item in failures:
        identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not identifier or identifier not in positions:
            return Failures(0)
        lowest = min(lowest, positions[identifier])
    return Failures(lowest)
