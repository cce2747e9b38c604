"""A folder that survives `kill -9`: one snapshot, and the journal of what happened since.

    world.snapshot     the whole state at the beginning of journal <generation>; absent: an empty world, generation 0
    journal-<n>        frames in the order in which things happened; the next one is begun when a snapshot is begun
    lock               held while an emulator uses the folder
    reserve            room for the entries of calls that have run already when the disk is full

A snapshot is valid from the moment it gets its name, and the journals before it are then litter. Until then the old one
and all journals since are valid. So a kill at any moment finds one way to the state, and only one.

Written, not synced to the disk: what a process has written survives its death; the machine's is another matter.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from harness.emulator.store import form
from harness.emulator.store.frames import Damaged, FrameFile, beginning, frame, write_all
from harness.json_object import Json

_SNAPSHOT = "world.snapshot"
_JOURNAL = re.compile(r"journal-(\d+)")
_TEMPORARY = ".world.snapshot"
_END = b"end"
_RESERVE = "reserve"
RESERVE_BYTES = 8 * 1024 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class InUse(Exception):
    """Another process uses the folder. The text is a sentence's end: who."""


class Vanished(OSError):
    """The journal that is written is not in the folder any more, or the folder is gone."""


class StateFolder:
    """The folder, held by a lock until `release`. Raises InUse and OSError.

    Use: `read` once, then `begin`, then `append` and now and then `turn`, at last `finish`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.generation = 0
        self.size = 0
        """Bytes of the journals that a restart would read."""
        self.snapshot_size = 0
        self._handle: int | None = None
        self._end = 0  # of the last whole frame in the journal that is written
        self._unwritten: list[bytes] = []
        self._inode = 0  # of the journal that is written
        self.is_full = False
        """Whether the last bytes went where the reserve was: nothing more should be accepted (`make_room`)."""
        self._lock = self._taken()

    def _taken(self) -> int:
        """The lock, held; the folder is made if it is missing. Raises InUse and OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Secrets and keys are in it. A folder with other things is the user's own: there the files' modes must do.
        if set(os.listdir(self.path)) <= {"lock", _RESERVE, _SNAPSHOT, *map(self._name, self._journals())}:
            with suppress(PermissionError):  # somebody else's folder that this user may write
                self.path.chmod(0o700)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise InUse(f"process {holder}" if holder else "another process") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        return lock

    def release(self) -> None:
        """Give the folder up, as it is."""
        with suppress(OSError):
            (self.path / _RESERVE).unlink(missing_ok=True)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        os.close(self._lock)

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self, snapshot: Callable[[list[bytes]], None], entry: Callable[[bytes], None]) -> int | None:
        """Give the snapshot's parts and then each journal entry to these functions. Returns how many journals there
        were, None for an empty folder. Nothing in the folder changes.

        Raises Damaged (a ValueError) for files that can't be what was written, or missing, and OtherForm (one
        as well) for what has another stored form.
        """
        path = self.path / _SNAPSHOT
        found = path.exists()
        if found:
            snapshot(self._read_snapshot(path))
        numbers = sorted(n for n in self._journals() if n >= self.generation)
        if numbers and numbers != list(range(self.generation, self.generation + len(numbers))):
            missing = next(n for n in range(self.generation, numbers[-1]) if n not in numbers)
            raise Damaged(f"journal-{missing} is missing")
        for number in numbers:
            self._read_journal(number, entry, last=number == numbers[-1])
        return len(numbers) if found or numbers else None

    def _read_snapshot(self, path: Path) -> list[bytes]:
        try:
            file = FrameFile.open(path)
        except Damaged as error:
            raise Damaged(f"not a snapshot: {error}") from error
        facts = self._checked(file, "snapshot")
        parts = list(file)
        if not parts or parts.pop() != _END or file.torn:
            raise Damaged(f"{path.name} is cut short")
        self.generation = int(facts["generation"])
        self.snapshot_size = file.end
        return parts

    def _read_journal(self, number: int, entry: Callable[[bytes], None], *, last: bool) -> None:
        file = FrameFile.open(self.path / f"journal-{number}")
        if file.facts is not None:
            self._checked(file, "journal")
        for payload in file:
            entry(payload)
        file.close()
        if (file.torn or file.facts is None) and not last:
            raise Damaged(f"journal-{number} is cut short")
        self.generation = number
        self.size += file.end
        self._end = file.end

    def _checked(self, file: FrameFile, kind: str) -> Json:
        facts = file.facts
        if facts is None or facts.get("kind") != kind:
            file.close()
            raise Damaged(f"{file.name} does not begin as it should")
        try:
            form.check(facts)
        except form.OtherForm:
            file.close()
            raise
        return facts

    def _journals(self) -> list[int]:
        return [int(match[1]) for name in os.listdir(self.path) if (match := _JOURNAL.fullmatch(name))]

    # -- writing ----------------------------------------------------------------------------------------------

    def begin(self) -> int:
        """Go on with the last journal, behind its last whole frame; returns how many bytes behind that were cut off.

        Raises OSError."""
        self._remove_litter(self._oldest())
        path = self._journal(self.generation)
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._inode = os.fstat(self._handle).st_ino
        try:
            self.make_room()
        except OSError:
            self.is_full = True
        torn = os.fstat(self._handle).st_size - self._end
        os.ftruncate(self._handle, self._end)
        if self._end == 0:
            self._write(self._first("journal", self.generation))
        return torn

    def append(self, payload: bytes) -> None:
        """Write one entry. Raises OSError; the entry is then written before the next one."""
        self._write(frame(payload))

    def flush(self) -> None:
        """Write what could not be written before. Raises OSError."""
        self._write(b"")

    def turn(self) -> Path:
        """Begin the next journal; returns where the snapshot of the moment is to be written (`write_snapshot`).

        Raises OSError; then nothing has changed."""
        assert self._handle is not None
        self.flush()
        following = self.generation + 1
        content = self._first("journal", following)
        handle = os.open(self._journal(following), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            write_all(handle, content)
        except OSError:
            os.close(handle)
            self._journal(following).unlink()
            raise
        self._go_on_with(handle, following, len(content))
        return self.path / f"{_TEMPORARY}.{following}"

    def _go_on_with(self, handle: int, generation: int, end: int) -> None:
        assert self._handle is not None
        os.close(self._handle)
        self._handle = handle
        self._inode = os.fstat(handle).st_ino
        self.generation = generation
        self._end = end

    def write_anew(self, parts: Iterable[bytes]) -> None:
        """After Vanished: the whole state into a snapshot and a journal behind it, in the folder made anew. What could
        not be written is in `parts`.

        Raises OSError, and InUse; also for a folder in which somebody else has put a state: that is not overwritten.
        """
        if not _is_file(self._lock, self.path / "lock"):
            lock = self._taken()
            if self._journals() or (self.path / _SNAPSHOT).exists():
                os.close(lock)
                raise FileExistsError(errno.EEXIST, "another state was put in its place")
            os.close(self._lock)
            self._lock = lock
        following = self.generation + 1
        path = self.path / f"{_TEMPORARY}.{following}"
        self.write_snapshot(path, following, parts)
        content = self._first("journal", following)
        handle = os.open(self._journal(following), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            write_all(handle, content)
            os.replace(path, self.path / _SNAPSHOT)
        except OSError:
            os.close(handle)
            raise
        self._unwritten.clear()
        self._go_on_with(handle, following, len(content))
        self._remove_litter(following)
        self.snapshot_size = (self.path / _SNAPSHOT).stat().st_size
        self.size = self._end
        self.make_room()

    @property
    def has_unwritten(self) -> bool:
        """Whether an entry waits that could not be written."""
        return bool(self._unwritten)

    def make_room(self) -> None:
        """See that the reserve is there, so that the next entries find room. Raises OSError when the disk is full."""
        handle = os.open(self.path / _RESERVE, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, RESERVE_BYTES)
            else:
                write_all(handle, bytes(RESERVE_BYTES))
            self.is_full = False
        except OSError:
            os.ftruncate(handle, 0)
            raise
        finally:
            os.close(handle)

    def has_room(self, size: int) -> bool:
        """Whether an entry of `size` bytes is likely to find room."""
        with suppress(OSError):
            free = os.statvfs(self.path)
            return free.f_bavail * free.f_frsize + RESERVE_BYTES > size
        return True

    def write_snapshot(self, path: Path, generation: int, parts: Iterable[bytes]) -> None:
        """Write a snapshot into a temporary file. Raises OSError."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(handle, self._first("snapshot", generation))
            for part in parts:
                write_all(handle, frame(part))
            write_all(handle, frame(_END))
        finally:
            os.close(handle)

    def adopt(self, path: Path, generation: int) -> None:
        """Make a written snapshot the valid one. Raises OSError."""
        os.replace(path, self.path / _SNAPSHOT)
        self._remove_litter(generation)
        self.snapshot_size = (self.path / _SNAPSHOT).stat().st_size
        self.size = sum((self._journal(n)).stat().st_size for n in self._journals())

    def give_up(self, path: Path) -> None:
        """A snapshot was not written to its end: a full disk gets the room back. Raises OSError."""
        path.unlink(missing_ok=True)

    def finish(self, parts: Iterable[bytes]) -> None:
        """The state at a graceful end, into a snapshot without a journal. Raises OSError; all is kept then."""
        assert self._handle is not None
        following = self.generation + 1
        path = self.path / f"{_TEMPORARY}.{following}"
        self.write_snapshot(path, following, parts)
        os.replace(path, self.path / _SNAPSHOT)
        self._remove_litter(following)

    def _write(self, content: bytes) -> None:
        assert self._handle is not None
        if content:
            self._unwritten.append(content)
        while self._unwritten:
            try:
                self._check_place()
                self._write_or_use_reserve(self._unwritten[0])
            except OSError:
                os.ftruncate(self._handle, self._end)
                raise
            written = len(self._unwritten.pop(0))
            self._end += written
            self.size += written

    def _check_place(self) -> None:
        """Raises Vanished: bytes that nobody will find are not written."""
        try:
            found = os.stat(self._journal(self.generation)).st_ino
        except FileNotFoundError:
            found = 0
        if found != self._inode:
            raise Vanished(errno.ENOENT, f"journal-{self.generation} was removed")

    def _write_or_use_reserve(self, content: bytes) -> None:
        assert self._handle is not None
        try:
            write_all(self._handle, content)
        except OSError as error:
            if error.errno not in _FULL or self.is_full:
                raise
            os.ftruncate(self._handle, self._end)
            os.truncate(self.path / _RESERVE, 0)
            self.is_full = True
            write_all(self._handle, content)

    def _first(self, kind: str, generation: int) -> bytes:
        return beginning({"kind": kind, **form.written_by(), "generation": generation})

    def _journal(self, number: int) -> Path:
        return self.path / self._name(number)

    @staticmethod
    def _name(number: int) -> str:
        return f"journal-{number}"

    def _oldest(self) -> int:
        """The generation of the snapshot: the oldest journal that counts."""
        path = self.path / _SNAPSHOT
        if not path.exists():
            return 0
        file = FrameFile.open(path)
        file.close()
        return int(file.facts["generation"]) if file.facts is not None else 0

    def _remove_litter(self, oldest: int) -> None:
        for name in os.listdir(self.path):
            match = _JOURNAL.fullmatch(name)
            if (match and int(match[1]) < oldest) or name.startswith(_TEMPORARY):
                (self.path / name).unlink()


def _is_file(handle: int, path: Path) -> bool:
    """Whether the path leads to the open file."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
