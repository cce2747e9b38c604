"""A world that survives `kill -9`: what it acknowledged is in a folder (`--state-dir`) before the answer leaves.

`commit` writes what has changed since the last time as one entry of the journal: the store's changes (`store/changes`),
the upstream's calls (`upstream/journal`), the time. The edge calls it before each answer; what tasks change without a
request is written at the end of the event loop's turn. Every entry is a consistent cut, so a restart finds what a
snapshot of that moment would have held.

When the folder can't be written, calls that may change something are refused before they run, so that what was refused
does not appear later; the others are answered. A call that has run already when the disk is full finds room in a
reserve. If the folder or its journal was removed, the whole state is written anew.

When the journal has grown beyond what should be read at a restart, a copy of this process writes a snapshot while this
one goes on (`store/child`). A graceful stop writes one, too.

After a crash random numbers do not go on where they were (that is not written with each entry): they begin anew from
the seed and the number of the restart, so that no id comes twice. After a graceful stop they go on.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from harness.emulator.errors import AwsError
from harness.emulator.store import child
from harness.emulator.store.changes import Changes, Rebuild
from harness.emulator.store.deep import with_room
from harness.emulator.store.journal import InUse, StateFolder, Vanished
from harness.emulator.upstream.journal import only_reads

if TYPE_CHECKING:
    from harness.emulator.call import Call
    from harness.emulator.world import World

__all__ = ["Durability", "InUse"]

log = logging.getLogger(__name__)

JOURNAL_BYTES = 64 * 1024 * 1024
"""A journal of this size, or of the last snapshot's if that is larger, makes a new snapshot due."""
REPLAY_SECONDS = 5.0
"""So does one whose calls upstream took this long."""
_RETRY_SECONDS = 1.0


class _Calls(Protocol):
    seconds: float

    def take(self) -> list[Any]: ...


class JournallingUpstream(Protocol):
    """An upstream whose calls can be noted and repeated."""

    is_busy: bool

    def keep_journal(self, wake: Callable[[], None]) -> _Calls: ...
    def end_journal(self) -> None: ...
    def repeat(self, entry: Any) -> None: ...
    def dump(self) -> bytes: ...
    def load(self, state: bytes | None) -> None: ...


