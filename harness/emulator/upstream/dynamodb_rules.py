"""DynamoDB limits that moto does not know."""

from __future__ import annotations

import re
from typing import Any

import orjson

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import AwsError

_DEPTH = 32
"""Levels of maps and lists in an attribute."""
_NESTING = re.compile(rb'"[ML]"')
_WRITING = frozenset(("BatchWriteItem", "PutItem", "TransactWriteItems", "UpdateItem"))


def check(call: Call, request: HttpRequest) -> None:
    """Raises AwsError for an item that is nested too deep."""
    if call.operation not in _WRITING or len(_NESTING.findall(request.body)) <= _DEPTH:
        return
    try:
        members = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return
    # A stack of our own: Python's may end before the item does.
    pending: list[tuple[Any, int]] = [(members, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > _DEPTH:
            raise AwsError("ValidationException", "Nesting Levels have exceeded supported limits")
        if isinstance(value, dict):
            nested = len(value) == 1 and next(iter(value)) in ("M", "L")
            pending.extend((item, depth + nested) for item in value.values())
        elif isinstance(value, list):
            pending.extend((item, depth) for item in value)
