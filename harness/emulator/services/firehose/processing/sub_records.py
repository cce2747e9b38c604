"""RecordDeAggregation: one record that holds several, taken apart (A7, A13).

What can't be taken apart is passed on whole: text that is no sequence of JSON objects, and more than 500 sub-records.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable

MOST = 500
"""Sub-records of one record."""

Split = Callable[[bytes], list[bytes]]


def splitter(parameters: dict[str, str]) -> Split:
    """The function for a RecordDeAggregation processor with these parameters; it gives at least one record."""
    if parameters["SubRecordType"] == "JSON":
        return split_json
    delimiter = b64decode(parameters["Delimiter"])
    return lambda data: split_delimited(data, delimiter)


def split_delimited(data: bytes, delimiter: bytes) -> list[bytes]:
    """The text between delimiters, without them; behind the last one there is nothing."""
    parts = data.split(delimiter, MOST + 1)
    if len(parts) > 1 and not parts[-1]:
        del parts[-1]
    return parts if len(parts) <= MOST else [data]


def split_json(data: bytes) -> list[bytes]:
    """Consecutive JSON objects, with or without white space between them, which is dropped."""
    parts: list[bytes] = []
    try:
        text = data.decode()
        position = _skip(text, 0)
        while position < len(text):
            if text[position] != "{" or len(parts) == MOST:
                return [data]
            _, end = _DECODER.raw_decode(text, position)
            parts.append(text[position:end].encode())
            position = _skip(text, end)
    except (ValueError, RecursionError):
        return [data]
    return parts or [data]


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
