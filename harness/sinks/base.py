"""What a sink is: a place where records end, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harness.sinks.fates import Fate

__all__ = ["Found", "Reading", "Sink"]


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of content found in a sink.

    `place` names the object, request, queue, log stream or table; within it, what was found first stands first. `fate`
    overrides the sink's own. `single`: this is one record, so an identity that stands in it twice counts once; else the
    content may be several records that nothing separates.
    """

    content: bytes
    place: str
    fate: Fate | None = None
    single: bool = True


@dataclass(slots=True)
class Reading:
    """Everything that a sink holds. `troubles` are sentences about what could not be read: then it is not drained."""

    found: list[Found] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


class Sink(Protocol):
    """A place where records end. Reading it again gives everything again."""

    @property
    def name(self) -> str: ...

    @property
    def fate(self) -> Fate:
        """Where a record that is found here has ended."""

    def read(self) -> Reading:
        """Read all of it. An exception means that it could not be read at all."""


def no_duplicates(names: Sequence[str]) -> None:
    """Raise ValueError when two sinks have one name: a report could not tell them apart."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two sinks are named {name!r}; a sink that is read twice would count everything twice")
