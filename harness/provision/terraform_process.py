"""One run of Terraform as a child process: its lines while it runs, and its whole group ended with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Finished:
    """A run that ended: its exit code and what it printed."""

    code: int
    lines: list[str]


def run_terraform(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    on_line: Callable[[str], None] | None = None,
    grace_seconds: float = _GRACE_SECONDS,
) -> Finished:
    """Run the command in the folder. Where this is interrupted, Terraform is asked to end, has `grace_seconds` for
    that, and is killed then."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if on_line is not None:
                on_line(line)
        return Finished(process.wait(), lines)
    finally:
        _end_group(process, grace_seconds)


def error_part(lines: Sequence[str]) -> str:
    """The lines from the first `Error:` on; everything when there is none."""
    plain = [line.strip("│╷╵ ") if line[:1] in "│╷╵" else line for line in lines]
    starts = [index for index, line in enumerate(plain) if line.startswith("Error:")]
    return "\n".join(plain[starts[0] :] if starts else plain).strip()


def _end_group(process: subprocess.Popen[str], grace_seconds: float) -> None:
    """End what is left of the run: Terraform is asked once, then its whole process group is killed."""
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
    finally:  # also when a second Ctrl-C ends the wait
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
