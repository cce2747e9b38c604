"""Built-in HTTP sinks (section A14 of the behaviour reference: the HTTP endpoint's answer)."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from harness.emulator.edge import sinks as sinks_module
from tests.conftest import Aws


def deliver(
    aws: Aws,
    body: bytes = b'{"requestId":"r-1","timestamp":1,"records":[]}',
    path: str = "",
    headers: dict[str, str] | None = None,
) -> Any:
    return aws.http.post(f"/_harness/sinks/one/deliver{path}", content=body, headers=headers)


def test_without_a_script_a_delivery_is_acknowledged(aws: Aws) -> None:
    """A14: status 200, application/json, the request's id, a timestamp in ms."""
    got = deliver(aws, headers={"X-Amz-Firehose-Request-Id": "r-2"})
    assert (got.status_code, got.headers["content-type"]) == (200, "application/json")
    assert got.json() == {"requestId": "r-2", "timestamp": int(aws.now() * 1000)}
    assert deliver(aws).json()["requestId"] == "r-1"
    assert deliver(aws, b"no json").json()["requestId"] == ""


def test_a_script_is_played_in_order_and_then_the_default(aws: Aws) -> None:
    script = [
        {"status": 500, "times": 2},
        {"status": 429, "body": {"errorMessage": "slow down"}, "headers": {"Retry-After": "1"}},
        {"status": 200, "body": "plain", "headers": {"content-type": "text/plain"}},
    ]
    assert aws.admin("PUT", "sinks/one", {"answers": script}) == {"name": "one", "answers": 3}
    got = [deliver(aws) for _ in range(5)]
    assert [answer.status_code for answer in got] == [500, 500, 429, 200, 200]
    assert got[0].json()["errorMessage"]
    assert (got[2].json(), got[2].headers["retry-after"]) == ({"errorMessage": "slow down"}, "1")
    assert (got[3].text, got[3].headers["content-type"]) == ("plain", "text/plain")
    assert got[4].json()["requestId"] == "r-1"
    assert aws.admin("GET", "sinks/one")["answers_left"] == 0


def test_requests_are_recorded_decoded(aws: Aws) -> None:
    deliver(aws, b"plain text", "/sub/path?q=1")
    aws.advance(5)
    deliver(aws, gzip.compress(b'{"requestId":"zipped"}'), headers={"Content-Encoding": "gzip"})
    deliver(aws, b"\xff\x00")
    first, second, third = aws.admin("GET", "sinks/one")["requests"]
    assert (first["body"], first["body_encoding"]) == ("plain text", "text")
    assert first["path"] == "/_harness/sinks/one/deliver/sub/path?q=1"
    assert second["time"] - first["time"] == 5
    assert json.loads(second["body"]) == {"requestId": "zipped"}
    assert second["headers"]["content-encoding"] == "gzip"
    assert (base64.b64decode(third["body"]), third["body_encoding"]) == (b"\xff\x00", "base64")


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"x" * 1000, mtime=0)[:-10]], ids=["text", "cut short"])
def test_a_body_that_does_not_decode_is_recorded_and_refused(aws: Aws, body: bytes) -> None:
    aws.admin("PUT", "sinks/one", {"answers": [{"status": 500}]})
    got = deliver(aws, body, headers={"Content-Encoding": "gzip"})
    assert got.status_code == 400
    assert "gzip" in got.json()["errorMessage"]
    sink = aws.admin("GET", "sinks/one")
    assert (len(sink["requests"]), sink["answers_left"]) == (1, 1)


def test_delete_forgets_script_and_requests(aws: Aws) -> None:
    aws.admin("PUT", "sinks/one", {"answers": [{"status": 500, "times": 9}]})
    deliver(aws)
    aws.admin("DELETE", "sinks/one")
    assert aws.admin("GET", "sinks/one") == {"name": "one", "requests": [], "dropped": 0, "answers_left": 0}
    assert deliver(aws).status_code == 200


def test_sinks_do_not_share(aws: Aws) -> None:
    aws.admin("PUT", "sinks/two", {"answers": [{"status": 500}]})
    assert deliver(aws).status_code == 200
    assert aws.admin("GET", "sinks/two")["requests"] == []
    assert aws.admin("GET", "sinks") == {"sinks": ["one", "two"]}


def test_memory_is_bounded_and_says_what_it_forgot(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks_module, "_MAX_RECORDED", 100)
    for n in range(10):
        deliver(aws, f"{n}".encode() * 30)
    sink = aws.admin("GET", "sinks/one")
    assert [request["body"][0] for request in sink["requests"]] == ["7", "8", "9"]
    assert sink["dropped"] == 7


def test_a_delivery_may_name_the_host_it_stands_for(aws: Aws) -> None:
    assert deliver(aws, headers={"Host": "aws-api.example.com"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"answers": {}}, "answers must be a list"),
        ({"answers": [500]}, "must be an object"),
        ({"answers": [{"status": 99}]}, "status must be"),
        ({"answers": [{"status": "500"}]}, "status must be"),
        ({"answers": [{"times": 0}]}, "times must be"),
        ({"answers": [{"delay": 1}]}, "unknown member 'delay'"),
        ({"answers": [{"headers": {"A": "b\r\nX: y"}}]}, "headers must be"),
        ({"answers": [{"headers": {"A: b": "c"}}]}, "a header's name"),
        ({"replies": []}, "unknown member 'replies'"),
    ],
)
def test_a_bad_script_is_refused_and_changes_nothing(aws: Aws, content: Any, text: str) -> None:
    aws.admin("PUT", "sinks/one", {"answers": [{"status": 503}]})
    refused = aws.http.put("/_harness/sinks/one", json=content)
    assert refused.status_code == 400
    assert text in refused.json()["message"]
    assert deliver(aws).status_code == 503


@pytest.mark.parametrize(("method", "path"), [("GET", "sinks/one/deliver"), ("PATCH", "sinks/one")])
def test_wrong_methods(aws: Aws, method: str, path: str) -> None:
    assert aws.http.request(method, f"/_harness/{path}").status_code == 405
