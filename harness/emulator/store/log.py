"""An append-only sequence that can be trimmed at the front: a shard, a queue of pending records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")

# Trimmed items are freed in chunks: cutting a long list's front one by one would make trimming quadratic.
_COMPACT = 4096


class Watcher(Protocol):
    """Is told that a log has changed."""

    def __call__(self, log: Log[Any]) -> None: ...


class Log(Generic[T]):
    """Items at rising positions, from `first` (inclusive) to `end` (exclusive). Append and read cost the same
    however long the log is.

    `watcher` is called after each change while a durable store keeps the log; None while nobody does.
    """

    __slots__ = ("_base", "_items", "_start", "watcher")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._base = 0  # position of _items[0]
        self._start = 0  # trimmed items at the front of _items
        self.watcher: Watcher | None = None

    @classmethod
    def holding(cls, first: int, items: list[T]) -> Log[T]:
        """A log of `items`, the first one at position `first`."""
        log: Log[T] = cls()
        log._base = first
        log._items = items
        return log

    def __reduce__(self) -> tuple[Any, ...]:
        """What is in the log, without who watches it."""
        return Log.holding, (self.first, self._items[self._start :])

    @property
    def first(self) -> int:
        return self._base + self._start

    @property
    def end(self) -> int:
        return self._base + len(self._items)

    def append(self, item: T) -> int:
        """Add one item; returns its position."""
        self._items.append(item)
        if self.watcher is not None:
            self.watcher(self)
        return self._base + len(self._items) - 1

    def extend(self, items: Iterable[T]) -> None:
        self._items.extend(items)
        if self.watcher is not None:
            self.watcher(self)

    def read(self, position: int, limit: int) -> list[T]:
        """Up to `limit` items from `position` on (from `first` if that was trimmed)."""
        index = max(position, self.first) - self._base
        return self._items[index : index + limit]

    def at(self, position: int) -> T:
        """The item at `position`. Raises IndexError if it was trimmed or not yet written."""
        if not self.first <= position < self.end:
            raise IndexError(position)
        return self._items[position - self._base]

    def trim(self, position: int) -> None:
        """Forget everything before `position`."""
        self._start = min(max(position, self.first), self.end) - self._base
        if self._start >= _COMPACT or self._start == len(self._items):
            del self._items[: self._start]
            self._base += self._start
            self._start = 0
        if self.watcher is not None:
            self.watcher(self)

    def restart(self, first: int) -> None:
        """Become empty, with the next item at position `first`."""
        self._items = []
        self._base = first
        self._start = 0

    def __len__(self) -> int:
        return len(self._items) - self._start
