"""KPL aggregated records: magic, protobuf, MD5 (B10). Anything else is a plain record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST = 16


def deaggregate(data: bytes) -> list[tuple[str, bytes]] | None:
    """Partition key and data of each user record inside; None when `data` is no aggregate."""
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + _DIGEST:
        return None
    body = data[len(MAGIC) : -_DIGEST]
    if hashlib.md5(body, usedforsecurity=False).digest() != data[-_DIGEST:]:
        return None
    try:
        return _aggregate(body)
    except (ValueError, IndexError):
        return None


def _aggregate(body: bytes) -> list[tuple[str, bytes]]:
    keys: list[str] = []
    records: list[tuple[int, bytes]] = []
    for field, value in _fields(body):
        if field == 1 and isinstance(value, bytes):
            keys.append(value.decode())
        elif field == 3 and isinstance(value, bytes):
            records.append(_record(value))
    return [(keys[index], data) for index, data in records]


def _record(body: bytes) -> tuple[int, bytes]:
    index = 0
    data = b""
    for field, value in _fields(body):
        if field == 1 and isinstance(value, int):
            index = value
        elif field == 3 and isinstance(value, bytes):
            data = value
    return index, data


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values of a protobuf message. Raises ValueError, IndexError for bytes that are none."""
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        kind = tag & 7
        if kind == 0:
            value, position = _varint(body, position)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, position = _varint(body, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if position + length > len(body):
            raise ValueError("truncated")
        yield tag >> 3, body[position : position + length]
        position += length


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = 0
    shift = 0
    while True:
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("varint too long")
