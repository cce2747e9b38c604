"""The lines of error objects: one JSON object per failed record (A10). Numbers are JSON numbers, times milliseconds."""

from __future__ import annotations

from binascii import b2a_base64

import orjson

from harness.emulator.services.firehose.metrics import arrived_bytes
from harness.emulator.services.firehose.model import Record

PROCESSING_FAILED = "processing-failed"
DECOMPRESSION_FAILED = "decompression-failed"
HTTP_ENDPOINT_FAILED = "http-endpoint-failed"


def _raw(record: Record) -> str:
    received = record[4]
    return b2a_base64(received if isinstance(received, bytes) else record[2], newline=False).decode()


def _as_line(record: Record, line: bytes) -> Record:
    """The record with the line as its data; it still counts with the bytes that arrived (A17)."""
    return (record[0], record[1], line, record[3], arrived_bytes((record,)))


def processing_line(
    record: Record, reason: tuple[str, str], attempts: int, ended: float, lambda_arn: str | None
) -> Record:
    """A record that processing failed, as a record whose data is its error line (the form of newer captures).

    `ended` is when the last attempt ended, in epoch seconds. `lambda_arn` is None where no function was concerned.
    """
    fields = {
        "rawData": _raw(record),
        "errorCode": reason[0],
        "errorMessage": reason[1],
        "attemptsMade": attempts,
        "arrivalTimestamp": record[1],
        "attemptEndingTimestamp": int(ended * 1000),
    }
    if lambda_arn is not None:
        fields["lambdaARN"] = lambda_arn
    return _as_line(record, orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))


def http_line(record: Record, reason: tuple[str, str], attempts: int, ended: float, data_id: str) -> Record:
    """A record that the HTTP endpoint never took, as a record whose data is its error line."""
    position = record[3]
    line = orjson.dumps(
        {
            "attemptsMade": attempts,
            "arrivalTimestamp": record[1],
            "errorCode": reason[0],
            "errorMessage": reason[1],
            "attemptEndingTimestamp": int(ended * 1000),
            "rawData": _raw(record),
            "subsequenceNumber": position[1] if position else 0,
            "dataId": data_id,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    return _as_line(record, line)
