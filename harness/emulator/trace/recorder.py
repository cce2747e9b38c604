"""Notes hops in a bounded ring. One tuple per batch and step: what it costs does not depend on the records in it.

Nothing here survives the process, a restore or a reset. What was forgotten to bound memory is counted.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from harness.emulator.trace import events
from harness.emulator.trace.events import FIRST_POSITION, Row
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


class Place(NamedTuple):
    """Where a record of Kinesis is: the stream's own digits, the shard's index, the position in its log."""

    tail: str
    shard: int
    position: int

    def shares_shard(self, tail: str, shard: int) -> bool:
        return self.tail == tail and self.shard == shard


def place_of(sequence_number: str) -> Place:
    """What a sequence number of ours stands for (`services/kinesis/sequence.py`). Raises ValueError for others."""
    if len(sequence_number) != 56 or not (sequence_number.isascii() and sequence_number.isdecimal()):
        raise ValueError(sequence_number)
    position = int(sequence_number[_POSITION]) - FIRST_POSITION
    return Place(sequence_number[_TAIL], int(sequence_number[_HEAD]), position)


# Plain numbers for the kinds: what is noted refers to nothing that the garbage collector would have to visit.
APPENDED = events.KINDS.index(events.Appended)
FETCHED = events.KINDS.index(events.Fetched)
PUT = events.KINDS.index(events.Put)
TAKEN = events.KINDS.index(events.Taken)
SPLIT = events.KINDS.index(events.Split)
BATCHED = events.KINDS.index(events.Batched)
ATTEMPTED = events.KINDS.index(events.Attempted)
PROCESSED = events.KINDS.index(events.Processed)
LOST = events.KINDS.index(events.Lost)
CLOSED = events.KINDS.index(events.Closed)
CONSUMED = events.KINDS.index(events.Consumed)
DISCARDED = events.KINDS.index(events.Discarded)
ANSWERED = events.KINDS.index(events.Answered)
CALLED = events.KINDS.index(events.Called)
RAN = events.KINDS.index(events.Ran)
ASYNC_ENDED = events.KINDS.index(events.AsyncEnded)
FAULT_HIT = events.KINDS.index(events.FaultHit)


class Trace:
    """The hops of one world. Services call the method named for what they have just done."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.events: deque[Row] = deque()
        self.forgotten = 0
        """Events that were dropped to bound memory."""
        self._borders = 0
        self._functions_ran = False

    def clear(self) -> None:
        """Forget everything: the world was emptied or replaced."""
        self.events.clear()
        self.forgotten = 0
        self._borders = 0

    # -- Kinesis ----------------------------------------------------------------------------------------------

    def appended(self, call: Call, arn: str, tail: str, head: str, first: int, end: int) -> None:
        now, caller, cause = self._clock.now(), call.caller.service or "", self._cause(call)
        self._note((APPENDED, 0, now, call.request_id, arn, tail, head, first, end, caller, cause))

    def fetched(self, call: Call, tail: str, shard: int, first: int, end: int) -> None:
        now, caller = self._clock.now(), call.caller
        service, source = caller.service or "", caller.source_arn or ""
        self._note((FETCHED, 0, now, call.request_id, tail, shard, first, end, service, source))

    # -- Firehose ---------------------------------------------------------------------------------------------

    def put(self, call: Call, arn: str, stream: str, first: int, count: int) -> None:
        if count:
            now, caller, cause = self._clock.now(), call.caller.service or "", self._cause(call)
            self._note((PUT, 0, now, call.request_id, arn, stream, first, first + count, caller, cause))

    def taken(
        self, arn: str, stream: str, sequence: str, read: int, first: int, end: int, starts: list[int] | None
    ) -> None:
        """`sequence` is the first read record's sequence number."""
        parts = tuple(starts) if starts is not None else None
        self._note((TAKEN, 0, self._clock.now(), arn, stream, sequence, read, first, end, parts))

    def split(self, arn: str, stream: str, parts: list[int]) -> None:
        if parts:
            self._note((SPLIT, len(parts), self._clock.now(), arn, stream, tuple(parts)))

    def batched(self, arn: str, stream: str, batch: str, stage: str, ranges: Ranges[int]) -> None:
        self._note((BATCHED, len(ranges), self._clock.now(), arn, stream, batch, stage, ranges))

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
        self._note((ATTEMPTED, 0, now, batch, kind, target, attempt, request_id, invocation_id, result))

    def processed(self, arn: str, stream: str, batch: str, failed: dict[str, list[int]], dropped: list[int]) -> None:
        """`failed`: numbers of records by error code."""
        if not failed and not dropped:
            return
        by_code = tuple((code, ranges_of(numbers)) for code, numbers in failed.items())
        gone = ranges_of(dropped)
        borders = len(gone) + sum([len(ranges) for _, ranges in by_code])
        self._note((PROCESSED, borders, self._clock.now(), arn, stream, batch, by_code, gone))

    def lost(self, batch: str, fate: str, why: str) -> None:
        self._note((LOST, 0, self._clock.now(), batch, fate, why))

    def closed(self, arn: str, stream: str) -> None:
        self._note((CLOSED, 0, self._clock.now(), arn, stream))

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
        row = (CONSUMED, len(ranges), now, mapping, function, tail, shard, ranges, request_id, attempt, result, done)
        self._note(row)

    def discarded(self, mapping: str, sequences: list[str], fate: str, why: str, place: str = "") -> None:
        if sequences:
            tail, shard, ranges = _places(sequences)
            now = self._clock.now()
            self._note((DISCARDED, len(ranges), now, mapping, tail, shard, ranges, fate, why, place))

    def ran(self, request_id: str, function: str, caller: str, cause: str) -> None:
        self._functions_ran = True
        self._note((RAN, 0, self._clock.now(), request_id, function, caller, _root(cause)))

    def async_ended(
        self, request_id: str, function: str, attempt: int, result: str, fate: str = "", place: str = ""
    ) -> None:
        now = self._clock.now()
        self._note((ASYNC_ENDED, 0, now, request_id, function, attempt, result, fate, place))

    # -- API Gateway ------------------------------------------------------------------------------------------

    def answered(self, request_id: str, api: str, method: str, path: str, status: int) -> None:
        self._note((ANSWERED, 0, self._clock.now(), request_id, api, method, path, status))

    def called(self, cause: str, request_id: str, service: str, operation: str) -> None:
        self._note((CALLED, 0, self._clock.now(), cause, request_id, service, operation))

    # -- faults -----------------------------------------------------------------------------------------------

    def fault(self, call: Call, rule: str) -> None:
        """A rule fired on the call. A delivery to a sink goes by the id that Firehose gave the request."""
        request_id = call.request_id
        if call.http is not None:
            request_id = call.http.header("x-amz-firehose-request-id") or request_id
        self._note((FAULT_HIT, 0, self._clock.now(), rule, call.service, call.operation, request_id))

    def missed(self, call: Call, rule: str) -> None:
        """The rule found nothing to do there: as if it had not fired."""
        for place in range(len(self.events) - 1, -1, -1):
            row = self.events[place]
            if row[0] == FAULT_HIT and (row[3], row[5]) == (rule, call.operation):
                del self.events[place]
                return

    # -- the ring ---------------------------------------------------------------------------------------------

    def _note(self, row: Row) -> None:
        noted = self.events
        noted.append(row)
        self._borders += row[1]
        while len(noted) > MOST_EVENTS or (self._borders > MOST_BORDERS and len(noted) > 1):
            self._borders -= noted.popleft()[1]
            self.forgotten += 1

    def _cause(self, call: Call) -> str:
        """Which invocation a call comes from, by the header that SDKs send from inside a function; empty for others."""
        request = call.http
        if self._functions_ran and request is not None:
            for name, value in request.headers:
                if name == XRAY_HEADER:
                    return _root(value)
        return ""


def _root(header: str) -> str:
    return header.partition(";")[0]


def _places(sequences: list[str]) -> tuple[str, int, Ranges[int]]:
    tail, shard, _ = place_of(sequences[0])
    return tail, shard, ranges_of([int(sequence[_POSITION]) - FIRST_POSITION for sequence in sequences])
