"""Firehose transform of sensor readings: Celsius to Fahrenheit, and no readings from air that is too humid.

A reading is a JSON object such as {"device_id": "sensor-001", "temperature": 22.5, "humidity": 60}.

- `humidity` above MAX_HUMIDITY (percent): Dropped, a wet sensor does not measure the air.
- `temperature` (°C): Ok, with `temperature_f` (°F, two decimals) added.
- no `temperature`: Ok, unchanged.
- not a JSON object, or a temperature or humidity that is not a number: ProcessingFailed.

Every Ok record ends with a newline, so that the delivered objects can be read line by line.
"""

import base64
import json
import logging
import math
import os
from typing import Any

logger = logging.getLogger()
logger.setLevel("INFO")


# Beyond any sensor; keeps integers of any length and infinity out of the arithmetic.
LARGEST = 1_000_000


class BadReading(ValueError):
    """The record is not a reading that this function understands."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer Firehose's transform event with one result per record, in order."""
    max_humidity = float(os.environ.get("MAX_HUMIDITY", "80"))
    records = [_result(record, max_humidity) for record in event["records"]]
    counts = {name: sum(r["result"] == name for r in records) for name in ("Ok", "Dropped", "ProcessingFailed")}
    logger.info("Transformed: %s", json.dumps(counts))
    return {"records": records}


def _result(record: dict[str, Any], max_humidity: float) -> dict[str, Any]:
    record_id = record["recordId"]
    try:
        line = transform(base64.b64decode(record["data"]), max_humidity)
    except BadReading as error:
        logger.warning("Record %s failed: %s", record_id, error)
        return {"recordId": record_id, "result": "ProcessingFailed", "data": record["data"]}
    if line is None:
        return {"recordId": record_id, "result": "Dropped", "data": record["data"]}
    return {"recordId": record_id, "result": "Ok", "data": base64.b64encode(line).decode()}


def transform(data: bytes, max_humidity: float) -> bytes | None:
    """Return the transformed line, or None for a reading to drop. Raises BadReading."""
    try:
        reading = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadReading(f"not JSON: {error}") from error
    if not isinstance(reading, dict):
        raise BadReading("not a JSON object")

    humidity = _number(reading, "humidity")
    if humidity is not None and humidity > max_humidity:
        return None

    celsius = _number(reading, "temperature")
    if celsius is None:
        return data if data.endswith(b"\n") else data + b"\n"
    reading["temperature_f"] = round(celsius * 9 / 5 + 32, 2)
    return json.dumps(reading, separators=(",", ":")).encode() + b"\n"


def _number(reading: dict[str, Any], name: str) -> float | None:
    value = reading.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > LARGEST or math.isnan(value):
        raise BadReading(f"{name} is not a number that a sensor can measure")
    return value
