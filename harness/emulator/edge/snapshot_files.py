"""Snapshots as files: `<directory>/<name>.snapshot`, written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from harness.json_object import Json

SUFFIX = ".snapshot"
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file; a crash in the middle leaves the old one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class SnapshotFiles:
    """The snapshots of one emulator. Without a directory they live in a temporary one until `close`.

    Names are 1 to 100 of `A-Za-z0-9._-` and don't begin with a dot; other names raise ValueError.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._temporary: Path | None = None

    def write(self, name: str, content: bytes) -> Json:
        path = self._path(name)
        write_atomically(path, content)
        return self._entry(path)

    def read(self, name: str) -> bytes | None:
        """The snapshot; None if there is none."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> bool:
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def list(self) -> list[Json]:
        """Name, size in bytes and creation (epoch seconds) of each, by name."""
        folder = self._folder()
        if not folder.is_dir():
            return []
        return [self._entry(path) for path in sorted(folder.glob(f"*{SUFFIX}")) if not path.name.startswith(".")]

    def close(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _folder(self) -> Path:
        if self._directory is not None:
            return self._directory
        if self._temporary is None:
            self._temporary = Path(tempfile.mkdtemp(prefix="harness-snapshots-"))
        return self._temporary

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} can't name a snapshot: use 1 to 100 letters, digits, dots, dashes and underscores"
            )
        return self._folder() / (name + SUFFIX)

    def _entry(self, path: Path) -> Json:
        facts = path.stat()
        return {"name": path.name.removesuffix(SUFFIX), "bytes": facts.st_size, "created": facts.st_mtime}
