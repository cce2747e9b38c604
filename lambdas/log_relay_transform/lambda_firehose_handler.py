"""Firehose transform of log records: adds `transformed` and `_transformed_ts`, wraps plain text.

A JSON object keeps its members; any other JSON value and any plain text becomes {"message": <value>}.
Bytes that are not UTF-8 are ProcessingFailed. So is an object whose member FAILURE_MARKER (environment, default
`_force_failure`; empty turns it off) is true: a way to try the failure path of a running pipeline.
"""

import base64
import json
import logging
import os
from datetime import UTC, datetime
from typing import Any

logger = logging.getLogger()
logger.setLevel("INFO")


class BadRecord(ValueError):
    """The record cannot be transformed."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer Firehose's transform event with one result per record, in order."""
    marker = os.environ.get("FAILURE_MARKER", "_force_failure")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    records = [_result(record, marker, now) for record in event["records"]]
    failed = sum(record["result"] == "ProcessingFailed" for record in records)
    logger.info("Transformed: success=%d failed=%d", len(records) - failed, failed)
    return {"records": records}


def _result(record: dict[str, Any], marker: str, now: str) -> dict[str, Any]:
    record_id = record["recordId"]
    try:
        log = transform(base64.b64decode(record["data"]), marker, now)
    except BadRecord as error:
        logger.warning("Record %s failed: %s", record_id, error)
        return {"recordId": record_id, "result": "ProcessingFailed", "data": record["data"]}
    return {"recordId": record_id, "result": "Ok", "data": base64.b64encode(json.dumps(log).encode()).decode()}


def transform(data: bytes, marker: str, now: str) -> dict[str, Any]:
    """Return the log object to relay; `now` is ISO 8601. Raises BadRecord."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadRecord(f"not UTF-8: {error}") from error
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    except RecursionError as error:
        raise BadRecord("nested too deeply") from error
    log = value if isinstance(value, dict) else {"message": value}
    if marker and log.get(marker) is True:
        raise BadRecord(f"marked with {marker}")
    return {**log, "transformed": True, "_transformed_ts": now}
