"""A snapshot taken while records are under way: restored, it loses none of them and repeats none (law 4)."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.integration.full_stack import FullStack, data_of
from tests.integration.test_event_ingestion import batch, event

# Seconds after the first records: before the first read, in a buffer, between two buffers, after the delivery.
MOMENTS = [0, 1.5, 30, 75, 200]


@pytest.fixture
def save_and_restore(stack: FullStack, snapshots: None) -> Iterator[Callable[[], None]]:
    """Saves a snapshot, goes on to another state of affairs, and restores the snapshot."""
    name = f"under-way-{uuid.uuid4()}"

    def run() -> None:
        stack.aws.admin("PUT", f"snapshots/{name}")
        stack.aws.settle()
        stack.aws.admin("POST", f"snapshots/{name}")

    yield run
    stack.aws.admin("DELETE", f"snapshots/{name}")


@pytest.mark.parametrize("moment", MOMENTS)
def test_iot(stack: FullStack, save_and_restore: Callable[[], None], moment: float) -> None:
    """Kinesis source, function's buffer, destination's buffer: every reading is delivered once, in order."""
    readings = [json.dumps({"device_id": number}).encode() for number in range(20)]
    stack.put_records(stack.iot["stream_name"], readings[:10])
    stack.aws.advance(moment)
    save_and_restore()
    stack.put_records(stack.iot["stream_name"], readings[10:])
    stack.aws.settle()
    lines = stack.lines(stack.iot["bucket_name"], "data/")
    assert [line["device_id"] for line in lines] == list(range(20))


@pytest.mark.parametrize("moment", MOMENTS)
def test_log_relay(stack: FullStack, save_and_restore: Callable[[], None], moment: float) -> None:
    """Direct PUT, function's buffer, retries to the endpoint: every log is acknowledged once."""
    for number in range(5):
        stack.post(stack.log_relay["api_invoke_url"], {"id": number})
    stack.aws.advance(moment)
    save_and_restore()
    # What was delivered before the snapshot is not delivered again; the sink is no part of the snapshot.
    before = len(stack.deliveries()) if moment < 120 else 0
    for number in range(5, 10):
        stack.post(stack.log_relay["api_invoke_url"], {"id": number})
    stack.aws.settle()
    found = [json.loads(base64.b64decode(data))["id"] for data in data_of(stack.deliveries()[before:])]
    assert found == list(range(10))


@pytest.mark.parametrize("moment", MOMENTS)
def test_events(stack: FullStack, save_and_restore: Callable[[], None], moment: float) -> None:
    """The event source mapping goes on where it was: no event is processed twice or forgotten."""
    url = stack.events["batch_urls"]["orders"]
    stack.post(url, batch(*(event("orders", number) for number in range(5))))
    stack.aws.advance(moment)
    save_and_restore()
    stack.post(url, batch(*(event("orders", number) for number in range(5, 10))))
    stack.aws.settle()
    assert [each["order_id"] for each in stack.processed("orders")] == list(range(10))


@pytest.mark.parametrize("moment", [1.5, 6.2, 7, 10])
def test_poison(stack: FullStack, save_and_restore: Callable[[], None], moment: float) -> None:
    """A batch that was being retried still ends in the queue, once, with all its attempts counted."""
    url = stack.events["batch_urls"]["orders"]
    stack.post(url, batch(event("orders", 1), {"poison": True}))
    stack.aws.advance(moment)
    save_and_restore()
    stack.aws.settle()
    (letter,) = stack.dead_letters("orders")
    assert letter["KinesisBatchInfo"]["batchSize"] == 2
    assert letter["requestContext"]["approximateInvokeCount"] == 4
