"""The table of endpoints and the `curl` line at the end of `up`."""

from __future__ import annotations

import shlex

from harness.cli.endpoints import curl_line, url_rows

BASE = "http://127.0.0.1:4566/_aws/execute-api"


def test_no_url_no_line() -> None:
    assert url_rows({"bucket": "b", "count": 3, "none": None, "list": ["http://x"]}) == []
    assert curl_line({"queue": "http://127.0.0.1:4566/000000000000/q"}) is None


def test_urls_within_maps_are_named_by_their_path() -> None:
    assert url_rows({"a": "https://x", "m": {"b": "http://y", "c": {"d": "http://z"}}}) == [
        ("a", "https://x"),
        ("m.b", "http://y"),
        ("m.c.d", "http://z"),
    ]


def test_output_urls_says_which_ones_are_shown() -> None:
    assert url_rows({"other": "http://x", "urls": {"submit": "http://y"}}) == [("submit", "http://y")]


def test_submit_url_is_preferred_and_quoted() -> None:
    line = curl_line({"urls": {"events": f"{BASE}/a/dev/events", "submit": f"{BASE}/b/$default/submit"}})
    assert line is not None
    words = shlex.split(line)
    assert f"{BASE}/b/$default/submit" in words
    assert words[:4] == ["curl", "-sS", "-X", "POST"]


def test_first_invoke_url_serves_without_a_submit_url() -> None:
    line = curl_line({"queue": "http://127.0.0.1:4566/000000000000/q", "events": f"{BASE}/a/dev/events"})
    assert line is not None
    assert f"{BASE}/a/dev/events" in shlex.split(line)


def test_stacks_own_line_wins() -> None:
    assert curl_line({"curl": "curl -X GET http://x", "submit": f"{BASE}/b/submit"}) == "curl -X GET http://x"
