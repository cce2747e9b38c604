"""Section 7 of the triggers API's document: every endpoint and error case, through the invoke URL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.triggers_api import API_KEY, EVENTS, TriggersApi

EVENT = {"source": "test", "event_type": "test.created", "payload": {}}
# (method, path, body) of every route that needs a key
PROTECTED = [
    ("POST", "/v1/events", EVENT),
    ("GET", "/v1/inbox", None),
    ("POST", "/v1/events/an-event/ack", None),
    ("DELETE", "/v1/events/an-event", None),
]
INVALID_BODIES = {
    "no JSON": b"{",
    "no UTF-8": b'{"source": "\xff"}',
    "nothing": b"",
    "no object": [],
    "no source": {"event_type": "a", "payload": {}},
    "empty source": {**EVENT, "source": ""},
    "source with a space": {**EVENT, "source": "a b"},
    "event_type that is a number": {**EVENT, "event_type": 1},
    "event_type too long": {**EVENT, "event_type": "a" * 101},
    "no payload": {"source": "test", "event_type": "a"},
    "payload that is a list": {**EVENT, "payload": []},
    "payload too large": {**EVENT, "payload": {"a": "x" * 262_144}},
    "payload with NaN": b'{"source": "test", "event_type": "a", "payload": {"a": NaN}}',
    "unknown member": {**EVENT, "sauce": "test"},
}


def error_code(answer: Any) -> str:
    body = answer.json()
    assert body["request_id"] == answer.headers["x-request-id"]
    code: str = body["error"]["code"]
    return code


def test_without_a_valid_key_nobody_gets_in(api: TriggersApi) -> None:
    """7.3, 6.2: missing, malformed, unknown, deactivated keys: 401 on every route, even for a broken body."""
    inactive = "example-inactive-key"
    api.put_key(inactive, active=False)
    for method, path, body in PROTECTED:
        for key in (None, "", "short", "example-unknown-key-1", inactive, f"{API_KEY}0", "k" * 3000):
            answer = api.call(method, path, body, key=key)
            assert (answer.status_code, error_code(answer)) == (401, "unauthorized"), (method, path, key)
            assert not key or key not in answer.text
    assert api.call("POST", "/v1/events", b"{", key=None).status_code == 401
    assert api.aws.client("dynamodb").scan(TableName=EVENTS)["Count"] == 0


def test_an_invalid_event_is_refused_and_not_repeated(api: TriggersApi) -> None:
    """7.3: 400, which names the fields and never what was in them; nothing is stored."""
    for name, body in INVALID_BODIES.items():
        answer = api.call("POST", "/v1/events", body)
        assert (answer.status_code, error_code(answer)) == (400, "invalid_request"), name
    answer = api.call("POST", "/v1/events", {**EVENT, "source": "do not repeat", "payload": 1})
    assert [each["field"] for each in answer.json()["error"]["details"]] == ["source", "payload"]
    assert "do not repeat" not in answer.text
    assert api.aws.client("dynamodb").scan(TableName=EVENTS)["Count"] == 0


def test_unknown_events_paths_and_methods(api: TriggersApi) -> None:
    """7.5: an event that does not exist is 404; so is an unknown path. 405 names the methods of a path."""
    missing = api.call("POST", f"/v1/events/{uuid.uuid4()}/ack")
    assert (missing.status_code, error_code(missing)) == (404, "not_found")
    unknown = api.call("GET", "/v2/health")
    assert (unknown.status_code, error_code(unknown)) == (404, "not_found")
    method = api.call("PUT", "/v1/events", EVENT)
    assert (method.status_code, error_code(method), method.headers["allow"]) == (405, "method_not_allowed", "POST")
    assert api.call("GET", "").status_code == 403  # the API has no method there: API Gateway's own answer


def test_health(api: TriggersApi) -> None:
    """7.2: 200 without a key."""
    answer = api.call("GET", "/v1/health", key=None)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["status"], body["stage"]) == ("healthy", "prod")
    assert body.keys() == {"status", "stage", "timestamp", "request_id"}


def test_an_event_is_ingested(api: TriggersApi) -> None:
    """7.3: 201 with event_id and request_id; the event is in DynamoDB with its payload, pending, with a TTL."""
    payload = {"amount": 12.5, "big": 2**60, "text": "ü", "nested": [{"a": None}], "": ""}
    answer = api.call("POST", "/v1/events", {**EVENT, "payload": payload}, X_Request_ID="test-request-123")
    body = answer.json()
    assert answer.status_code == 201
    assert (body["request_id"], body["status"]) == ("test-request-123", "pending")
    [item] = api.stored(body["event_id"])
    assert item["created_at"] == {"S": body["created_at"]}
    assert (item["source"], item["event_type"], item["status"]) == (
        {"S": "test"},
        {"S": "test.created"},
        {"S": "pending"},
    )
    assert int(item["ttl"]["N"]) > 0
    [event] = api.call("GET", "/v1/inbox").json()["events"]
    assert event["payload"] == payload


def test_the_inbox_filters(api: TriggersApi) -> None:
    """7.4: by source, by event type, by both; with the request's id."""
    for source, event_type in (("test", "a"), ("test", "b"), ("other", "a")):
        api.ingest(source=source, event_type=event_type)

    def found(query: str) -> list[tuple[str, str]]:
        answer = api.call("GET", f"/v1/inbox?{query}", X_Request_ID=f"inbox:{query.replace('&', '+')}")
        body = answer.json()
        assert answer.status_code == 200, query
        assert body["request_id"] == answer.headers["x-request-id"] == f"inbox:{query.replace('&', '+')}"
        assert body["count"] == len(body["events"])
        return [(event["source"], event["event_type"]) for event in body["events"]]

    assert found("limit=10") == [("test", "a"), ("test", "b"), ("other", "a")]  # oldest first
    assert found("source=test") == [("test", "a"), ("test", "b")]
    assert found("event_type=a") == [("test", "a"), ("other", "a")]
    assert found("source=test&event_type=a") == [("test", "a")]
    assert found("source=nobody") == []


