"""The ring of the trace: bounded, counted, cleared; and what an id must look like."""

from __future__ import annotations

import pytest

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.clock import Clock
from harness.emulator.services.kinesis import sequence
from harness.emulator.trace import Trace, events, recorder
from harness.emulator.trace.ranges import ranges_of
from harness.emulator.trace.recorder import place_of


@pytest.fixture
def trace() -> Trace:
    return Trace(Clock("manual", start=1000.0))


def call(request_id: str = "r-1", headers: list[tuple[str, str]] | None = None) -> Call:
    http = HttpRequest("POST", "/", headers) if headers is not None else None
    return Call("kinesis", "PutRecords", {}, Caller(), request_id, http)


@pytest.mark.parametrize("text", ["", "49", "x" * 56, "4" * 55, "４" * 56])
def test_no_sequence_number(text: str) -> None:
    with pytest.raises(ValueError):
        place_of(text)


def test_a_sequence_number_is_read_as_kinesis_writes_it() -> None:
    tail = "7" * 22
    number = f"{sequence.prefix(1_700_000_000, 3)}{sequence.FIRST + 1 + 41}{tail}"
    assert place_of(number) == (tail, 3, 41)


def test_oldest_events_are_forgotten_and_counted(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_EVENTS", 3)
    for index in range(5):
        trace.answered(f"r-{index}", "REST API a", "GET", "/", 200)
    assert (len(trace.events), trace.forgotten) == (3, 2)
    assert events.event_of(trace.events[0]) == events.Answered(1000.0, "r-2", "REST API a", "GET", "/", 200)


def test_scattered_numbers_are_bounded_too(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_BORDERS", 100)
    for index in range(10):
        trace.batched(
            "arn", "stream", f"b-{index}", "partition/a", ranges_of(list(range(0, 40, 2)))
        )  # 20 ranges: 40 borders
    assert (len(trace.events), trace.forgotten) == (2, 8)


def test_one_event_may_exceed_the_bound_alone(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_BORDERS", 10)
    trace.batched("arn", "stream", "b", "partition/a", ranges_of(list(range(0, 40, 2))))
    assert (len(trace.events), trace.forgotten) == (1, 0)


def test_clear_forgets_everything(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MOST_EVENTS", 1)
    trace.closed("arn", "stream")
    trace.closed("arn", "stream")
    trace.clear()
    assert (len(trace.events), trace.forgotten) == (0, 0)


def test_a_rule_that_found_nothing_to_do_is_no_hit(trace: Trace) -> None:
    trace.fault(call(), "fault-1")
    trace.fault(call(), "fault-2")
    trace.missed(call(), "fault-1")
    assert [events.event_of(row).rule for row in trace.events] == ["fault-2"]  # type: ignore[union-attr]


def test_a_delivery_to_a_sink_is_known_by_firehoses_request_id(trace: Trace) -> None:
    trace.fault(call("internal", [("x-amz-firehose-request-id", "batch-1")]), "fault-1")
    assert events.event_of(trace.events[0]) == events.FaultHit(1000.0, "fault-1", "kinesis", "PutRecords", "batch-1")


def test_a_functions_calls_are_known_by_its_xray_root(trace: Trace) -> None:
    header = [("x-amzn-trace-id", "Root=1-2-3;Parent=4;Sampled=0")]
    trace.appended(call(headers=header), "arn", "7" * 22, "4" * 18, 0, 1)  # nothing ran yet: nobody looks
    trace.ran("r-2", "function", "", "Root=1-2-3;Parent=9;Sampled=0")
    trace.appended(call(headers=header), "arn", "7" * 22, "4" * 18, 1, 2)
    before, ran, after = (events.event_of(row) for row in trace.events)
    assert isinstance(before, events.Appended) and isinstance(after, events.Appended)
    assert isinstance(ran, events.Ran)
    assert (before.cause, after.cause) == ("", ran.cause)


def test_nothing_is_noted_for_nothing(trace: Trace) -> None:
    trace.put(call(), "arn", "stream", 0, 0)
    trace.split("arn", "stream", [])
    trace.processed("arn", "stream", "b", {}, [])
    trace.discarded("mapping", [], "dropped", "the mapping's filter")
    assert not trace.events
