"""The frames of an HTTP/2 connection as they come (RFC 9113, section 4), before a library takes them one by one.

One by one, because a read of 256 KiB may hold 29,000 frames: between two of them others can have their turn. Sizes are
checked by what a frame says, before any of it is kept.
"""

from __future__ import annotations

from typing import NamedTuple

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_FRAME = 16_384
"""Bytes of a frame's payload: HTTP/2's smallest maximum, which we do not raise."""
MAX_BLOCK = 64 * 1024
"""Bytes of one compressed block of headers, over all its frames."""
MAX_SETTINGS = 32 * 6
"""Bytes of a SETTINGS frame: six for each, and HTTP/2 knows ten of them."""

PROTOCOL_ERROR, FRAME_SIZE_ERROR, ENHANCE_YOUR_CALM = 0x1, 0x6, 0xB  # error codes (section 7)
DATA, HEADERS, SETTINGS, GOAWAY, CONTINUATION = 0x0, 0x1, 0x4, 0x7, 0x9  # kinds of frames (section 6)
_END_STREAM, _END_HEADERS, _PADDED = 0x1, 0x4, 0x8
_HEAD = 9


class FrameRefused(Exception):
    """The connection can't go on. `code` is HTTP/2's error code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Frame(NamedTuple):
    """`raw` is the whole frame, its head of nine bytes included; the preface is a frame of the kind -1."""

    kind: int
    flags: int
    raw: bytes

    @property
    def carries_nothing(self) -> bool:
        """Whether neither a request nor a part of its body comes with it: PING, SETTINGS, RST_STREAM, …, empty DATA."""
        if self.kind == DATA:
            padding = 1 + self.raw[_HEAD] if self.flags & _PADDED and len(self.raw) > _HEAD else 0
            return len(self.raw) - _HEAD <= padding and not self.flags & _END_STREAM
        if self.kind == CONTINUATION:
            return len(self.raw) == _HEAD
        return self.kind not in (-1, HEADERS)


class Frames:
    """Cuts what was received into frames."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._has_begun = False
        self._block: int | None = None  # bytes of the block of headers that is open
        self.whole = 0
        """How often everything that had begun was complete: it stands still while a frame or a block of headers does
        not come to its end."""

    @property
    def is_unfinished(self) -> bool:
        """Whether a frame, a block of headers or the preface has begun and is not complete."""
        return bool(self._data) or self._block is not None or not self._has_begun

    def feed(self, data: bytes) -> None:
        self._data += data

    def take(self) -> Frame | None:
        """The next frame that is there in full. Raises FrameRefused."""
        data = self._data
        if not self._has_begun:
            if len(data) < len(PREFACE):
                return None
            if not data.startswith(PREFACE):
                raise FrameRefused(PROTOCOL_ERROR, "the preface is not HTTP/2's")
            self._has_begun = True
            return Frame(-1, 0, self._cut(len(PREFACE)))
        if len(data) < _HEAD:
            return None
        length, kind, flags = int.from_bytes(data[:3], "big"), data[3], data[4]
        if length > MAX_FRAME:
            raise FrameRefused(FRAME_SIZE_ERROR, "a frame is too large")
        if kind == SETTINGS and length > MAX_SETTINGS:
            raise FrameRefused(ENHANCE_YOUR_CALM, "too many settings")
        if kind in (HEADERS, CONTINUATION):
            block = (self._block or 0) + length
            if block > MAX_BLOCK:
                raise FrameRefused(ENHANCE_YOUR_CALM, "a block of headers is too large")
            if len(data) < _HEAD + length:
                return None
            self._block = None if flags & _END_HEADERS else block
        elif len(data) < _HEAD + length:
            return None
        return Frame(kind, flags, self._cut(_HEAD + length))

    def _cut(self, size: int) -> bytes:
        raw = bytes(self._data[:size])
        del self._data[:size]
        if self._block is None:
            self.whole += 1
        return raw