def test_the_inbox_is_read_page_by_page(api: TriggersApi) -> None:
    """7.4: following next_cursor gives every event once, also through a filter that leaves pages out."""
    # A page's worth of matches that straddles two reads of the index: the second must not bring too many.
    sources = ["other", "test", "test", "test", "other", "test", "test"]
    ids = [api.ingest(source=source)["event_id"] for source in sources]

    def pages(query: str) -> Iterator[list[str]]:
        cursor = ""
        while cursor is not None:
            start = f"&cursor={cursor}" if cursor else ""
            body = api.call("GET", f"/v1/inbox?limit=2{query}{start}").json()
            yield [event["event_id"] for event in body["events"]]
            cursor = body["next_cursor"]

    matching = [event_id for event_id, source in zip(ids, sources, strict=True) if source == "test"]
    for query, expected in (("", ids), ("&source=test", matching)):
        found = list(pages(query))
        assert [event_id for page in found for event_id in page] == expected
        assert all(len(page) <= 2 for page in found)
    for query in ("limit=0", "limit=101", "limit=x", "cursor=x", "cursor=e30=", "source=a%20b"):
        answer = api.call("GET", f"/v1/inbox?{query}")
        assert (answer.status_code, error_code(answer)) == (400, "invalid_request"), query


def test_an_event_is_acknowledged_once(api: TriggersApi) -> None:
    """7.5: 200, status and acknowledged_at are stored, it leaves the inbox; a second time is 409."""
    event_id = api.ingest()["event_id"]
    answer = api.call("POST", f"/v1/events/{event_id}/ack")
    assert (answer.status_code, answer.json()["status"]) == (200, "acknowledged")
    [item] = api.stored(event_id)
    assert item["status"] == {"S": "acknowledged"}
    assert item["acknowledged_at"] == {"S": answer.json()["acknowledged_at"]}
    assert api.call("GET", "/v1/inbox").json()["events"] == []

    again = api.call("POST", f"/v1/events/{event_id}/ack")
    assert (again.status_code, error_code(again)) == (409, "conflict")
    assert api.stored(event_id) == [item]


def test_deleting_is_idempotent(api: TriggersApi) -> None:
    """7.6: 200 and the event is gone; 200 again, and for an event that never was. Others stay."""
    other, event_id = api.ingest()["event_id"], api.ingest()["event_id"]
    for _ in range(2):
        answer = api.call("DELETE", f"/v1/events/{event_id}")
        assert (answer.status_code, answer.json()["event_id"]) == (200, event_id)
        assert api.stored(event_id) == []
    assert api.call("DELETE", f"/v1/events/{uuid.uuid4()}").status_code == 200
    assert len(api.stored(other)) == 1


def test_cors(api: TriggersApi) -> None:
    """7.7: the preflight is answered by API Gateway with the four headers; answers of the function allow the page."""
    preflight = api.call(
        "OPTIONS", "/v1/events", key=None, Origin="https://example.com", Access_Control_Request_Method="POST"
    )
    assert preflight.status_code == 200
    assert {name: value for name, value in preflight.headers.items() if name.startswith("access-control-")} == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, DELETE, OPTIONS",
        "access-control-allow-headers": "Content-Type, X-API-Key, X-Request-ID",
        "access-control-max-age": "3600",
    }
    assert api.log_lines() == []  # no function was called

    for answer in (
        api.call("GET", "/v1/inbox", Origin="https://example.com"),
        api.call("GET", "/v1/inbox", key=None, Origin="https://example.com"),
    ):
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
        assert answer.headers["access-control-expose-headers"] == "X-Request-ID"


@pytest.mark.parametrize("given", ["", "x" * 129, "two words"])
def test_an_unusable_request_id_is_replaced(api: TriggersApi, given: str) -> None:
    """7.8, 8.3: what could not stand in a log line as one word is not taken over."""
    answer = api.call("GET", "/v1/health", X_Request_ID=given)
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4


def test_request_ids(api: TriggersApi) -> None:
    """7.8: the caller's id comes back in header and body; without one it is a UUID v4, a new one each time."""
    given = api.call("GET", "/v1/health", X_Request_ID="custom-request-id-123")
    assert given.headers["x-request-id"] == given.json()["request_id"] == "custom-request-id-123"
    made = [api.call("GET", "/v1/health") for _ in range(2)]
    assert all(answer.headers["x-request-id"] == answer.json()["request_id"] for answer in made)
    assert {uuid.UUID(answer.json()["request_id"]).version for answer in made} == {4}
    assert made[0].json()["request_id"] != made[1].json()["request_id"]
