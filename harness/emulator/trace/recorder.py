"""Notes hops in a bounded ring. One tuple per batch and step: what it costs does not depend on the records in it.

Nothing here survives the process, a restore or a reset. What was forgotten to bound memory is counted.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from harness.emulator.trace import events
from harness.emulator.trace.events import FIRST_POSITION, Event
from harness.emulator.trace.ranges import Ranges, ranges_of

if TYPE_CHECKING:
    from harness.emulator.call import Call
    from harness.emulator.clock import Clock

MOST_EVENTS = 50_000
MOST_BORDERS = 2_000_000
"""Borders of number ranges (8 bytes each) in all events together: scattered numbers need many."""

XRAY_HEADER = "x-amzn-trace-id"
"""AWS's SDKs send it from inside a function: it tells which invocation a call belongs to."""

_POSITION = slice(18, 34)
_HEAD = slice(12, 18)
_TAIL = slice(34, 56)


def place_of(sequence_number: str) -> tuple[str, int, int]:
    """The stream's own digits, the shard's index and the record's position that a sequence number of ours stands for
    (`services/kinesis/sequence.py`). Raises ValueError for what is none."""
    if len(sequence_number) != 56 or not (sequence_number.isascii() and sequence_number.isdecimal()):
        raise ValueError(sequence_number)
    return sequence_number[_TAIL], int(sequence_number[_HEAD]), int(sequence_number[_POSITION]) - FIRST_POSITION


