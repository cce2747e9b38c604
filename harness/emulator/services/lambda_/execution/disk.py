"""Files that processes need: unpacked code, AWS's packages, an empty home. One temporary folder, removed at stop."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

# What AWS's Python runtimes have besides the standard library. Nothing else of the emulator's packages is visible to
# functions: an import that AWS would fail must fail here.
_PACKAGES = (
    "awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "runtime_client", "s3transfer", "simplejson", "six",
    "snapshot_restore_py", "urllib3",
)  # fmt: skip


class Disk:
    """Makes its folders on first use."""

    def __init__(self) -> None:
        self._root: Path | None = None

    def _folder(self, name: str) -> Path:
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="harness-lambda-"))
        path = self._root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def code(self, sha256: str, archive: bytes) -> Path:
        """The folder with the unpacked archive; unpacked once per content. Raises zipfile.BadZipFile."""
        folder = self._folder("code") / sha256
        if not folder.exists():
            # Under another name first: a folder of the right name is always complete.
            partial = Path(tempfile.mkdtemp(dir=folder.parent))
            unpack(archive, partial)
            partial.chmod(0o755)
            partial.rename(folder)
        return folder

    def packages(self) -> Path:
        """A folder that holds AWS's packages and nothing else (links to the emulator's own)."""
        folder = self._folder("runtime")
        for name in _PACKAGES:
            spec = importlib.util.find_spec(name)
            if spec is None or spec.origin is None:
                continue
            source = Path(spec.origin)
            if source.name == "__init__.py":
                source = source.parent
            link = folder / source.name
            if not link.is_symlink():
                link.symlink_to(source)
        return folder

    def home(self) -> Path:
        """An empty HOME, so that no credentials or settings of the user's reach a function."""
        return self._folder("home")

    def remove(self) -> None:
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None


def unpack(archive: bytes, folder: Path) -> None:
    """Extract with file modes. Names that point outside stay inside (zipfile sees to that)."""
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        for member in package.infolist():
            path = package.extract(member, folder)
            mode = member.external_attr >> 16 & 0o777
            if mode and not member.is_dir():
                os.chmod(path, mode | 0o400)


def fingerprint(folder: str) -> int:
    """A number that changes when a file in a hot-reload folder changes."""
    total = 0
    pending = [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in ("__pycache__", "node_modules"):
                continue
            if entry.is_dir():
                pending.append(entry.path)
            else:
                status = entry.stat()
                total ^= hash((entry.path, status.st_mtime_ns, status.st_size))
    return total
