"""Where a record can end (law 5)."""

from __future__ import annotations

from typing import Literal, get_args

Fate = Literal[
    "delivered", "processing-failed", "delivery-failed", "dropped", "dead-lettered", "expired", "buffered", "copy"
]
"""`copy` is no fate: a source backup holds a second copy of a record that ends somewhere else."""

FATES: tuple[Fate, ...] = get_args(Fate)

UNSEEN: frozenset[Fate] = frozenset({"dropped", "expired"})
"""Fates that leave nothing to find: only a declaration tells them from a loss."""
