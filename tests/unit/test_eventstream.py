"""Event streams as botocore's own parser reads them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer

from harness.emulator.call import StreamedResponse
from harness.emulator.errors import AwsError
from harness.emulator.spec.awsjson import JsonCodec
from harness.emulator.spec.eventstream import Event
from harness.emulator.spec.model import load_model
from harness.emulator.spec.rest import RestCodec

EMPTY: Event = ("SubscribeToShardEvent", {"Records": [], "ContinuationSequenceNumber": "1", "MillisBehindLatest": 0})


async def kinesis_events(failure: Exception | None = None) -> AsyncGenerator[Event]:
    yield EMPTY
    if failure is not None:
        raise failure


def messages(answer: object) -> list[tuple[dict[str, str], bytes]]:
    """The headers and payload of all messages of an answer."""
    assert isinstance(answer, StreamedResponse)
    assert ("Content-Type", "application/vnd.amazon.eventstream") in answer.headers

    async def read() -> bytes:
        pieces = []
        while True:
            try:
                pieces.append(await answer.chunks.__anext__())
            except StopAsyncIteration:
                await answer.chunks.aclose()
                return b"".join(pieces)

    buffer = EventStreamBuffer()
    buffer.add_data(asyncio.run(read()))
    return [(event.headers, event.payload) for event in buffer]


def subscribe(events: AsyncGenerator[Event], wire: str = "json") -> list[tuple[dict[str, str], bytes]]:
    codec = JsonCodec(load_model("kinesis"), wire)
    kind = f"application/x-amz-{wire}-1.1"
    return messages(codec.encode("SubscribeToShard", {"EventStream": events}, kind))


def test_an_initial_response_and_then_the_events() -> None:
    first, second = subscribe(kinesis_events())
    kind = "application/x-amz-json-1.1"
    assert first == ({":event-type": "initial-response", ":content-type": kind, ":message-type": "event"}, b"{}")
    assert second[0] == {":event-type": "SubscribeToShardEvent", ":content-type": kind, ":message-type": "event"}
    assert orjson.loads(second[1]) == EMPTY[1]


def test_cbor_callers_get_cbor_events() -> None:
    import cbor2

    first, second = subscribe(kinesis_events(), "cbor")
    assert first[0][":content-type"] == second[0][":content-type"] == "application/x-amz-cbor-1.1"
    assert cbor2.loads(second[1]) == EMPTY[1]


def test_a_modelled_error_is_an_exception_and_ends_the_stream() -> None:
    *_, (headers, payload) = subscribe(kinesis_events(AwsError("ResourceInUseException", "taken over")))
    assert (headers[":message-type"], headers[":exception-type"]) == ("exception", "ResourceInUseException")
    assert orjson.loads(payload) == {"message": "taken over"}


@pytest.mark.parametrize(
    ("failure", "code"),
    [(AwsError("AccessDeniedException", "no"), "AccessDeniedException"), (ValueError("bug"), "InternalFailure")],
)
def test_any_other_error_is_told_by_code(failure: Exception, code: str) -> None:
    *_, (headers, payload) = subscribe(kinesis_events(failure))
    assert (headers[":message-type"], headers[":error-code"], payload) == ("error", code, b"")
    assert "bug" not in headers[":error-message"]


def test_rest_events_with_a_raw_payload() -> None:
    async def events() -> AsyncGenerator[Event]:
        yield "PayloadChunk", {"Payload": b"\x00raw"}
        yield "InvokeComplete", {"LogResult": "bG9n"}

    result = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "EventStream": events()}
    answer = RestCodec(load_model("lambda")).encode("InvokeWithResponseStream", result)
    assert (answer.status, ("X-Amz-Executed-Version", "$LATEST") in answer.headers) == (200, True)
    chunk, complete = messages(answer)
    assert (chunk[0][":event-type"], chunk[0][":content-type"]) == ("PayloadChunk", "application/octet-stream")
    assert chunk[1] == b"\x00raw"
    assert complete[0][":event-type"] == "InvokeComplete"
    assert orjson.loads(complete[1]) == {"LogResult": "bG9n"}


def test_closing_an_answer_closes_the_events() -> None:
    async def close() -> bool:
        closed = False

        async def events() -> AsyncGenerator[Event]:
            nonlocal closed
            try:
                while True:
                    yield EMPTY
            finally:
                closed = True

        answer = JsonCodec(load_model("kinesis"), "json").encode("SubscribeToShard", {"EventStream": events()}, "t")
        assert isinstance(answer, StreamedResponse)
        await answer.chunks.__anext__()
        await answer.chunks.__anext__()
        await answer.chunks.aclose()
        return closed

    assert asyncio.run(close())
