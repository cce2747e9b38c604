"""Filter criteria of an event source mapping: which records reach the function (C9)."""

from __future__ import annotations

from typing import Any

import orjson

from harness.emulator.services.lambda_.names import invalid
from harness.json_object import Json

MAX_PATTERN = 4096
_COMPARISONS = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_OPERATORS = ("prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case")
_MISSING = object()


class EventFilter:
    """A record passes when any pattern matches it. Raises InvalidParameterValueException for a bad pattern."""

    def __init__(self, patterns: list[str]) -> None:
        self._patterns = [_parse(text) for text in patterns]

    def passes(self, record: Json) -> bool:
        """`record` as GetRecords gives it."""
        if not self._patterns:
            return True
        data: bytes = record["Data"]
        event = {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "approximateArrivalTimestamp": round(record["ApproximateArrivalTimestamp"], 3),
        }
        return any(_matches_record(pattern, event, data) for pattern in self._patterns)


def _parse(text: str) -> Json:
    bad = invalid(f"Invalid filter pattern definition. {text}")
    try:
        pattern = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise bad from error
    if len(text) > MAX_PATTERN or not isinstance(pattern, dict) or not pattern or not _is_pattern(pattern):
        raise bad
    return pattern


def _is_pattern(pattern: Any) -> bool:
    """Objects down to lists of values and operators."""
    if isinstance(pattern, list):
        for item in pattern:
            if isinstance(item, list):
                return False
            if isinstance(item, dict) and not (len(item) == 1 and next(iter(item)) in _OPERATORS):
                return False
        return bool(pattern)
    if not isinstance(pattern, dict):
        return False
    for key, value in pattern.items():
        if key == "$or":
            if not isinstance(value, list) or not all(isinstance(v, dict) and _is_pattern(v) for v in value):
                return False
        elif not _is_pattern(value):
            return False
    return True


def _matches_record(pattern: Json, event: Json, data: bytes) -> bool:
    """`data` is JSON when the pattern wants an object, text when it wants values; the other kind does not pass."""
    wanted = pattern.get("data")
    if wanted is None:
        return _matches(pattern, event)
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        parsed = _MISSING
    if isinstance(wanted, dict):
        if not isinstance(parsed, dict):
            return False
        return _matches(pattern, event | {"data": parsed})
    if parsed is not _MISSING and isinstance(parsed, dict | list):
        return False
    return _matches(pattern, event | {"data": data.decode("utf-8", "replace")})


def _matches(pattern: Json, event: Any) -> bool:
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(_matches(choice, event) for choice in wanted):
                return False
            continue
        value = event.get(key, _MISSING) if isinstance(event, dict) else _MISSING
        if isinstance(wanted, dict):
            if not _matches(wanted, {} if value is _MISSING else value):
                return False
        elif not _any_value(wanted, value):
            return False
    return True


def _any_value(wanted: list[Any], value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return any(_value_matches(w, v) for w in wanted for v in values)


def _value_matches(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return value is not _MISSING and type(value) is type(wanted) and bool(value == wanted)
    operator, argument = next(iter(wanted.items()))
    if operator == "exists":
        return (value is not _MISSING) == bool(argument)
    if value is _MISSING:
        return False
    if operator == "anything-but":
        refused = argument if isinstance(argument, list) else [argument]
        return not any(_value_matches(r, value) for r in refused)
    if operator == "numeric":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        pairs = zip(argument[::2], argument[1::2], strict=True)
        return all(_COMPARISONS[sign](value, bound) for sign, bound in pairs)
    if not isinstance(value, str):
        return False
    if operator == "prefix":
        return value.startswith(argument)
    if operator == "suffix":
        return value.endswith(argument)
    return value.lower() == str(argument).lower()
