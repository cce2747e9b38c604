"""How far a consumer has come in each shard, and which shards may be read next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Checkpoint:
    """How far one shard was read. It pickles.

    `after` is the sequence number of the last record that is done with. Before the first one, reading begins at
    `start`: TRIM_HORIZON, AT_TIMESTAMP (`timestamp`, seconds since the epoch) or LATEST, of which `iterator` (taken at
    `iterator_at`) marks the place.
    """

    start: str = "TRIM_HORIZON"
    timestamp: float | None = None
    after: str | None = None
    iterator: str | None = None
    iterator_at: float = 0.0
    ended: bool = False
    parents: tuple[str, ...] = ()


def ready_shards(checkpoints: Mapping[str, Checkpoint]) -> list[str]:
    """The shards that have not ended and whose parents were read to their end; what was never known is no parent."""
    return [
        shard_id
        for shard_id, checkpoint in checkpoints.items()
        if not checkpoint.ended and all(p not in checkpoints or checkpoints[p].ended for p in checkpoint.parents)
    ]
