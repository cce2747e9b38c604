"""What one piece of a caller's program may cost: the one budget of every interpreter in this process.

Templates, models and conditions are programs that a caller wrote, and they run on the event loop. Each run gets a
`Budget` and pays with it before it does something; an interpreter that can't pay stops with `BudgetExceeded`, which its
service answers as AWS answers a program that failed. Patterns have no steps to count: `patterns.py` gives them time.
"""

from __future__ import annotations

import time

_BYTES_A_STEP = 1024
"""Handling so many bytes counts as one step."""
_STEPS_A_LOOK = 128
"""After so many steps the time is read: a system call of about half a microsecond."""


class BudgetExceeded(Exception):
    """A caller's program costs more than one request may; the text says of what: steps, bytes or time."""


class Budget:
    """`steps` of an interpreter, `size` in bytes (or characters) that it makes, `seconds` of this thread's own work.

    The seconds are CPU time: a machine that is busy with something else makes no program fail.
    """

    __slots__ = ("_ends", "_look", "_size", "_steps", "seconds", "size", "steps")

    def __init__(self, *, steps: int, size: int, seconds: float) -> None:
        self.steps = self._steps = steps
        self.size = self._size = size
        self.seconds = seconds
        self._ends = time.thread_time() + seconds
        self._look = _STEPS_A_LOOK

    def step(self, count: int = 1) -> None:
        """Pay for `count` steps. Raises BudgetExceeded."""
        self._steps -= count
        self._look -= count
        if self._look < 0:
            self._look_at_the_rest()

    def take(self, size: int) -> None:
        """Pay for a value of `size` bytes before it is made. Raises BudgetExceeded."""
        self._size -= size
        if self._size < 0:
            raise BudgetExceeded(f"it makes more than {self.size} bytes")
        self.step(1 + size // _BYTES_A_STEP)

    def _look_at_the_rest(self) -> None:
        self._look = min(_STEPS_A_LOOK, self._steps)
        if self._steps < 0:
            raise BudgetExceeded(f"it takes more than {self.steps} steps")
        self.look()

    def look(self) -> None:
        """Read the time, after something that no step could measure. Raises BudgetExceeded."""
        if time.thread_time() > self._ends:
            raise BudgetExceeded(f"it works for more than {self.seconds * 1000:g} ms")
