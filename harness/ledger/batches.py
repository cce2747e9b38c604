"""Cutting records into batches that an entry point takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from harness.ledger.entry_points import EntryPoint, Outgoing

T = TypeVar("T")


def batches(entry: EntryPoint, items: Iterable[T], outgoing: Callable[[T], Outgoing]) -> Iterator[list[T]]:
    """Batches in order, each as full as the entry point allows; an item that is too large alone is a batch alone."""
    batch: list[T] = []
    size = 0
    for item in items:
        record = outgoing(item)
        weight = len(record.data) + len(record.key.encode())
        if batch and (len(batch) >= entry.most_records or size + weight > entry.most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += weight
    if batch:
        yield batch
