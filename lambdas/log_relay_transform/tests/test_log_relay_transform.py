import base64
import json
from datetime import datetime
from types import ModuleType
from typing import Any

import pytest


def run(handler: ModuleType, *data: bytes) -> list[tuple[str, bytes]]:
    """Results and decoded data for records of these bytes."""
    records = [{"recordId": str(i), "data": base64.b64encode(d).decode()} for i, d in enumerate(data)]
    answer = handler.lambda_handler({"invocationId": "x", "records": records}, None)["records"]
    assert [r["recordId"] for r in answer] == [r["recordId"] for r in records]
    return [(r["result"], base64.b64decode(r["data"])) for r in answer]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b'{"message":"x","_force_failure":true}'])
def test_a_record_that_cannot_be_transformed_fails_alone(handler: ModuleType, data: bytes) -> None:
    results = run(handler, b'{"a":1}', data, b"text")
    assert [result for result, _ in results] == ["Ok", "ProcessingFailed", "Ok"]
    assert results[1][1] == data


def test_the_marker_can_be_renamed_and_turned_off(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILURE_MARKER", "boom")
    assert [r for r, _ in run(handler, b'{"boom":true}', b'{"_force_failure":true}')] == ["ProcessingFailed", "Ok"]
    monkeypatch.setenv("FAILURE_MARKER", "")
    assert [r for r, _ in run(handler, b'{"":true}')] == ["Ok"]


@pytest.mark.parametrize("value", [b'{"_force_failure":false}', b'{"_force_failure":"true"}'])
def test_only_true_marks_a_record(handler: ModuleType, value: bytes) -> None:
    assert run(handler, value)[0][0] == "Ok"


@pytest.mark.parametrize(
    ("data", "members"),
    [
        (b'{"test":"data","timestamp":"2026-02-05"}', {"test": "data", "timestamp": "2026-02-05"}),
        (b"disk full on /dev/sda1", {"message": "disk full on /dev/sda1"}),
        ("zwölf".encode(), {"message": "zwölf"}),
        (b"[1,2]", {"message": [1, 2]}),
        (b"", {"message": ""}),
    ],
)
def test_objects_keep_their_members_and_the_rest_is_wrapped(
    handler: ModuleType, data: bytes, members: dict[str, Any]
) -> None:
    [(result, out)] = run(handler, data)
    log = json.loads(out)
    stamp = datetime.fromisoformat(log.pop("_transformed_ts"))
    assert result == "Ok"
    assert stamp.tzinfo is not None
    assert log == {**members, "transformed": True}
