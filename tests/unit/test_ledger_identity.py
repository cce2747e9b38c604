"""Identities survive what pipelines do to records, and nothing else is taken for one."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.ledger import Tokens

IDENTITY = Tokens.of(7)
LAMBDAS = Path(__file__).parents[2] / "lambdas"

payloads = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=80),
    st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=5),
)


@given(st.lists(payloads, max_size=10))
def test_records_that_nothing_separates_are_all_found(many: list[Any]) -> None:
    glued = b"".join(IDENTITY.mark(payload, number) for number, payload in enumerate(many))
    assert list(IDENTITY.find(glued)) == list(range(len(many)))


@given(payloads, st.integers(0, 10**8 - 1))
def test_case_and_json_do_not_matter(payload: Any, number: int) -> None:
    data = IDENTITY.mark(payload, number)
    assert list(IDENTITY.find(data.upper())) == [number]
    wrapped = json.dumps({"message": json.dumps({"inner": data.decode("latin-1")})}).encode()
    assert list(IDENTITY.find(wrapped)) == [number]


@given(st.integers(0, 23), st.integers(0, 15))
def test_a_damaged_identity_is_none(position: int, digit: int) -> None:
    """One wrong character, or a token cut short: not found, rather than taken for another record."""
    token = IDENTITY.token(42)
    spoilt = token[:position] + f"{digit:x}" + token[position + 1 :]
    assert spoilt == token or list(IDENTITY.find(spoilt.encode())) == []
    assert list(IDENTITY.find(token[:position].encode())) == []


def test_runs_do_not_see_each_other() -> None:
    assert Tokens.of(1) == Tokens.of(1) != Tokens.of(2)
    assert Tokens.of(None) != Tokens.of(None)
    assert list(Tokens.of(2).find(Tokens.of(1).mark({}, 3))) == []


def transform(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, LAMBDAS / name / "lambda_firehose_handler.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["iot_transform", "log_relay_transform"])
@pytest.mark.parametrize("payload", [{"temperature": 20.5}, {}, b"plain text", b"\xff\xfe", "[1, 2"])
def test_identities_survive_the_transforms(name: str, payload: Any) -> None:
    data = base64.b64encode(IDENTITY.mark(payload, 5)).decode()
    (answer,) = transform(name).lambda_handler({"records": [{"recordId": "r", "data": data}]}, None)["records"]
    assert list(IDENTITY.find(base64.b64decode(answer["data"]))) == [5]
