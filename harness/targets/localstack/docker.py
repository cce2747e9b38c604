"""The docker command with its Compose plugin. What is missing is one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from harness.problem import Problem

_ASK_SECONDS = 30.0
_TAIL_LINES = 15
_INSTEAD = "or use the target embedded, which needs no Docker"


@dataclass(frozen=True)
class Docker:
    """The client `command`, a path. `DOCKER` in the environment names another one than the first `docker` on PATH."""

    command: str

    @classmethod
    def find(cls) -> Docker:
        """Raises Problem when there is no client."""
        wanted = os.environ.get("DOCKER") or "docker"
        found = shutil.which(wanted)
        if found is None:
            raise Problem(f"The docker client was not found ({wanted}); install Docker {_INSTEAD}.")
        return cls(found)

    def require_daemon(self) -> None:
        """Raise Problem when no daemon answers."""
        answer = self._ask("version", "--format", "{{.Server.Version}}")
        if answer is None or answer.returncode != 0:
            said = _last_line(answer.stderr) if answer else f"no answer within {_ASK_SECONDS:.0f} s"
            raise Problem(f"No Docker daemon answers; start it {_INSTEAD}.", said)

    def require_compose(self) -> None:
        """Raise Problem when the plugin is missing or is older than version 2."""
        answer = self._ask("compose", "version", "--short")
        version = answer.stdout.strip().lstrip("v") if answer and answer.returncode == 0 else ""
        major = version.partition(".")[0]
        if not major.isdecimal() or int(major) < 2:
            raise Problem(f"Docker Compose v2 was not found; install its plugin (docker-compose-plugin) {_INSTEAD}.")

    def image(self, name: str, label: str = "") -> str | None:
        """The image's label (empty: it has none); None when the image is not on this machine."""
        answer = self._ask("image", "inspect", "--format", f'{{{{index .Config.Labels "{label}"}}}}', name)
        return answer.stdout.strip() if answer and answer.returncode == 0 else None

    def running(self, container: str) -> bool | None:
        """Whether the container of that id runs, paused or not; None when the daemon doesn't say."""
        answer = self._ask("ps", "--quiet", "--no-trunc", "--filter", f"id={container}")
        return None if answer is None or answer.returncode != 0 else bool(answer.stdout.strip())

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end, however long it takes; output and errors are in `stdout`, in order."""
        return subprocess.run(
            [self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environ or {})},
        )

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str] | None:
        """A short question; None when it is not answered in time."""
        try:
            return subprocess.run(
                [self.command, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_ASK_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return None


def tail(text: str, lines: int = _TAIL_LINES) -> str:
    return "\n".join(text.rstrip().splitlines()[-lines:])


def _last_line(text: str) -> str:
    return tail(text, 1)
