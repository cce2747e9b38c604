"""The lines of error objects: one JSON object per failed record (A10). Numbers are JSON numbers, times milliseconds."""

from __future__ import annotations

from binascii import b2a_base64

import orjson

from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record, arrival_of, as_line, index_of, original, position_of

PROCESSING_FAILED = "processing-failed"
DECOMPRESSION_FAILED = "decompression-failed"
HTTP_ENDPOINT_FAILED = "http-endpoint-failed"


def processing_line(record: Record, reason: Reason, attempts: int, ended: float, lambda_arn: str | None) -> Record:
    """A record that processing failed, as a record whose data is its error line (the form of newer captures).

    `ended` is when the last attempt ended, in epoch seconds. `lambda_arn` is None where no function was concerned.
    """
    fields = {
        "rawData": b2a_base64(original(record), newline=False).decode(),
        "errorCode": reason.code,
        "errorMessage": reason.message,
        "attemptsMade": attempts,
        "arrivalTimestamp": arrival_of(record),
        "attemptEndingTimestamp": int(ended * 1000),
    }
    if lambda_arn is not None:
        fields["lambdaARN"] = lambda_arn
    return as_line(record, orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))


def http_line(record: Record, reason: Reason, attempts: int, ended: float, data_id: str) -> Record:
    """A record that the HTTP endpoint never took, as a record whose data is its error line."""
    position = position_of(record)
    line = orjson.dumps(
        {
            "attemptsMade": attempts,
            "arrivalTimestamp": arrival_of(record),
            "errorCode": reason.code,
            "errorMessage": reason.message,
            "attemptEndingTimestamp": int(ended * 1000),
            "rawData": b2a_base64(original(record), newline=False).decode(),
            "subsequenceNumber": index_of(position) if position else 0,
            "dataId": data_id,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    return as_line(record, line)
