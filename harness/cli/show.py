"""What commands print: steps with their times, and lines that can be copied whole."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

from harness.provision.apply_events import ApplyProgress

# URLs and commands must survive a copy, so nothing is wrapped or highlighted.
console = Console(soft_wrap=True, highlight=False, markup=False)
errors = Console(soft_wrap=True, highlight=False, markup=False, stderr=True)

_TITLE_WIDTH = 40
_QUIET_SECONDS = 10.0


class ShownStep:
    """A step on the screen: a live line on a terminal, a line every ten seconds of a long run elsewhere."""

    def __init__(self, title: str, live: Progress | None) -> None:
        self.title = title
        self.notes: list[str] = []
        self._live = live
        self._task = live.add_task(title, total=None, running="") if live is not None else None
        self._began = self._told = time.monotonic()

    def note(self, text: str) -> None:
        self.notes.append(text)

    def progress(self, progress: ApplyProgress) -> None:
        if self._live is not None and self._task is not None:
            running = ", ".join(list(progress.running)[:2])
            self._live.update(self._task, completed=progress.done, total=progress.total or None, running=running)
            return
        now = time.monotonic()
        if now - self._told >= _QUIET_SECONDS:
            self._told = now
            state = f"{progress.done}/{progress.total} changes" if progress.planned else "planning"
            console.print(f"  … {self.title}  {state} after {now - self._began:.0f} s")

    def finished(self, sign: str) -> None:
        seconds = time.monotonic() - self._began
        console.print(f"  {sign} {self.title:<{_TITLE_WIDTH}} {seconds:6.1f} s   {'; '.join(self.notes)}".rstrip())


class Screen:
    """The Reporter of the command line."""

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[ShownStep]:
        live = _live() if console.is_terminal else None
        shown = ShownStep(title, live)
        try:
            with live or contextlib.nullcontext():
                yield shown
        except BaseException:
            shown.finished("✗")
            raise
        shown.finished("✓")

    def say(self, text: str) -> None:
        console.print(f"  {text}")


def _live() -> Progress:
    """A line that is redrawn while the step runs: title, bar, count, time, what Terraform is waiting for."""
    return Progress(
        TextColumn("  {task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[running]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=console,
        transient=True,
    )
