"""Where the harness keeps its files: `.harness/` in the project's root folder, one folder per emulator port."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.json_object import Json

DEFAULT_PORT = 4566
_ROOT_SIGNS = (".harness", ".git", "pyproject.toml")


@dataclass(frozen=True)
class Workspace:
    """The folders of one project. Nothing is created until something is written."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """Return the workspace of the nearest folder above `start` that looks like a project, else of `start`."""
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if any((folder / sign).exists() for sign in _ROOT_SIGNS):
                return cls(folder)
        return cls(here)

    @property
    def home(self) -> Path:
        return self.root / ".harness"

    @property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @property
    def warm(self) -> Path:
        return self.home / "warm"

    def make_private(self) -> None:
        """Make the folder, for its user's eyes only: logs and snapshots hold what went through."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.home.stat().st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # somebody else's, in a container
                self.home.chmod(0o700)

    def instance(self, port: int) -> Path:
        return self.home / str(port)

    def known_ports(self) -> list[int]:
        """Ports that an emulator of this workspace was started on, running or not."""
        if not self.home.is_dir():
            return []
        return sorted(int(path.parent.name) for path in self.home.glob("[0-9]*/instance.json"))

    @contextlib.contextmanager
    def lock(self, subject: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the lock named `subject` among all processes of this workspace; `on_wait` is called if it is taken."""
        folder = self.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(subject.encode()).hexdigest()[:16]
        with (folder / f"{name}.lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is not None:
                    on_wait()
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `path` so that a reader, or a crash, sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content.encode() if isinstance(content, str) else content)
    partial.replace(path)


def read_json(path: Path) -> Json | None:
    """The object in the file, or None when it is missing or damaged."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
