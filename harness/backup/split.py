"""Telling apart JSON records that were written one after the other without a delimiter (A11)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the content; all parts together are the content, byte by byte."""

    content: bytes
    is_json: bool


def split(content: bytes) -> Iterator[Piece]:
    """Split consecutive JSON objects and arrays; what follows the last one that can be told apart comes whole.

    White space belongs to the record before it: a producer that ends its records with a newline gets them back so.
    Numbers and texts are not split, since `12` may be one record or two.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        # What comes before the bytes that are no text may still be JSON; the decoder stops there at the latest.
        text = content[: error.start].decode()
    start, rest = 0, 0  # characters, bytes
    while start < len(text):
        end = _value_end(text, start)
        if end is None:
            break
        piece = text[start:end].encode()
        yield Piece(piece, True)
        start, rest = end, rest + len(piece)
    if rest < len(content):
        yield Piece(content[rest:], False)


def split_lines(content: bytes) -> Iterator[Piece]:
    """As `split`, with what can't be told apart cut behind each newline."""
    for piece in split(content):
        if piece.is_json:
            yield piece
        else:
            yield from (Piece(line + b"\n", False) for line in piece.content.split(b"\n")[:-1])
            if not piece.content.endswith(b"\n"):
                yield Piece(piece.content.rpartition(b"\n")[2], False)


def _value_end(text: str, start: int) -> int | None:
    """Where the object or array at `start` and the white space behind it end; None when there is none."""
    begin = _space_end(text, start)
    if begin == len(text) or text[begin] not in "{[":
        return None
    try:
        _, end = _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None
    return _space_end(text, end)


def _space_end(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    assert match is not None
    return match.end()
