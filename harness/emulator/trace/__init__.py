"""Where each record went: hops noted per batch while they happen, put together when somebody asks."""

from harness.emulator.trace.recorder import Trace

__all__ = ["Trace"]