class Durability:
    """Keeps one world in one folder. Raises InUse and OSError."""

    def __init__(self, world: World, path: Path) -> None:
        self.world = world
        self.folder = StateFolder(path)
        self._upstream = cast(JournallingUpstream, world.upstream)
        self._loop: asyncio.AbstractEventLoop
        self._changes: Changes
        self._calls: _Calls
        self._now = 0.0
        self._awake = False
        self._refusing: str | None = None
        self._snapshot: asyncio.Task[None] | None = None
        self._child: int | None = None
        self._due = JOURNAL_BYTES
        self._replayed = 0.0

    # -- start ------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Become what the folder holds, start the world, and write down all that happens from then on.

        Raises ValueError with a sentence's end when the folder can't be read; nothing in it has changed then.
        """
        world = self.world
        self._loop = asyncio.get_running_loop()
        rebuild = Rebuild(world.store)
        began = time.perf_counter()
        try:
            journals = self.folder.read(
                lambda parts: self._take_over(rebuild, parts), lambda entry: self._repeat(rebuild, entry)
            )
        except (OSError, ValueError):
            raise
        except Exception as error:  # a pickle that does not fit this code fails in any way
            raise ValueError(f"it was written by other code: {type(error).__name__}: {error}") from error
        torn = self.folder.begin()
        if torn:
            log.warning("the journal's last entry was cut short by a crash (%d bytes): it is dropped", torn)
        if journals:
            world.rng.seed(f"{world.seed}:{self.folder.generation}:{self.folder.size}")
            log.info("the state is restored in %.2f s", time.perf_counter() - began)
        if journals is not None:
            world.follow(self._now)
        self._changes = Changes(world.store, rebuild.logs, self._wake)
        self._calls = self._upstream.keep_journal(self._wake)
        self._replayed = 0.0 if not journals else time.perf_counter() - began
        self._set_due()
        # Also an empty entry: the next restart must find that there was this one.
        self.folder.append(self._entry(None, []))
        await world.start()
        world.commit, world.has_room = self.commit, self.has_room
        self.commit()

    def _take_over(self, rebuild: Rebuild, parts: list[bytes]) -> None:
        now, rng = pickle.loads(parts[0])
        rebuild.load(parts[1])
        self._upstream.load(parts[2])
        self.world.rng.setstate(rng)
        self._now = now

    def _repeat(self, rebuild: Rebuild, entry: bytes) -> None:
        now, calls, changes = pickle.loads(entry)
        if changes is not None:
            rebuild.apply(changes)
        for call in calls:
            self._upstream.repeat(call)
        self._now = now

    # -- all the time -----------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Write everything up to now. Raises OSError; it will be written before the next entry then."""
        self._awake = False
        changes = self._changes.take()
        calls = self._calls.take()
        try:
            self._write(changes, calls)
            if self.folder.is_full:
                self.folder.make_room()
        except OSError as error:
            self._refuse_writes(error)
            if not self.folder.is_full or self.folder.has_unwritten:
                raise
            return  # written where the reserve was
        if self._refusing:
            self._accept_writes()
        if self.folder.size > self._due or self._calls.seconds + self._replayed > REPLAY_SECONDS:
            self._loop.call_soon(self._begin_snapshot)

    def _write(self, changes: bytes | None, calls: list[Any]) -> None:
        still = self.world.clock.mode != "manual" or self.world.clock.now() == self._now
        try:
            if changes is None and not calls and still:
                self.folder.flush()
            else:
                self.folder.append(self._entry(changes, calls))
        except Vanished as error:
            self._write_anew(error)

    def _write_anew(self, error: Vanished) -> None:
        """The folder or its journal was removed: everything is here, and goes into a new snapshot."""
        if self._upstream.is_busy:
            raise error  # its state is in between; the next commit tries again
        try:
            self.folder.write_anew(self._parts())
        except InUse as holder:
            raise OSError(error.errno, f"{error.strerror}, and the folder is used by {holder} now") from error
        log.error("%s from %s under the running emulator: the whole state is written anew", error.strerror, self._place)

    @property
    def _place(self) -> Path:
        return self.folder.path

    # -- when nothing can be written --------------------------------------------------------------------------

    def _refuse_writes(self, error: OSError) -> None:
        if not self._refusing:
            log.error("the state can't be written in %s: %s; writes are refused until it can", self._place, _why(error))
            self.world.bus.interceptors.insert(0, self._only_reads)
            self._loop.call_later(_RETRY_SECONDS, self._try_again)
        self._refusing = self.world.cannot_write = (
            f"The state can't be written in {self._place}: {_why(error)}. Writes are refused until it can."
        )

    def _accept_writes(self) -> None:
        log.info("the state can be written in %s again", self._place)
        self._refusing = self.world.cannot_write = None
        self.world.bus.interceptors.remove(self._only_reads)

    def _try_again(self) -> None:
        if self._refusing and self.world.commit is not None:
            with suppress(OSError):
                self.commit()
            self._loop.call_later(_RETRY_SECONDS, self._try_again)

    async def _only_reads(self, call: Call, proceed: Callable[[Call], Awaitable[Any]]) -> Any:
        """Refuses outside calls that may change something, before they do."""
        if call.caller.service is None and not only_reads(call):
            with suppress(OSError):
                self.commit()
            if self._refusing:
                raise AwsError("InternalError" if call.service == "s3" else "InternalFailure", self._refusing, 500)
        return await proceed(call)

    def has_room(self, size: int) -> bool:
        """Whether a request with a body of `size` bytes is likely to find room in the folder."""
        return self.folder.has_room(2 * size)

    def _entry(self, changes: bytes | None, calls: list[Any]) -> bytes:
        self._now = self.world.clock.now()
        return with_room(lambda: pickle.dumps((self._now, calls, changes), pickle.HIGHEST_PROTOCOL))

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._loop.call_soon(self._commit_unasked)

    def _commit_unasked(self) -> None:
        if not self._awake or self.world.commit is None:
            return
        try:
            self.commit()
        except OSError:
            pass  # said, and tried again

    # -- snapshots --------------------------------------------------------------------------------------------

    def _begin_snapshot(self) -> None:
        """Begin the next journal, and write the state at its beginning in a copy of this process."""
        if self._snapshot is not None or self._upstream.is_busy or self.world.commit is None:
            return
        began = time.perf_counter()
        try:
            self.commit()
            path = self.folder.turn()
            generation = self.folder.generation
            self._child = child.start(lambda: self.folder.write_snapshot(path, generation, self._parts()))
        except OSError as error:
            self._put_off()
            log.warning("no snapshot can be written in %s: %s", self.folder.path, error.strerror)
            return
        self._calls.seconds = self._replayed = 0.0
        log.info("a snapshot is being written; requests waited %.0f ms", (time.perf_counter() - began) * 1000)
        self._snapshot = self._loop.create_task(self._end_snapshot(self._child, path, generation))

    async def _end_snapshot(self, pid: int, path: Path, generation: int) -> None:
        code = await asyncio.to_thread(child.wait, pid)
        self._child = None
        try:
            if generation != self.folder.generation:
                log.warning("the snapshot was given up: the folder was removed meanwhile")
            elif code == 0:
                self.folder.adopt(path, generation)
                self._set_due()
            else:
                self._put_off()
                log.warning("the snapshot was not written: its process ended with %d", code)
                self.folder.give_up(path)
        except OSError as error:
            self._put_off()
            log.warning("the snapshot can't take its place in %s: %s", self.folder.path, error.strerror)
        finally:
            self._snapshot = None

    def _parts(self) -> tuple[bytes, bytes, bytes]:
        """The snapshot: time and random numbers, store, upstream."""
        moment = pickle.dumps((self.world.clock.now(), self.world.rng.getstate()), pickle.HIGHEST_PROTOCOL)
        return moment, self._changes.dump(), self._upstream.dump()

    def _set_due(self) -> None:
        self._due = max(JOURNAL_BYTES, self.folder.snapshot_size)

    def _put_off(self) -> None:
        self._due = self.folder.size * 2
        self._calls.seconds = self._replayed = 0.0

    # -- end --------------------------------------------------------------------------------------------------

    async def finish(self) -> None:
        """A graceful end: everything into one snapshot. Raises OSError; what is in the folder stays valid then."""
        await self._abandon_snapshot()
        try:
            self.world.metrics.keep()
            self.commit()
            self.folder.finish(self._parts())
        finally:
            self.close()

    async def _abandon_snapshot(self) -> None:
        if self._snapshot is not None:
            if self._child is not None:
                os.kill(self._child, signal.SIGKILL)
            await self._snapshot

    def close(self) -> None:
        """Write nothing any more; give the folder up."""
        if self.world.commit is not None:
            self.world.commit = self.world.has_room = None
            self._changes.stop()
            self._upstream.end_journal()
            if self._refusing:
                self._accept_writes()
        self.folder.release()


def _why(error: OSError) -> str:
    return error.strerror or str(error)
