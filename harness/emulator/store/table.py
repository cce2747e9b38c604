"""A named mapping of small values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """Keys to values, in insertion order. A value that was changed in place must be `put` again: that is the moment
    at which a durable store writes it. Keys and values must pickle.

    `watcher` is called before each change with the key, and whether its row goes away or is new (which gives it the
    last place); None while no durable store keeps the table.
    """

    def __init__(self) -> None:
        self._rows: dict[K, V] = {}
        self.watcher: Callable[[K, bool, bool], None] | None = None

    def get(self, key: K) -> V | None:
        return self._rows.get(key)

    def put(self, key: K, value: V) -> None:
        if self.watcher is not None:
            self.watcher(key, False, key not in self._rows)
        self._rows[key] = value

    def delete(self, key: K) -> V | None:
        """Remove and return the value; None if there was none."""
        if self.watcher is not None and key in self._rows:
            self.watcher(key, True, False)
        return self._rows.pop(key, None)

    def keys(self) -> list[K]:
        return list(self._rows)

    def values(self) -> list[V]:
        return list(self._rows.values())

    def items(self) -> list[tuple[K, V]]:
        return list(self._rows.items())

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[K]:
        return iter(list(self._rows))

    def __len__(self) -> int:
        return len(self._rows)
