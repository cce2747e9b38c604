"""Bodies that are too deep or too long for what stands behind the edge."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import HttpRequest
from harness.emulator.edge.recognise import recognise
from harness.emulator.edge.wire_limits import MAX_DEPTH, check, too_deep
from harness.emulator.errors import AwsError


def depth(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(depth, items), default=0)


@given(st.recursive(st.none() | st.text('[]{}"\\'), lambda one: st.lists(one) | st.dictionaries(st.text('[{"'), one)))
def test_depth_counts_no_text(value: Any) -> None:
    wide = ["[{" * MAX_DEPTH, value]  # more brackets than levels: they must be looked at
    assert not too_deep(json.dumps(wide).encode())
    for levels in range(MAX_DEPTH - depth(wide)):
        wide = [wide] if levels % 2 else {"[": wide}  # type: ignore[assignment]
    assert not too_deep(json.dumps(wide).encode())
    assert too_deep(json.dumps([wide]).encode())


@pytest.mark.parametrize("levels", [200, 10_000, 100_000])
def test_deep_json(levels: int) -> None:
    with pytest.raises(AwsError, match="SerializationException"):
        check(HttpRequest("POST", "/", [], b"[" * levels + b"]" * levels), "json")


@pytest.mark.parametrize(
    "body",
    [
        b"&a=1" * 1_000_000,
        b"a" + b".b" * 100_000 + b"=1",
        b"A.member.1000000000=1",
        b"A.1=1&A.member.0001000000.x=1",
    ],
)
def test_forms(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedQueryString"):
        check(HttpRequest("POST", "/", [], body), "query")
    check(HttpRequest("POST", "/", [], b"A.member.99999.x=1&v=1.1000000000"), "query")


def test_a_form_of_millions_of_fields_is_recognised_at_once() -> None:
    headers = [("host", "localhost"), ("content-type", "application/x-www-form-urlencoded")]
    began = time.thread_time()
    body = b"Action=ListQueues&Version=2012-11-05" + b"&a=1" * 2_000_000
    meant = recognise(HttpRequest("POST", "/", headers, body))
    assert (meant.service, meant.operation) == ("sqs", "ListQueues")
    assert time.thread_time() - began < 0.1
