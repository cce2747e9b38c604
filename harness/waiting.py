"""Waiting in real time for what another process, a container or an account does: bounded, and with a sentence.

What waits on the world's clock waits there (`harness.emulator.clock`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class NotInTime(TimeoutError):
    """What was waited for did not come; the text is a sentence."""


def wait_for(
    look: Callable[[], T],
    *,
    seconds: float,
    what: str,
    every: float = 0.05,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Look again `every` so many real seconds until there is something true, and return it.

    Raises NotInTime with `what`, such as "The container edge did not answer", when that has taken more than `seconds`;
    what `look` raises ends the wait. `now` and `sleep` are for tests that own the time.
    """
    import tenacity  # here, because it costs the commands that wait for nothing 20 ms

    began = now()
    looking = tenacity.Retrying(
        stop=lambda state: now() - began >= seconds,
        wait=tenacity.wait_fixed(every),
        retry=tenacity.retry_if_result(lambda found: not found),
        sleep=sleep,
    )
    try:
        return looking(look)
    except tenacity.RetryError:
        raise NotInTime(f"{what} within {seconds:g} s.") from None


def try_again(
    work: Callable[[], bool],
    *,
    attempts: int,
    first_pause: float,
    longest_pause: float,
    dice: random.Random,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Do the work until it says that it is done; returns whether it did within so many attempts.

    Pauses double from the first to the longest (real seconds), each shortened by up to half at random.
    """
    import tenacity

    def pause(state: tenacity.RetryCallState) -> float:
        full: float = min(longest_pause, first_pause * 2 ** (state.attempt_number - 1))
        return full * dice.uniform(0.5, 1.0)

    working = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts),
        wait=pause,
        retry=tenacity.retry_if_result(lambda done: not done),
        sleep=sleep,
        retry_error_callback=lambda state: False,
    )
    return working(work)
