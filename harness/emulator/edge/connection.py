"""What the listener knows of its connections, whatever they speak."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from typing import Protocol

_NO_LINGER = struct.pack("ii", 1, 0)


class Connection(Protocol):
    """A client's connection, of any version of HTTP."""

    gone: asyncio.Future[None]

    def close_if_stalled(self, now: float, seconds: float) -> None:
        """End what has begun and has not gone on for so long; `now` is the event loop's time."""

    def close_if_idle(self) -> None:
        """Close at once if nothing is in progress, else with the last answer: the server stops."""

    def cut(self) -> list[asyncio.Task[None]]:
        """Give up what is in progress; returns the tasks that end by it."""


def cut_off(transport: asyncio.Transport) -> None:
    """Reset a connection: closing at once, without lingering, is what sends a reset."""
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
