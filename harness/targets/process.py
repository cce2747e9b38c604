"""Processes that were started by an earlier command: recognise them for certain, end them with all their children."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from harness.waiting import NotInTime, wait_for

_POLL_SECONDS = 0.02


def process_identity(pid: int) -> str | None:
    """A text that tells this process from any later one with the same pid; None when it is gone (or a zombie).

    Raises OSError when the system does not tell (no more open files).
    """
    if Path("/proc/self/stat").exists():
        try:
            # The command name is in parentheses and may hold anything, so fields are counted from the last ")".
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else f"start {fields[19]}"
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    stat, _, started = answer.stdout.strip().partition(" ")
    return None if answer.returncode != 0 or not stat or stat.startswith("Z") else f"start {started.strip()}"


def end_process(pid: int, identity: str, grace_seconds: float, own: subprocess.Popen[bytes] | None = None) -> bool:
    """Ask the process to end (SIGTERM), then kill its process group; returns whether it ended by itself.

    The process must lead its own group. `own` is given when it is a child of this process, which has to reap it.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    try:
        by_itself = _wait_gone(pid, identity, grace_seconds, own)
    finally:  # also when Ctrl-C ends the wait
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    if not by_itself:
        _wait_gone(pid, identity, grace_seconds, own)
    return by_itself


def _wait_gone(pid: int, identity: str, seconds: float, own: subprocess.Popen[bytes] | None) -> bool:
    def gone() -> bool:
        if own is not None:
            own.poll()
        return process_identity(pid) != identity

    try:
        return wait_for(gone, seconds=seconds, what=f"Process {pid} did not end", every=_POLL_SECONDS)
    except NotInTime:
        return False
