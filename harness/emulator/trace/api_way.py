"""The way of a request to a deployed API, and of a Lambda invocation: what they wrote where."""

from __future__ import annotations

from harness.emulator.trace import events, firehose_way, kinesis_way
from harness.emulator.trace.causes import (
    Write,
    describe_answer,
    describe_call,
    describe_run,
    describe_written,
    written,
)
from harness.emulator.trace.index import Index
from harness.emulator.trace.journey import BUFFERED, DELIVERED, REFUSED, Journey

MOST_RECORDS = 25
"""Records of one request that are followed to their end; of more, the journey says how many there were."""


def follow_request(index: Index, request_id: str, journey: Journey) -> None:
    """A request by the id that its answer carried."""
    answered = [event for event in index.all(events.Answered) if event.request_id == request_id]
    for event in answered:
        describe_answer(index, event, journey)
    for call in index.all(events.Called):
        if call.cause == request_id and call.service != "execute-api":
            describe_call(index, call, journey)
            follow_invocation(index, call.request_id, journey)
            _follow_written(index, written(index, request_id=call.request_id), journey)
    if answered and not journey.fates:
        event = answered[0]
        journey.fate(REFUSED if event.status >= 400 else DELIVERED, event.api, why=f"answered {event.status}")


def follow_invocation(index: Index, request_id: str, journey: Journey) -> None:
    """A Lambda invocation: its run, what its code wrote, and what became of an asynchronous event."""
    for run in index.all(events.Ran):
        if run.request_id == request_id:
            describe_run(index, run, journey)
            _follow_written(index, written(index, cause=run.cause), journey)
    ends = [event for event in index.all(events.AsyncEnded) if event.request_id == request_id]
    for end in ends:
        text = f"attempt {end.attempt} of the asynchronous event: {end.result or 'ok'}"
        more = {"request_id": request_id, "attempt": end.attempt, "target": end.place}
        journey.hop(end.time, 4, "lambda", end.fate or "retry", text, index.faults(request_id), **more)
    if ends:
        last = ends[-1]
        more = {"where": last.place} if last.fate else {"why": f"attempt {last.attempt}: {last.result}"}
        journey.fate(last.fate or BUFFERED, last.function, **more)


def _follow_written(index: Index, writes: list[Write], journey: Journey) -> None:
    left = MOST_RECORDS
    for event in writes:
        for number in range(event.first, min(event.end, event.first + left)):
            left -= 1
            if isinstance(event, events.Put):
                firehose_way.follow(index, event.stream, number, journey)
            else:
                kinesis_way.follow(index, event.sequence_number(number), journey, back=False)
        if event.end - event.first > 1:
            describe_written(index, event, journey)
