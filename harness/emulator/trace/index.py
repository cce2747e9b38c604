"""The ring's events by what they are about: made anew for each question, in one pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeVar, cast, runtime_checkable

from harness.emulator.trace import events
from harness.emulator.trace.events import Event, Row, event_of
from harness.json_object import Json

E = TypeVar("E")


@runtime_checkable
class HoldsShards(Protocol):
    """What the Kinesis service tells about its logs (`services/kinesis/held.py`)."""

    def held(self, number: str) -> Json | None: ...
    def search(self, token: bytes, most: int, budget: int) -> tuple[list[str], int]: ...


class Numbered(NamedTuple):
    """A record of a delivery stream, which its RecordIds' prefix stands for."""

    stream: str
    number: int


class Held(NamedTuple):
    """A buffer or batch that holds a record. `moment` in epoch seconds: since when the buffer fills, or when the batch
    is attempted next (0.0: at once)."""

    stage: str
    is_batch: bool
    moment: float


@runtime_checkable
class HoldsBuffers(Protocol):
    """What the Firehose service tells about its buffers (`services/firehose/held.py`)."""

    def find_record(self, record_id: str) -> Numbered | None: ...
    def where(self, prefix: str, number: int) -> list[Held]: ...
    def search(self, token: bytes, most: int, budget: int) -> tuple[list[str], int]: ...


class Index:
    """Events by type and by the ids that join them."""

    def __init__(self, noted: Iterable[Row], kinesis: HoldsShards, firehose: HoldsBuffers) -> None:
        self.kinesis = kinesis
        self.firehose = firehose
        self._by_type: dict[type, list[Event]] = defaultdict(list)
        self._faults: dict[str, list[str]] = defaultdict(list)
        self._attempts: dict[str, list[events.Attempted]] = defaultdict(list)
        self._lost: dict[str, events.Lost] = {}
        for row in noted:
            event = event_of(row)
            self._by_type[type(event)].append(event)
            if isinstance(event, events.FaultHit):
                self._faults[event.request_id].append(event.rule)
            elif isinstance(event, events.Attempted):
                self._attempts[event.batch].append(event)
            elif isinstance(event, events.Lost):
                self._lost[event.batch] = event

    def all(self, kind: type[E]) -> list[E]:
        return cast("list[E]", self._by_type.get(kind, []))

    def faults(self, request_id: str) -> list[str]:
        """The rules that fired on a call."""
        return self._faults.get(request_id, [])

    def attempts(self, batch: str) -> list[events.Attempted]:
        return self._attempts.get(batch, [])

    def lost(self, batch: str) -> events.Lost | None:
        return self._lost.get(batch)
