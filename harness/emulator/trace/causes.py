"""What led to a record, and what a call or an invocation wrote."""

from __future__ import annotations

from itertools import chain

from harness.emulator.trace import events
from harness.emulator.trace.index import Index
from harness.emulator.trace.journey import Journey, records

Write = events.Appended | events.Put


def follow_back(index: Index, request_id: str, cause: str, journey: Journey) -> None:
    """What led to a call: the request to an API, or the function whose code made it."""
    for call in index.all(events.Called):
        if call.request_id == request_id:
            describe_call(index, call, journey)
            for event in index.all(events.Answered):
                if event.request_id == call.cause:
                    describe_answer(index, event, journey)
    if cause:
        for run in index.all(events.Ran):
            if run.cause == cause:
                describe_run(index, run, journey)
                follow_back(index, run.request_id, "", journey)


def describe_writes(index: Index, request_id: str, journey: Journey) -> None:
    """What the code of an invocation wrote into streams, without following it."""
    for run in index.all(events.Ran):
        if run.request_id == request_id:
            for event in written(index, cause=run.cause):
                describe_written(index, event, journey)


def written(index: Index, *, request_id: str = "", cause: str = "") -> list[Write]:
    return [
        event
        for event in chain[Write](index.all(events.Appended), index.all(events.Put))
        if (request_id and event.request_id == request_id) or (cause and event.cause == cause)
    ]


def describe_written(index: Index, event: Write, journey: Journey) -> None:
    """A write to a Kinesis or to a delivery stream."""
    if isinstance(event, events.Put):
        describe_put(index, event, journey)
    else:
        describe_append(index, event, journey)


def describe_put(index: Index, put: events.Put, journey: Journey) -> None:
    text = f"took {records(put.end - put.first)} from a put"
    faults = index.faults(put.request_id)
    journey.hop(put.time, 1, "firehose", "put", text, faults, stream=put.arn, request_id=put.request_id)


def describe_append(index: Index, event: events.Appended, journey: Journey, number: str = "") -> None:
    text = f"wrote {records(event.end - event.first)} to shard {event.shard}"
    faults = index.faults(event.request_id)
    more = {"stream": event.arn, "request_id": event.request_id, "sequence_number": number}
    journey.hop(event.time, 1, "kinesis", "put", text, faults, **more)


def describe_answer(index: Index, event: events.Answered, journey: Journey) -> None:
    faults = [
        rule
        for call in index.all(events.Called)
        if call.cause == event.request_id and call.service == "execute-api"
        for rule in index.faults(call.request_id)
    ]
    text = f"{event.api} answered {event.method} {event.path} with {event.status}"
    more = {"request_id": event.request_id, "status": event.status}
    journey.hop(event.time, 0, "apigateway", "request", text, faults, **more)


def describe_call(index: Index, call: events.Called, journey: Journey) -> None:
    text = f"called {call.service} {call.operation}".rstrip()
    faults = index.faults(call.request_id)
    journey.hop(call.time, 0, "apigateway", "call", text, faults, request_id=call.request_id, cause=call.cause)


def describe_run(index: Index, run: events.Ran, journey: Journey) -> None:
    text = f"ran {run.function}" + (f" for {run.caller}" if run.caller else "")
    journey.hop(run.time, 0, "lambda", "run", text, index.faults(run.request_id), request_id=run.request_id)
