"""The event loop that an emulator runs on: uvloop where it is installed."""

from __future__ import annotations

import asyncio


def loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """For `asyncio.Runner`; None is asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return None
    loop: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return loop
