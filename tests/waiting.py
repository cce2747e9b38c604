"""Waiting for what another process does."""

from __future__ import annotations

from collections.abc import Callable

from harness.waiting import wait_for


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    """Fail when it does not hold after that long."""
    wait_for(holds, seconds=seconds, what="It did not become so")