class Trace:
    """The hops of one world. Services call the method named for what they have just done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.events: deque[Event] = deque()
        self.forgotten = 0
        """Events that were dropped to bound memory."""
        self._borders = 0

    def clear(self) -> None:
        """Forget everything: the world was emptied or replaced."""
        self.events.clear()
        self.forgotten = 0
        self._borders = 0

    # -- Kinesis ----------------------------------------------------------------------------------------------

    def appended(self, call: Call, arn: str, tail: str, head: str, first: int, end: int) -> None:
        caller = call.caller.service or ""
        self._note(
            events.Appended(self._clock.now(), call.request_id, arn, tail, head, first, end, caller, cause_of(call))
        )

    def fetched(self, call: Call, tail: str, shard: int, first: int, end: int) -> None:
        caller = call.caller
        self._note(
            events.Fetched(
                self._clock.now(),
                call.request_id,
                tail,
                shard,
                first,
                end,
                caller.service or "",
                caller.source_arn or "",
            )
        )

    # -- Firehose ---------------------------------------------------------------------------------------------

    def put(self, call: Call, arn: str, stream: str, first: int, count: int) -> None:
        caller = call.caller.service or ""
        if count:
            now = self._clock.now()
            end = first + count
            self._note(events.Put(now, call.request_id, arn, stream, first, end, caller, cause_of(call)))

    def taken(
        self, arn: str, stream: str, sequence: str, read: int, first: int, end: int, starts: list[int] | None
    ) -> None:
        """`sequence` is the first read record's sequence number."""
        parts = tuple(starts) if starts is not None else None
        self._note(events.Taken(self._clock.now(), arn, stream, sequence, read, first, end, parts))

    def split(self, arn: str, stream: str, parts: list[int]) -> None:
        if parts:
            self._note(events.Split(self._clock.now(), arn, stream, tuple(parts)), len(parts))

    def batched(self, arn: str, stream: str, batch: str, stage: str, numbers: list[int]) -> None:
        ranges = ranges_of(numbers)
        self._note(events.Batched(self._clock.now(), arn, stream, batch, stage, ranges), len(ranges))

    def attempted(
        self,
        batch: str,
        kind: str,
        target: str,
        attempt: int,
        *,
        request_id: str = "",
        invocation_id: str = "",
        result: str = "",
    ) -> None:
        now = self._clock.now()
        self._note(events.Attempted(now, batch, kind, target, attempt, request_id, invocation_id, result))

    def processed(self, arn: str, stream: str, batch: str, failed: dict[str, list[int]], dropped: list[int]) -> None:
        """`failed`: numbers of records by error code."""
        if not failed and not dropped:
            return
        by_code = tuple((code, ranges_of(numbers)) for code, numbers in failed.items())
        gone = ranges_of(dropped)
        borders = len(gone) + sum([len(ranges) for _, ranges in by_code])
        self._note(events.Processed(self._clock.now(), arn, stream, batch, by_code, gone), borders)

    def lost(self, batch: str, fate: str, why: str) -> None:
        self._note(events.Lost(self._clock.now(), batch, fate, why))

    def closed(self, arn: str, stream: str) -> None:
        self._note(events.Closed(self._clock.now(), arn, stream))

    # -- Lambda -----------------------------------------------------------------------------------------------

    def consumed(
        self,
        mapping: str,
        function: str,
        sequences: list[str],
        request_id: str,
        attempt: int,
        result: str = "",
        done: int = 0,
    ) -> None:
        tail, shard, ranges = _places(sequences)
        now = self._clock.now()
        event = events.Consumed(now, mapping, function, tail, shard, ranges, request_id, attempt, result, done)
        self._note(event, len(ranges))

    def discarded(self, mapping: str, sequences: list[str], fate: str, why: str, place: str = "") -> None:
        if sequences:
            tail, shard, ranges = _places(sequences)
            now = self._clock.now()
            self._note(events.Discarded(now, mapping, tail, shard, ranges, fate, why, place), len(ranges))

    def ran(self, request_id: str, function: str, caller: str, cause: str) -> None:
        self._note(events.Ran(self._clock.now(), request_id, function, caller, _root(cause)))

    def async_ended(
        self, request_id: str, function: str, attempt: int, result: str, fate: str = "", place: str = ""
    ) -> None:
        now = self._clock.now()
        self._note(events.AsyncEnded(now, request_id, function, attempt, result, fate, place))

    # -- API Gateway ------------------------------------------------------------------------------------------

    def answered(self, request_id: str, api: str, method: str, path: str, status: int) -> None:
        self._note(events.Answered(self._clock.now(), request_id, api, method, path, status))

    def called(self, cause: str, request_id: str, service: str, operation: str) -> None:
        self._note(events.Called(self._clock.now(), cause, request_id, service, operation))

    # -- faults -----------------------------------------------------------------------------------------------

    def fault(self, call: Call, rule: str) -> None:
        """A rule fired on the call. A delivery to a sink goes by the id that Firehose gave the request."""
        request_id = call.request_id
        if call.http is not None:
            request_id = call.http.header("x-amz-firehose-request-id") or request_id
        self._note(events.FaultHit(self._clock.now(), rule, call.service, call.operation, request_id))

    def missed(self, call: Call, rule: str) -> None:
        """The rule found nothing to do there: as if it had not fired."""
        for place in range(len(self.events) - 1, -1, -1):
            event = self.events[place]
            if isinstance(event, events.FaultHit) and (event.rule, event.operation) == (rule, call.operation):
                del self.events[place]
                return

    # -- the ring ---------------------------------------------------------------------------------------------

    def _note(self, event: Event, borders: int = 0) -> None:
        noted = self.events
        noted.append(event)
        self._borders += borders
        while len(noted) > MOST_EVENTS or (self._borders > MOST_BORDERS and len(noted) > 1):
            self._borders -= _borders(noted.popleft())
            self.forgotten += 1


def cause_of(call: Call) -> str:
    """Which invocation a call comes from, by the header that SDKs send from inside a function; empty for others."""
    request = call.http
    if request is None:
        return ""
    for name, value in request.headers:
        if name == XRAY_HEADER:
            return _root(value)
    return ""


def _root(header: str) -> str:
    return header.partition(";")[0]


def _places(sequences: list[str]) -> tuple[str, int, Ranges[int]]:
    tail, shard, _ = place_of(sequences[0])
    return tail, shard, ranges_of([int(sequence[_POSITION]) - FIRST_POSITION for sequence in sequences])


def _borders(event: Event) -> int:
    """What `_note` was told when the event came."""
    if isinstance(event, events.Split):
        return len(event.parts)
    if isinstance(event, events.Processed):
        return len(event.dropped) + sum([len(ranges) for _, ranges in event.failed])
    if isinstance(event, events.Batched | events.Consumed | events.Discarded):
        return len(event.ranges)
    return 0
