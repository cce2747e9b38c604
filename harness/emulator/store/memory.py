"""The store in memory: named tables, logs inside tables, one pickle for a snapshot."""

from __future__ import annotations

import pickle
from typing import Any

from harness.emulator.store.table import Table


class Store:
    """All durable state of a world, by table name (`kinesis.streams`). Logs and blobs are values of tables."""

    def __init__(self) -> None:
        self._tables: dict[str, Table[Any, Any]] = {}

    def table(self, name: str) -> Table[Any, Any]:
        """The table of that name, made on first use. Services keep the object: a restore refills it in place."""
        if name not in self._tables:
            self._tables[name] = Table()
        return self._tables[name]

    def dump(self) -> bytes:
        """Everything, as one pickle."""
        rows = {name: table.items() for name, table in self._tables.items() if len(table)}
        return pickle.dumps(rows, protocol=pickle.HIGHEST_PROTOCOL)

    def load(self, state: bytes | None) -> None:
        """Replace everything; None empties. Raises what pickle raises, before anything is replaced."""
        rows: dict[str, list[tuple[Any, Any]]] = pickle.loads(state) if state else {}
        for table in self._tables.values():
            for key in table.keys():  # noqa: SIM118 (a copy: the table shrinks)
                table.delete(key)
        for name, items in rows.items():
            table = self.table(name)
            for key, value in items:
                table.put(key, value)
