"""What changed in a store, as bytes that bring another store to the same state.

`Changes` watches a store and notes which rows and logs change; `take` turns what they are by then into bytes. Taken
between two steps of the event loop, that is a consistent cut, whatever happened in which order since the last one.
`Rebuild` is the way back.

A log is not written again and again with the row that holds it: it has a number, rows refer to that, and only new items
and the trimmed front are written. Rows that were changed in place without `put` are not noticed.
"""

from __future__ import annotations

import copyreg
import io
import pickle
from collections.abc import Callable
from typing import Any

from harness.emulator.store.deep import with_room
from harness.emulator.store.log import Log
from harness.emulator.store.memory import Store
from harness.emulator.store.table import Table

_PUT, _PUT_ANEW, _DELETED = range(3)
"""What became of a row: changed in its place, put at the end (again), gone."""

_Delta = tuple[int, int, int, list[Any]]
"""Number of a log, its first position, the position of the first of its new items, these items."""


class _LogChanges:
    """The watcher of one log: its number, and the position up to which its items are written."""

    __slots__ = ("changed", "noticed", "number", "written")

    def __init__(self, number: int, written: int, changed: list[Log[Any]]) -> None:
        self.number = number
        self.written = written
        self.changed = changed
        self.noticed = False

    def __call__(self, log: Log[Any]) -> None:
        if not self.noticed:
            self.noticed = True
            self.changed.append(log)


class Changes:
    """The changes of `store` from now on. `wake` is called at the first one after each `take`.

    `logs` are the logs that what was written before refers to, by number.
    """

    def __init__(self, store: Store, logs: dict[int, Log[Any]], wake: Callable[[], None]) -> None:
        self._store = store
        self._wake = wake
        self._rows: dict[str, tuple[Table[Any, Any], dict[Any, bool]]] = {}
        self._logs = _WakingList(self._woken)
        self._awake = False
        self._next = 1 + max(logs, default=0)
        for number, log in logs.items():
            log.watcher = _LogChanges(number, log.end, self._logs)
        store.each_table(self._watch)

    def take(self) -> bytes | None:
        """Everything that changed since the last time; None for nothing. Raises what pickle raises, and then the
        changes are still there."""
        if not self._awake:
            return None
        written = with_room(self._written)
        for _, keys in self._rows.values():
            keys.clear()
        for log in self._logs:
            watcher = _watcher(log)
            watcher.written = log.end
            watcher.noticed = False
        self._logs.clear()
        self._awake = False
        return written

    def _written(self) -> bytes:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, pickle.HIGHEST_PROTOCOL)
        pickler.dispatch_table = {**copyreg.dispatch_table, Log: self._refer}
        # Rows first: they may hold logs that nobody knew of.
        pickler.dump(
            [(name, self._changed(table, keys)) for name, (table, keys) in self._rows.items() if keys]
        )  # the rows' values are as they are now
        pickler.dump([_delta(log) for log in self._logs])
        return out.getvalue()

    def dump(self) -> bytes:
        """The whole store, for `Rebuild.load`. Only when nothing has changed since `take`."""
        assert not self._awake
        return with_room(self._dumped)

    def _dumped(self) -> bytes:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, pickle.HIGHEST_PROTOCOL)
        pickler.dispatch_table = {**copyreg.dispatch_table, Log: self._contain}
        pickler.dump(self._store.rows())
        return out.getvalue()

    def stop(self) -> None:
        """Watch no longer. Logs keep their watchers, which nobody reads."""
        self._store.each_table(lambda name, table: setattr(table, "watcher", None))

    # -- watching ---------------------------------------------------------------------------------------------

    def _watch(self, name: str, table: Table[Any, Any]) -> None:
        keys: dict[Any, bool] = {}
        self._rows[name] = (table, keys)

        def note(key: Any, gone: bool, new: bool) -> None:
            """Keys stay in the order in which rows got their places; True: what was there before goes first."""
            if gone:
                keys.pop(key, None)
                keys[key] = True
            elif new:
                keys[key] = keys.pop(key, False)
            else:
                keys.setdefault(key, False)
            if not self._awake:
                self._woken()

        table.watcher = note

    def _woken(self) -> None:
        if not self._awake:
            self._awake = True
            self._wake()

    # -- writing ----------------------------------------------------------------------------------------------

    @staticmethod
    def _changed(table: Table[Any, Any], keys: dict[Any, bool]) -> list[tuple[Any, ...]]:
        return [
            (key, _PUT_ANEW if anew else _PUT, table.get(key)) if key in table else (key, _DELETED)
            for key, anew in keys.items()
        ]

    def _refer(self, log: Log[Any]) -> tuple[Any, ...]:
        watcher = log.watcher
        if not isinstance(watcher, _LogChanges) or watcher.changed is not self._logs:
            watcher = log.watcher = _LogChanges(self._next, log.first, self._logs)
            self._next += 1
            watcher(log)
        return _numbered, (watcher.number,)

    def _contain(self, log: Log[Any]) -> tuple[Any, ...]:
        return _numbered, (_watcher(log).number, log.first, log.read(log.first, len(log)))


class _WakingList(list[Log[Any]]):
    """The logs that changed; the first one wakes."""

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    def append(self, log: Log[Any]) -> None:
        super().append(log)
        self._wake()


class Rebuild:
    """Brings a store to a written state: `load` once, then `apply` in the order of `take`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.logs: dict[int, Log[Any]] = {}

    def load(self, state: bytes) -> None:
        """Take over what `Changes.dump` gave. Raises what pickle raises."""
        self._store.replace(_Unpickler(io.BytesIO(state), self._log).load())

    def apply(self, changes: bytes) -> None:
        """Take over what `Changes.take` gave. Raises what pickle raises."""
        unpickler = _Unpickler(io.BytesIO(changes), self._log)
        tables: list[tuple[str, list[tuple[Any, ...]]]] = unpickler.load()
        deltas: list[_Delta] = unpickler.load()
        for name, rows in tables:
            table = self._store.table(name)
            for key, what, *value in rows:
                if what != _PUT:
                    table.delete(key)
                if what != _DELETED:
                    table.put(key, value[0])
        for number, first, position, items in deltas:
            log = self._log(number)
            if position != log.end:  # what is missing was trimmed before it was written
                log.restart(position)
            log.extend(items)
            log.trim(first)

    def _log(self, number: int, first: int = 0, items: list[Any] | None = None) -> Log[Any]:
        log = self.logs.get(number)
        if log is None:
            log = self.logs[number] = Log.holding(first, items if items is not None else [])
        return log


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, log: Callable[..., Log[Any]]) -> None:
        super().__init__(file)
        self._log = log

    def find_class(self, module: str, name: str) -> Any:
        if name == _numbered.__name__ and module == __name__:
            return self._log
        return super().find_class(module, name)


def _numbered(number: int, *content: Any) -> Log[Any]:
    """Stands in a pickle for a log; the unpickler puts its own look-up in its place."""
    raise pickle.UnpicklingError(f"log {number} outside of a rebuild")


def _watcher(log: Log[Any]) -> _LogChanges:
    watcher = log.watcher
    assert isinstance(watcher, _LogChanges)
    return watcher


def _delta(log: Log[Any]) -> _Delta:
    position = max(_watcher(log).written, log.first)
    return (_watcher(log).number, log.first, position, log.read(position, log.end - position))
