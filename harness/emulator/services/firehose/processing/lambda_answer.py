"""What a Lambda processor's answer means for each record (A9).

An answer that the function returned successfully is final, however malformed. Some mistakes fail one record
(`RecordFailure`), others the whole batch (`BatchFailure`). Where sources conflict (a duplicated id, an answer without
records) the form is taken in which fewer records fail or the message says more.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any

import orjson

from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record

MISSING = Reason(
    "Lambda.MissingRecordId",
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
)
DUPLICATED = Reason(
    "Lambda.DuplicatedRecordId",
    "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record "
    "Id for each record.",
)
PROCESSING_FAILED = Reason("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
NO_DATA = Reason(
    "Lambda.InvalidReturnFormat",
    "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing result is "
    "Ok. The value field cannot be null when the SourceType is MSKAsSource and processing result is Ok.",
)
CHECK_YOUR_FUNCTION = Reason(
    "Lambda.FunctionError",
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed "
    "records contain valid result status of Dropped, Ok, or ProcessingFailed",
)
NOT_PARSED = Reason(
    "Lambda.JsonProcessingException",
    "There was an error parsing returned records from the Lambda function. Ensure that the returned records follow the "
    "status model required by Firehose.",
)

Keys = dict[str, str | None]
"""Partition keys of one record."""


class BatchFailure(Exception):
    """The answer fails every record of the batch, for `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(slots=True)
class Sorted:
    """The batch sorted by the answer: transformed records in their old order, failures with reasons, a count.

    `keys` are the partition keys of the transformed records, if they were asked for.
    """

    delivered: list[Record]
    failed: list[tuple[Record, Reason]]
    dropped: int
    keys: list[Keys] | None = None


def sort_answer(
    payload: bytes, records: list[Record], ids: list[str], *, keep_received: bool, with_keys: bool = False
) -> Sorted:
    """Sort `records` by the function's answer. `ids` are the recordIds sent, in the records' order.

    `keep_received` keeps a changed record's original bytes, not only their number; `with_keys` reads partition keys.
    Raises BatchFailure.
    """
    items = _items(payload)
    if not with_keys:
        plain = _all_good(items, records, ids, keep_received)
        if plain is not None:
            return plain
    where = {record_id: index for index, record_id in enumerate(ids)}
    # None: not answered yet; bytes: Ok; a reason: failed; False: dropped.
    outcome: list[bytes | Reason | bool | None] = [None] * len(records)
    keys: list[Keys] = [{}] * len(records) if with_keys else []
    for item in items:
        if not isinstance(item, dict):
            raise BatchFailure(NOT_PARSED)
        result = item.get("result")
        value: bytes | Reason | bool
        if result == "Ok":
            value = _data(item.get("data"))
        elif result == "Dropped":
            value = False
        elif result == "ProcessingFailed":
            value = PROCESSING_FAILED
        else:
            raise BatchFailure(CHECK_YOUR_FUNCTION)
        record_id = item.get("recordId")
        index = where.get(record_id) if isinstance(record_id, str) else None
        if index is None:
            continue
        outcome[index] = value if outcome[index] is None else DUPLICATED
        if with_keys:
            keys[index] = _partition_keys(item.get("metadata"))
    found = _collect(records, outcome, keep_received)
    if with_keys:
        found.keys = [keys[index] for index, value in enumerate(outcome) if isinstance(value, bytes)]
    return found


def _all_good(items: list[Any], records: list[Record], ids: list[str], keep_received: bool) -> Sorted | None:
    """What most answers are: every record Ok, in the order sent. None for anything else."""
    try:
        if [item["recordId"] for item in items] != ids or {item["result"] for item in items} != {"Ok"}:
            return None
        data = [a2b_base64(item["data"], strict_mode=True) for item in items]
    except (Base64Error, ValueError, TypeError, KeyError):
        return None
    return Sorted(
        [
            (number, arrival, new, position, _arrived(old, received, keep_received))
            for (number, arrival, old, position, received), new in zip(records, data, strict=True)
        ],
        [],
        0,
    )


def _arrived(data: bytes, received: bytes | int | None, keep_received: bool) -> bytes | int:
    """What a changed record keeps of what arrived: the bytes or their number."""
    if received is None:
        received = data
    return received if keep_received or isinstance(received, int) else len(received)


def _items(payload: bytes) -> list[Any]:
    try:
        answer = orjson.loads(payload) if payload else None
    except orjson.JSONDecodeError as error:
        raise BatchFailure(NOT_PARSED) from error
    if answer is None:
        return []
    if not isinstance(answer, dict):
        raise BatchFailure(NOT_PARSED)
    items = answer.get("records")
    if items is None:
        return []
    if not isinstance(items, list):
        raise BatchFailure(NOT_PARSED)
    return items


def _data(text: object) -> bytes | Reason:
    if text is None:
        return NO_DATA
    if not isinstance(text, str):
        raise BatchFailure(NOT_PARSED)
    try:
        return a2b_base64(text, strict_mode=True)
    except (Base64Error, ValueError) as error:
        raise BatchFailure(CHECK_YOUR_FUNCTION) from error


def _partition_keys(metadata: object) -> Keys:
    """`partitionKeys` of a record's metadata: text to text; numbers and booleans pass as their JSON text."""
    if metadata is None:
        return {}
    keys = metadata.get("partitionKeys") if isinstance(metadata, dict) else metadata
    if keys is None:
        return {}
    if not isinstance(keys, dict) or any(isinstance(value, dict | list) for value in keys.values()):
        raise BatchFailure(NOT_PARSED)
    return {
        name: value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in keys.items()
    }


def _collect(records: list[Record], outcome: list[bytes | Reason | bool | None], keep_received: bool) -> Sorted:
    delivered: list[Record] = []
    failed: list[tuple[Record, Reason]] = []
    dropped = 0
    for record, value in zip(records, outcome, strict=True):
        if isinstance(value, bytes):
            number, arrival, data, position, received = record
            delivered.append((number, arrival, value, position, _arrived(data, received, keep_received)))
        elif value is None:
            failed.append((record, MISSING))
        elif isinstance(value, Reason):
            failed.append((record, value))
        else:
            dropped += 1
    return Sorted(delivered, failed, dropped)
