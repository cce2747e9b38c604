"""What commands print: steps with their times, and lines that can be copied whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.status import Status

from harness.provision.apply_events import ApplyProgress

# URLs and commands must survive a copy, so nothing is wrapped or highlighted.
console = Console(soft_wrap=True, highlight=False, markup=False)
errors = Console(soft_wrap=True, highlight=False, markup=False, stderr=True)

_TITLE_WIDTH = 34
_QUIET_SECONDS = 10.0


class ShownStep:
    """A step on the screen: a live line on a terminal, a line every ten seconds of a long run elsewhere."""

    def __init__(self, title: str, status: Status | None) -> None:
        self.title = title
        self.notes: list[str] = []
        self._status = status
        self._began = self._told = time.monotonic()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, progress: ApplyProgress) -> None:
        now = time.monotonic()
        total = f"/{progress.total}" if progress.total else ""
        text = f"{self.title}  {progress.done}{total} changes"
        if self._status is not None:
            waiting = ", ".join(list(progress.running)[:2])
            self._status.update(f"{text}  {now - self._began:.0f} s  {waiting}"[: console.width - 4])
        elif now - self._told >= _QUIET_SECONDS:
            self._told = now
            console.print(f"  … {text} after {now - self._began:.0f} s")

    def finished(self, sign: str) -> None:
        seconds = time.monotonic() - self._began
        console.print(f"  {sign} {self.title:<{_TITLE_WIDTH}} {seconds:6.1f} s   {'; '.join(self.notes)}".rstrip())


class Screen:
    """The Reporter of the command line."""

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[ShownStep]:
        status = console.status(title) if console.is_terminal else None
        shown = ShownStep(title, status)
        try:
            with status or contextlib.nullcontext():
                yield shown
        except BaseException:
            shown.finished("✗")
            raise
        shown.finished("✓")

    def say(self, text: str) -> None:
        console.print(f"  {text}")
