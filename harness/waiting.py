"""Waiting in real time for what another process, a container or an account does: bounded, and with a sentence.

What waits on the world's clock waits there (`harness.emulator.clock`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NotInTime(TimeoutError):
    """What was waited for did not come; the text is a sentence."""


def wait_for(look: Callable[[], T], *, seconds: float, what: str, every: float = 0.05) -> T:
    """Look again `every` so many real seconds until there is something true, and return it.

    Raises NotInTime with `what`, such as "The container edge did not answer", when that has taken more than `seconds`;
    what `look` raises ends the wait.
    """
    import tenacity  # here, because it costs the commands that wait for nothing 20 ms

    looking = tenacity.Retrying(
        stop=tenacity.stop_after_delay(seconds),
        wait=tenacity.wait_fixed(every),
        retry=tenacity.retry_if_result(lambda found: not found),
    )
    try:
        return looking(look)
    except tenacity.RetryError:
        raise NotInTime(f"{what} within {seconds:g} s.") from None
