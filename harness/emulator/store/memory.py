"""The store in memory: named tables, logs inside tables, one pickle for a snapshot."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

from harness.emulator.store.deep import with_room
from harness.emulator.store.table import Table


class Store:
    """All durable state of a world, by table name (`kinesis.streams`). Logs and blobs are values of tables."""

    def __init__(self) -> None:
        self._tables: dict[str, Table[Any, Any]] = {}
        self._made: Callable[[str, Table[Any, Any]], None] | None = None

    def table(self, name: str) -> Table[Any, Any]:
        """The table of that name, made on first use. Services keep the object: a restore refills it in place."""
        if name not in self._tables:
            table: Table[Any, Any] = Table()
            self._tables[name] = table
            if self._made is not None:
                self._made(name, table)
        return self._tables[name]

    def each_table(self, visit: Callable[[str, Table[Any, Any]], None]) -> None:
        """Call `visit` with every table, and with every one that is made later."""
        for name, table in self._tables.items():
            visit(name, table)
        self._made = visit

    def rows(self) -> dict[str, list[tuple[Any, Any]]]:
        """The rows of every table that has some."""
        return {name: table.items() for name, table in self._tables.items() if len(table)}

    def dump(self) -> bytes:
        """Everything, as one pickle."""
        return with_room(lambda: pickle.dumps(self.rows(), protocol=pickle.HIGHEST_PROTOCOL))

    def load(self, state: bytes | None) -> None:
        """Replace everything; None empties. Raises what pickle raises, before anything is replaced."""
        self.replace(pickle.loads(state) if state else {})

    def replace(self, rows: dict[str, list[tuple[Any, Any]]]) -> None:
        """Replace everything by these rows."""
        for table in self._tables.values():
            for key in table.keys():  # noqa: SIM118 (a copy: the table shrinks)
                table.delete(key)
        for name, items in rows.items():
            table = self.table(name)
            for key, value in items:
                table.put(key, value)
