import base64
import json
import logging
from types import ModuleType
from typing import Any

import pytest

GOOD: dict[str, Any] = {"payment_id": "PAY-1", "amount": 99.99, "currency": "USD"}


def batch(*data: bytes) -> dict[str, Any]:
    """A Kinesis event with one record per argument, numbered from 0."""
    return {
        "Records": [
            {"kinesis": {"sequenceNumber": str(i), "partitionKey": "p", "data": base64.b64encode(d).decode()}}
            for i, d in enumerate(data)
        ]
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b"[" * 100_000,
        b'{"payment_id":"PAY-1"}',
        b'{"amount":1}',
        b'{"payment_id":"PAY-1","amount":"99.99"}',
        b'{"payment_id":"PAY-1","amount":true}',
    ],
)
def test_poison_raises_and_names_the_record(handler: ModuleType, data: bytes) -> None:
    with pytest.raises(handler.PoisonEvent, match="record 1 "):
        handler.process_event(batch(json.dumps(GOOD).encode(), data), None)


def test_each_event_is_logged_with_its_sequence_number(handler: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    line = json.dumps(GOOD)
    with caplog.at_level(logging.INFO):
        assert handler.process_event(batch(line.encode(), line.encode()), None)["processed"] == 2
    assert caplog.messages == [f"Processed payments 0 {line}", f"Processed payments 1 {line}"]


def test_an_empty_batch_is_no_error(handler: ModuleType) -> None:
    assert handler.process_event({"Records": []}, None)["processed"] == 0
