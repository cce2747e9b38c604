"""Files of frames: a magic word, a head that tells what the file is, then frames with length and checksum.

A frame is written with one system call. A process that is killed leaves at most the beginning of the last frame, which
reading tells apart from damage: the frame's own head has a checksum, so a length can be trusted.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from harness.json_object import Json

_MAGIC = b"harness\n"
_HEAD = struct.Struct(">QI")  # length and checksum of the payload
_CHECK = struct.Struct(">I")  # checksum of the two
_LENGTH = _HEAD.size + _CHECK.size


class Damaged(ValueError):
    """The file is not what was written."""


def frame(payload: bytes) -> bytes:
    """The payload with its length and checksums."""
    head = _HEAD.pack(len(payload), zlib.crc32(payload))
    return b"".join((head, _CHECK.pack(zlib.crc32(head)), payload))


def beginning(facts: Json) -> bytes:
    """How a file begins: the magic word, and `facts` (JSON) as the first frame."""
    return _MAGIC + frame(json.dumps(facts).encode())


def write_all(handle: int, content: bytes) -> None:
    """Write everything, in one system call unless the disk says otherwise. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


class FrameFile:
    """A file of frames that is read. `facts` is its first frame, None when the writer did not come that far.

    Iterating gives the payloads of the other frames, once; `end` is then where the last whole frame ends, and `torn`
    whether there is the beginning of another one behind it. Raises Damaged and OSError.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        """What it is called when it is damaged."""
        self.end = 0
        self.torn = False
        self._file = file
        self.facts: Json | None = None
        try:
            magic = self._file.read(len(_MAGIC))
            if magic != _MAGIC[: len(magic)]:
                raise Damaged(f"{name} does not begin as it should")
            first = self._next() if len(magic) == len(_MAGIC) else None
            if first is None:
                self.end, self.torn = 0, bool(magic)
            else:
                self.end += len(_MAGIC)
                self.facts = _facts(name, first)
        except BaseException:
            self._file.close()
            raise

    @classmethod
    def open(cls, path: Path) -> FrameFile:
        return cls(path.open("rb"), path.name)

    def __iter__(self) -> Iterator[bytes]:
        with self._file:
            while self.facts is not None and (payload := self._next()) is not None:
                yield payload

    def close(self) -> None:
        self._file.close()

    def _next(self) -> bytes | None:
        head = self._file.read(_LENGTH)
        if len(head) < _LENGTH:
            self.torn = bool(head)
            return None
        length, checksum = _HEAD.unpack_from(head)
        if _CHECK.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]):
            raise Damaged(f"{self.name} is damaged at byte {self._file.tell() - _LENGTH}")
        payload = self._file.read(length)
        if len(payload) < length:
            self.torn = True
            return None
        if zlib.crc32(payload) != checksum:
            raise Damaged(f"{self.name} is damaged at byte {self._file.tell() - length - _LENGTH}")
        self.end += _LENGTH + length
        return payload


def _facts(name: str, payload: bytes) -> Json:
    try:
        facts: Json = json.loads(payload)
    except ValueError as error:
        raise Damaged(f"{name} does not begin as it should") from error
    return facts
