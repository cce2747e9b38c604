"""An emulator's log file: what came since a moment, and all of it for a reader."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from harness.waiting import wait_for

_LOOK_SECONDS = 0.2


def log_size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def log_since(path: Path, position: int) -> str:
    """What was logged since the log had that size; all of it when it was started anew."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(position if position <= log_size(path) else 0)
        return file.read().decode(errors="replace")


def print_log(path: Path, follow: bool) -> int:
    """Print the file; with `follow` go on as it grows, and start again when a new emulator truncated it: until Ctrl-C,
    or until nobody reads. Returns the exit code."""
    position = 0
    try:
        while True:
            if path.stat().st_size < position:
                position = 0
            with path.open("rb") as log:
                log.seek(position)
                content = log.read()
            position += len(content)
            sys.stdout.write(content.decode(errors="replace"))
            sys.stdout.flush()
            if not follow:
                return 0
            shown = position
            wait_for(
                lambda shown=shown: path.stat().st_size != shown,  # type: ignore[misc]
                seconds=math.inf,
                what="The log did not grow",
                every=_LOOK_SECONDS,
            )
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
