"""What a function's process writes: print's text in lines, and the runtime's frames for records and errors."""

from __future__ import annotations

from collections.abc import Iterator

_MAGIC = b"\xa5\x5a\x00"  # a frame's first bytes: not UTF-8, so text can't be taken for it
_HEADER = 16  # type 4, length 4, microseconds 8
_MAX_LINE = 256 * 1024


class Output:
    """Cuts a process's output into log events. Text keeps its line end, as CloudWatch shows it."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[str]:
        """The events that are complete after `data`."""
        buffer = self._buffer + data if self._buffer else data
        while buffer:
            if buffer.startswith(_MAGIC) and len(buffer) >= 4:
                if len(buffer) < _HEADER:
                    break
                end = _HEADER + int.from_bytes(buffer[4:8], "big")
                if len(buffer) < end:
                    break
                yield buffer[_HEADER:end].decode("utf-8", "replace")
                buffer = buffer[end:]
                continue
            frame = buffer.find(_MAGIC, 1)
            line = buffer.find(b"\n")
            if line >= 0 and (frame < 0 or line < frame):
                yield buffer[: line + 1].decode("utf-8", "replace")
                buffer = buffer[line + 1 :]
            elif frame > 0:
                yield buffer[:frame].decode("utf-8", "replace")
                buffer = buffer[frame:]
            elif len(buffer) > _MAX_LINE:
                yield buffer.decode("utf-8", "replace")
                buffer = b""
            else:
                break
        self._buffer = buffer

    def flush(self) -> Iterator[str]:
        """What is left without a line end: an invocation has ended."""
        rest, self._buffer = self._buffer, b""
        if rest:
            yield rest.decode("utf-8", "replace")
