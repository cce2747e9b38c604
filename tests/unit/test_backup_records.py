"""Error objects and backups of every format, read back to the bytes that were received."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.backup import BadLine, SavedRecord, records_in
from harness.backup.split import split, split_lines

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
json_records = st.builds(
    lambda value, ascii_only, end: json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass") + end,
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), json_values, max_size=3)
    | st.lists(json_values, max_size=3),
    st.just(True),
    st.sampled_from([b"", b"\n", b"\r\n", b" "]),
)


@given(st.lists(json_records, max_size=8))
def test_json_records_that_nothing_separates_come_back_byte_by_byte(records: list[bytes]) -> None:
    """A11: Firehose writes records one after the other; each keeps the newline that its producer gave it."""
    assert [piece.content for piece in split(b"".join(records))] == records
    assert [record.data for record in read(b"".join(records))] == records


@given(st.binary(max_size=200) | st.lists(json_records | st.binary(max_size=10), max_size=6).map(b"".join))
def test_nothing_is_ever_lost_in_splitting(content: bytes) -> None:
    for pieces in (list(split(content)), list(split_lines(content))):
        assert b"".join(piece.content for piece in pieces) == content
        assert all(piece.content for piece in pieces)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a":"\xc3\xa4"}{"b":1}', [(b'{"a":"\xc3\xa4"}', True), (b'{"b":1}', True)]),
        (b"onetwo", [(b"onetwo", False)]),
        (b"12", [(b"12", False)]),
        (b'{"a":1}two{"b":2}', [(b'{"a":1}', True), (b'two{"b":2}', False)]),
        (b'{"a":1}\n\xff\xfe', [(b'{"a":1}\n', True), (b"\xff\xfe", False)]),
        (b'{"a":', [(b'{"a":', False)]),
        (b"[" * 100_000, [(b"[" * 100_000, False)]),
        (b"", []),
        (b"\n", [(b"\n", False)]),
    ],
)
def test_what_is_not_json_comes_whole_and_is_said(content: bytes, expected: list[tuple[bytes, bool]]) -> None:
    assert [(piece.content, piece.is_json) for piece in split(content)] == expected
    assert [(record.data, record.divided) for record in read(content)] == expected


def test_lines_are_cut_only_when_asked_for() -> None:
    content = b'{"a":1}\nplain\n\nlast'
    assert [(r.data, r.divided) for r in read(content, by_line=True)] == [
        (b'{"a":1}\n', True),
        (b"plain\n", True),
        (b"\n", True),
        (b"last", True),
    ]


OLD = {"attemptsMade": 4, "arrivalTimestamp": 1700000000123, "errorCode": "Lambda.FunctionError", "errorMessage": "m"}
OLD |= {"attemptEndingTimestamp": 1700000001000, "rawData": "b25l", "lambdaArn": "arn:f"}
NEW = {"rawData": "dHdv", "errorCode": "Lambda.ProcessingFailedStatus", "errorMessage": "m", "attemptsMade": 1}
NEW |= {"arrivalTimestamp": 1700000000000, "attemptEndingTimestamp": 1700000001000, "lambdaARN": "arn:f:$LATEST"}
HTTP = {**OLD, "errorCode": "HttpEndpoint.DestinationException", "subsequenceNumber": 0, "dataId": "d"}
TEXT = {**OLD, "attemptsMade": "4", "arrivalTimestamp": "1700000000123"}
FORMAT = {k: v for k, v in OLD.items() if k not in ("errorCode", "errorMessage", "lambdaArn")}
FORMAT |= {"lastErrorCode": "DataFormatConversion.ParseError", "lastErrorMessage": "m", "subSequenceNumber": 1}
NEWER_FORMAT = {k: v for k, v in FORMAT.items() if not k.startswith("last")}
NEWER_FORMAT |= {"ErrorCode": "DataFormatConversion.MalformedData", "ErrorMessage": "m"}


@pytest.mark.parametrize(
    ("line", "data", "code", "attempts", "arrival", "delivery"),
    [
        (OLD, b"one", "Lambda.FunctionError", 4, 1700000000.123, False),
        (NEW, b"two", "Lambda.ProcessingFailedStatus", 1, 1700000000.0, False),
        (HTTP, b"one", "HttpEndpoint.DestinationException", 4, 1700000000.123, True),
        (TEXT, b"one", "Lambda.FunctionError", 4, 1700000000.123, False),
        (FORMAT, b"one", "DataFormatConversion.ParseError", 4, 1700000000.123, False),
        (NEWER_FORMAT, b"one", "DataFormatConversion.MalformedData", 4, 1700000000.123, False),
    ],
)
def test_error_lines_of_every_generation(
    line: Any, data: bytes, code: str, attempts: int, arrival: float, delivery: bool
) -> None:
    """A10: both spellings of the function's ARN, three of the code, numbers as numbers or as text."""
    (record,) = read(json.dumps(line).encode() + b"\n")
    assert (record.data, record.code, record.message, record.line) == (data, code, "m", 1)
    assert (record.attempts, record.arrival, record.delivery) == (attempts, arrival, delivery)


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6), st.sampled_from([b"\n", b"", b"\n\n"]))
def test_error_lines_with_and_without_newlines(many: list[bytes], between: bytes) -> None:
    lines = [{**NEW, "rawData": base64.b64encode(each).decode()} for each in many]
    found = read(between.join(json.dumps(line).encode() for line in lines))
    assert [(record.data, record.line) for record in found] == [(each, n) for n, each in enumerate(many, 1)]


def test_a_damaged_line_is_told_and_the_next_is_read() -> None:
    good = json.dumps(NEW).encode()
    broken = json.dumps({**NEW, "rawData": "no base64!"}).encode()
    found = list(records_in(b"\n".join([good, good[:40], broken, b"{}", good])))
    assert [type(each) for each in found] == [SavedRecord, BadLine, BadLine, BadLine, SavedRecord]
    assert [each.line for each in found] == [1, 2, 3, 4, 5]


def test_dead_letters_in_s3_carry_their_records() -> None:
    """C9: the S3 on-failure object of an event source mapping holds the whole event."""
    kinesis = {"partitionKey": "k", "sequenceNumber": "1", "data": "b25l", "approximateArrivalTimestamp": 1.5}
    letter = {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 3},
        "KinesisBatchInfo": {"batchSize": 1},
        "payload": {"Records": [{"kinesis": kinesis}]},
    }
    (record,) = read(json.dumps(letter).encode())
    assert (record.data, record.code, record.attempts) == (b"one", "RetryAttemptsExhausted", 3)
    assert (record.arrival, record.key) == (1.5, "k")


def read(content: bytes, by_line: bool = False) -> list[SavedRecord]:
    found = list(records_in(content, by_line))
    assert not [each for each in found if isinstance(each, BadLine)]
    return [each for each in found if isinstance(each, SavedRecord)]
