"""An emulator process that is attacked: its log, its memory, its end."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+), in (\S+)', re.MULTILINE)
_CHAINED = re.compile(
    r"Traceback \(most recent call last\):\n(?:(?!Traceback \(most).*\n)*?\n"
    r"(?:During handling of the above exception, another|The above exception was the direct cause of).*\n\n"
)
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?::.*)?$", re.MULTILINE)


class Ended(Exception):
    """The emulator is gone; the text is what it said last."""


class Emulator:
    """Time is manual: what is compared before and after a restart stands still."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        state: Path | None = None,
        snapshots: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.snapshots = snapshots or folder / "snapshots"
        self.log_path = folder / "emulator.log"
        self._log_at = self.log_path.stat().st_size if self.log_path.exists() else 0
        arguments = ["--port", "0", "--clock", "manual", "--seed", str(seed)]
        if state is not None:
            arguments += ["--state-dir", str(state)]
        if snapshots is not None:
            arguments += ["--snapshot-dir", str(snapshots)]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "harness.emulator", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        self.port = int(self.ready.split()[1].rpartition(":")[2]) if self.ready else 0
        self.pid = self.process.pid

    def admin(self, method: str, path: str, body: Any = None, seconds: float = 60.0) -> Any:
        """Raises OSError (urllib's) for an error answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_harness/{path}",
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
        )
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return json.load(answer)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """The log since the last time that it was asked for."""
        if self.log_path.stat().st_size == self._log_at:
            return ""
        with self.log_path.open("rb") as log:
            log.seek(self._log_at)
            text = log.read()
        self._log_at += len(text)
        return text.decode("utf-8", "replace")

    def rss(self) -> int:
        """Bytes of memory; 0 where the system does not tell."""
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        return 0

    def end(self, number: int = signal.SIGKILL, seconds: float = 60.0) -> int:
        if self.alive:
            os.kill(self.pid, number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(seconds)
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()


def tracebacks(text: str) -> Iterator[tuple[str, str]]:
    """(place, end of the text) of each traceback in a log; of chained ones the last. The place is the innermost frame
    of ours, the innermost frame of all, and the exception."""
    chained = _CHAINED.sub("", text)
    for part in chained.split("Traceback (most recent call last):\n")[1:]:
        frames = _FRAME.findall(part)
        ours = [frame for frame in frames if "/harness/emulator/" in frame[0]] or frames
        path, _, function = ours[-1] if ours else ("?", "", "?")
        inner = frames[-1] if frames else ("?", "", "?")
        body = part[part.rindex(inner[2]) :] if frames else part
        raised = _RAISED.search(body.partition("\n")[2])
        deepest = "/".join(inner[0].split("/")[-3:])
        yield f"{_short(path)} {function} · {deepest} {inner[2]} · {raised[1] if raised else '?'}", body[:500]


def _short(path: str) -> str:
    for root in ("/harness/emulator/", "/site-packages/"):
        if root in path:
            return path.rpartition(root)[2]
    return path.rpartition("/")[2]
