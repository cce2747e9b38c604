"""Posting records one after the other: a client whose order is the same in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.ledger import HttpEntry, Outcome, Outgoing


@dataclass(frozen=True)
class PostOneByOne(HttpEntry):
    """A POST per record over one connection, on loopback: no certificates are loaded."""

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        import httpx

        with httpx.Client(timeout=65.0, trust_env=False, verify=False) as client:
            return [self._post(client, record.data)[0] for record in batch]
