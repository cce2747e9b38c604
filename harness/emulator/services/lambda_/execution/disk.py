"""Files that processes need: unpacked code, AWS's packages, an empty home. One temporary folder, removed at stop."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import io
import os
import shutil
import stat
import tempfile
import time
import zipfile
from pathlib import Path

_PREFIX = "harness-lambda-"
_LOCK = "lock"
_YOUNG = 60.0  # seconds in which a folder without a lock may still be getting it

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
        self._lock: int | None = None

    def _folder(self, name: str) -> Path:
        if self._root is None:
            _remove_abandoned()
            self._root = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._lock = _lock(self._root / _LOCK)
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

    def merged(self, folders: list[Path], mark: int) -> Path:
        """One folder with the contents of several: a later one's files win. `mark` changes with what is in them."""
        if len(folders) == 1:
            return folders[0]
        name = hashlib.sha256(repr((folders, mark)).encode()).hexdigest()
        folder = self._folder("layers") / name
        if not folder.exists():
            partial = Path(tempfile.mkdtemp(dir=folder.parent))
            for source in folders:
                _lay_over(source, partial)
            partial.chmod(0o755)
            partial.rename(folder)
        return folder

    def stage(self) -> Path:
        """An empty folder that processes mount on, each in its own namespace."""
        return self._folder("stage")

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

    def temporary(self, worker: str) -> Path:
        """A new folder for one process: what `tempfile` gives it is nobody else's (AWS has /tmp in each)."""
        folder = self._folder("tmp") / worker
        folder.mkdir(mode=0o700)
        return folder

    def remove_temporary(self, worker: str) -> None:
        """Remove it with whatever the process left. May take a while: for a thread."""
        if self._root is not None:
            shutil.rmtree(self._root / "tmp" / worker, ignore_errors=True)

    def remove(self) -> None:
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None


def _lock(path: Path) -> int | None:
    """Hold a lock that ends with this process; None if somebody else holds it or the file can't be made."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned() -> None:
    """Remove the folders of emulators that were killed: nobody holds their lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = folder / _LOCK
        if not lock.exists() or time.time() - lock.stat().st_mtime < _YOUNG:
            continue
        descriptor = _lock(lock)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def unpack(archive: bytes, folder: Path) -> None:
    """Extract with file modes and symbolic links. Names that point outside stay inside (zipfile sees to that)."""
    links: list[zipfile.ZipInfo] = []
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        for member in package.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                links.append(member)
                continue
            path = package.extract(member, folder)
            mode = member.external_attr >> 16 & 0o777
            if mode and not member.is_dir():
                os.chmod(path, mode | 0o400)
        for member in links:  # last: nothing is written through one
            path = package.extract(member, folder)
            target = Path(path).read_bytes()
            os.unlink(path)
            os.symlink(target, os.fsencode(path))


def _lay_over(source: Path, target: Path) -> None:
    """Link the files of `source` into `target`, in the place of what is there."""
    for folder, folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        if here.is_symlink() or here.is_file():
            here.unlink()
        here.mkdir(exist_ok=True)
        for name in (*files, *(name for name in folders if os.path.islink(os.path.join(folder, name)))):
            place = here / name
            if place.is_dir() and not place.is_symlink():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
            original = os.path.join(folder, name)
            try:
                os.link(original, place, follow_symlinks=False)
            except OSError:  # a hot-reload folder on another file system
                shutil.copy2(original, place, follow_symlinks=False)


def fingerprint(folder: str) -> int:
    """A number that changes when a file in a hot-reload folder changes."""
    total = 0
    pending = [folder]
    seen: set[tuple[int, int]] = set()
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in ("__pycache__", "node_modules"):
                continue
            try:
                status = entry.stat()
            except OSError:  # a link to nothing, or to itself; a file that was removed just now
                continue
            if not stat.S_ISDIR(status.st_mode):
                total ^= hash((entry.path, status.st_mtime_ns, status.st_size))
            elif (place := (status.st_dev, status.st_ino)) not in seen:  # a link may lead up again
                seen.add(place)
                pending.append(entry.path)
    return total
