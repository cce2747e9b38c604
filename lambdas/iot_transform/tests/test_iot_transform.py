import base64
import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

READINGS = st.dictionaries(
    st.sampled_from(["temperature", "humidity", "x"]), st.integers() | st.floats() | st.text(max_size=3)
).map(lambda reading: json.dumps(reading).encode())


def run(handler: ModuleType, *data: bytes) -> list[tuple[str, bytes]]:
    """Results and decoded data for records of these bytes."""
    records = [
        {"recordId": str(i), "approximateArrivalTimestamp": 0, "data": base64.b64encode(d).decode()}
        for i, d in enumerate(data)
    ]
    answer = handler.lambda_handler({"invocationId": "x", "records": records}, None)["records"]
    assert [r["recordId"] for r in answer] == [r["recordId"] for r in records]
    return [(r["result"], base64.b64decode(r["data"])) for r in answer]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[1]",
        b"22.5",
        b"null",
        b'{"temperature":"hot"}',
        b'{"temperature":true}',
        b'{"temperature":NaN}',
        b'{"temperature":1e999}',
        b'{"temperature":1' + b"0" * 400 + b"}",
        b"[" * 100_000,
        b'{"temperature":20,"humidity":"wet"}',
    ],
)
def test_what_is_not_a_reading_fails_and_keeps_its_bytes(handler: ModuleType, data: bytes) -> None:
    assert run(handler, data) == [("ProcessingFailed", data)]


def test_a_failure_does_not_touch_its_neighbours(handler: ModuleType) -> None:
    results = run(handler, b'{"temperature":0}', b"poison", b'{"humidity":99}', b'{"value":1}')
    assert [result for result, _ in results] == ["Ok", "ProcessingFailed", "Dropped", "Ok"]


@pytest.mark.parametrize(("humidity", "result"), [(80, "Ok"), (80.1, "Dropped"), (100, "Dropped"), (0, "Ok")])
def test_air_above_the_limit_is_dropped(handler: ModuleType, humidity: float, result: str) -> None:
    data = json.dumps({"temperature": 20, "humidity": humidity}).encode()
    assert run(handler, data)[0][0] == result


def test_the_limit_comes_from_the_environment(handler: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_HUMIDITY", "50")
    assert run(handler, b'{"humidity":51}')[0][0] == "Dropped"


def test_celsius_gets_fahrenheit_beside_it(handler: ModuleType) -> None:
    [(result, line)] = run(handler, b'{"device_id":"sensor-001","temperature":22.5,"humidity":60}')
    assert result == "Ok"
    assert line.endswith(b"\n")
    assert json.loads(line) == {"device_id": "sensor-001", "temperature": 22.5, "humidity": 60, "temperature_f": 72.5}


@pytest.mark.parametrize("data", [b'{"device_id": "sensor-001",  "value": 100}', b'{"temperature": null}\n'])
def test_a_reading_without_temperature_passes_byte_for_byte(handler: ModuleType, data: bytes) -> None:
    assert run(handler, data) == [("Ok", data.rstrip(b"\n") + b"\n")]


@given(st.lists(st.binary(max_size=40) | READINGS, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_every_record_gets_one_known_result(handler: ModuleType, data: list[bytes]) -> None:
    results: list[Any] = run(handler, *data)
    assert all(result in ("Ok", "Dropped", "ProcessingFailed") for result, _ in results)
