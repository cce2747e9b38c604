"""A store rebuilt from its changes is the store, whatever was done to it and wherever it was cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.store import Log, Store, log
from harness.emulator.store.changes import Changes, Rebuild


@dataclass(slots=True)
class Buffer:
    """A row with a log inside, as Firehose's buffers."""

    records: Log[int] = field(default_factory=Log)
    size: int = 0


def content(store: Store) -> dict[str, list[tuple[Any, Any]]]:
    """What is in a store, in order."""
    return {name: [(key, _plain(value)) for key, value in rows] for name, rows in sorted(store.rows().items()) if rows}


def _plain(value: Any) -> Any:
    if isinstance(value, Buffer):
        return (_plain(value.records), value.size)
    if isinstance(value, Log):
        return (value.first, value.read(value.first, len(value)))
    return value


keys = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), keys, st.integers()),
        st.tuples(st.just("put log"), keys, st.just(0)),
        st.tuples(st.just("put buffer"), keys, st.integers(0, 3)),
        st.tuples(st.just("delete"), keys, st.just(0)),
        st.tuples(st.just("append"), keys, st.integers(0, 99)),
        st.tuples(st.just("extend"), keys, st.integers(0, 9)),
        st.tuples(st.just("trim"), keys, st.integers(0, 20)),
        st.tuples(st.just("move"), keys, keys),
        st.tuples(st.just("new table"), keys, st.integers()),
        st.tuples(st.just("take"), st.just(0), st.just(0)),
        st.tuples(st.just("snapshot"), st.just(0), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("empty"), st.just(0), st.just(0)),
    ),
    min_size=20,
    max_size=60,
)


class Durable:
    """A store with everything that was ever written of it."""

    def __init__(self) -> None:
        self.snapshot: bytes | None = None
        self.entries: list[bytes] = []
        self.woken = 0
        self.store = Store()
        self.changes = Changes(self.store, {}, self.wake)

    def wake(self) -> None:
        self.woken += 1

    def take(self) -> None:
        taken = self.changes.take()
        if taken is not None:
            self.entries.append(taken)

    def turn(self) -> None:
        self.take()
        self.snapshot, self.entries = self.changes.dump(), []

    def rebuilt(self) -> tuple[Store, dict[int, Log[Any]]]:
        store = Store()
        rebuild = Rebuild(store)
        if self.snapshot is not None:
            rebuild.load(self.snapshot)
        for entry in self.entries:
            rebuild.apply(entry)
        return store, rebuild.logs

    def restart(self) -> None:
        self.take()
        self.store, logs = self.rebuilt()
        self.changes = Changes(self.store, logs, self.wake)


@settings(max_examples=400, deadline=None)
@given(steps, st.integers(1, 5))
def test_a_rebuilt_store_is_the_store(actions: list[tuple[str, int, Any]], compact: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_COMPACT", compact)
        durable = Durable()
        for action, key, argument in actions:
            _do(durable, action, key, argument)
            if action in ("take", "snapshot", "restart"):
                assert content(durable.rebuilt()[0]) == content(durable.store)
        durable.take()
        assert content(durable.rebuilt()[0]) == content(durable.store)


def _do(durable: Durable, action: str, key: int, argument: Any) -> None:
    rows = durable.store.table("rows")
    value = rows.get(key)
    entries = value.records if isinstance(value, Buffer) else value
    if action == "put":
        rows.put(key, argument)
    elif action == "put log":
        rows.put(key, Log())
    elif action == "put buffer":
        buffer = value if isinstance(value, Buffer) else Buffer()
        buffer.size += argument
        buffer.records.extend(range(argument))
        rows.put(key, buffer)
    elif action == "delete":
        rows.delete(key)
    elif action == "new table":
        durable.store.table(f"table {key}").put(key, argument)
    elif action == "move":
        if value is not None:
            rows.delete(key)
            rows.put(argument, value)
    elif action == "take":
        durable.take()
    elif action == "snapshot":
        durable.turn()
    elif action == "restart":
        durable.restart()
    elif action == "empty":
        durable.store.load(None)
    elif isinstance(entries, Log):
        if action == "append":
            entries.append(argument)
        elif action == "extend":
            entries.extend(range(argument))
        else:
            entries.trim(argument)


def test_rows_keep_their_places() -> None:
    durable = Durable()
    rows = durable.store.table("rows")
    for key in "abc":
        rows.put(key, key)
    durable.take()
    rows.delete("a")
    rows.put("d", "new")
    rows.put("a", "last")
    rows.put("b", "in its place")
    durable.take()
    expected = [("b", "in its place"), ("c", "c"), ("d", "new"), ("a", "last")]
    assert content(durable.store) == content(durable.rebuilt()[0]) == {"rows": expected}


def test_a_log_keeps_its_positions_however_it_was_trimmed() -> None:
    durable = Durable()
    entries: Log[int] = Log()
    durable.store.table("rows").put("log", entries)
    entries.extend(range(10))
    durable.take()
    entries.trim(4)
    durable.take()
    assert content(durable.rebuilt()[0]) == {"rows": [("log", (4, [4, 5, 6, 7, 8, 9]))]}
    entries.extend(range(10, 20))
    entries.trim(15)  # what was never written is gone
    durable.take()
    assert content(durable.rebuilt()[0]) == {"rows": [("log", (15, [15, 16, 17, 18, 19]))]}


def test_each_change_wakes_once_until_it_is_taken() -> None:
    durable = Durable()
    rows = durable.store.table("rows")
    entries: Log[int] = Log()
    rows.put("log", entries)
    rows.put("a", 1)
    assert durable.woken == 1
    durable.take()
    entries.append(1)
    entries.append(2)
    assert durable.woken == 2
    durable.take()
    assert durable.changes.take() is None


def test_a_log_is_not_written_again_with_its_row() -> None:
    durable = Durable()
    buffer = Buffer()
    buffer.records.extend(range(10_000))
    durable.store.table("rows").put("b", buffer)
    durable.take()
    buffer.records.append(1)
    buffer.size += 1
    durable.store.table("rows").put("b", buffer)
    durable.take()
    assert len(durable.entries[1]) < 400 < len(durable.entries[0])


def test_what_does_not_pickle_is_told_and_kept() -> None:
    durable = Durable()
    rows = durable.store.table("rows")
    rows.put("bad", lambda: None)
    rows.put("good", 1)
    for _ in range(2):
        with pytest.raises((AttributeError, TypeError, Exception), match="pickle"):
            durable.changes.take()
    rows.delete("bad")
    durable.take()
    assert content(durable.rebuilt()[0]) == {"rows": [("good", 1)]}
