"""The records in an object of Firehose or Lambda: error lines (A10), dead letters (C9), source backups (A12)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.backup.split import split, split_lines
from harness.json_object import Json

_DELIVERY_MEMBERS = ("dataId", "subsequenceNumber", "EventId", "esDocumentId")


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """One record as it was received.

    `code` and `message` say why it is here, None in a source backup. `arrival` is in epoch seconds. `line` counts the
    records of the object from 1 (in an error object that is its line). `divided` is False when the content is not
    JSON and nothing separates records: `data` may then be several of them. `delivery` tells a failed delivery from
    failed processing. `key` is the partition key, where it was saved.
    """

    data: bytes
    line: int
    code: str | None = None
    message: str | None = None
    attempts: int | None = None
    arrival: float | None = None
    divided: bool = True
    delivery: bool = False
    key: str | None = None


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of an error object that is damaged: cut short, or its data is not base64."""

    line: int
    reason: str


def records_in(content: bytes, by_line: bool = False) -> Iterator[SavedRecord | BadLine]:
    """Every record of the (uncompressed) content of an object, in its order.

    An object whose first line is an error line holds error lines only; an object with `payload` is a dead letter of an
    event source mapping; all else is a source backup, whose records nothing separates: consecutive JSON objects are
    split, the rest is returned whole, or `by_line` cut behind each newline.
    """
    if is_error_object(content):
        yield from _error_lines(content)
        return
    letter = _dead_letter(content)
    if letter is not None:
        yield from letter
        return
    pieces = split_lines(content) if by_line else split(content)
    for number, piece in enumerate(pieces, 1):
        yield SavedRecord(piece.content, number, divided=by_line or piece.is_json)


def is_error_object(content: bytes) -> bool:
    """Whether the first line is an error line."""
    head = content[:4096].lstrip()
    if not head.startswith(b"{") or b"rawData" not in content or b"attemptsMade" not in content:
        return False
    first = next(iter(split(content.lstrip().partition(b"\n")[0])))
    return first.is_json and _is_error_line(json.loads(first.content))


def _is_error_line(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("rawData"), str) and _code(value) is not None


def _error_lines(content: bytes) -> Iterator[SavedRecord | BadLine]:
    lines = (text for text in content.split(b"\n") if text.strip())
    # By lines first: one that is cut short must not spoil the next.
    pieces = (piece for text in lines for piece in split(text))
    for number, piece in enumerate(pieces, 1):
        value = json.loads(piece.content) if piece.is_json else None
        if not isinstance(value, dict) or not _is_error_line(value):
            yield BadLine(number, "it is no error line" if piece.is_json else "it is no whole JSON object")
            continue
        try:
            data = base64.b64decode(value["rawData"], validate=True)
        except (binascii.Error, ValueError) as error:
            yield BadLine(number, f"its rawData is not base64: {error}")
            continue
        milliseconds = _int(value.get("arrivalTimestamp"))
        yield SavedRecord(
            data,
            number,
            code=_code(value),
            message=_message(value),
            attempts=_int(value.get("attemptsMade")),
            arrival=None if milliseconds is None else milliseconds / 1000,
            delivery=any(name in value for name in _DELIVERY_MEMBERS),
        )


def _code(line: Json) -> str | None:
    """Format conversion names it in three ways (A10)."""
    for name in ("errorCode", "lastErrorCode", "ErrorCode"):
        if isinstance(line.get(name), str):
            return str(line[name])
    return None


def _message(line: Json) -> str | None:
    for name in ("errorMessage", "lastErrorMessage", "ErrorMessage"):
        if isinstance(line.get(name), str):
            return str(line[name])
    return None


def _int(value: object) -> int | None:
    """A number; the documentation's samples show it as text."""
    try:
        return int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _dead_letter(content: bytes) -> Iterator[SavedRecord | BadLine] | None:
    """The records in an S3 on-failure object of a Kinesis event source mapping (C9)."""
    if not content.startswith(b"{") or b'"KinesisBatchInfo"' not in content:
        return None
    try:
        letter = json.loads(content)
        context, records = letter["requestContext"], letter["payload"]["Records"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(context, dict) or not isinstance(records, list):
        return None
    return _letter_records(context, records)


def _letter_records(context: Json, records: list[Any]) -> Iterator[SavedRecord | BadLine]:
    for number, record in enumerate(records, 1):
        try:
            kinesis = record["kinesis"]
            data = base64.b64decode(kinesis["data"], validate=True)
            arrival = float(kinesis["approximateArrivalTimestamp"])
        except (binascii.Error, ValueError, KeyError, TypeError) as error:
            yield BadLine(number, f"it is no Kinesis record: {error}")
            continue
        attempts = _int(context.get("approximateInvokeCount"))
        code = str(context.get("condition", "DeadLetter"))
        message = "dead letter of an event source mapping"
        yield SavedRecord(data, number, code, message, attempts, arrival, key=kinesis.get("partitionKey"))
