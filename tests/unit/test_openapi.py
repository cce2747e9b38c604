"""Reading OpenAPI documents: whatever the text, it is a document or InvalidDocument."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.api_gateway.openapi import Document, InvalidDocument, as_boolean, as_integer, path_with_base

HEAD = {"openapi": "3.0.1", "info": {"title": "t"}}

_names = st.text("abcxyz019-/~$", min_size=1, max_size=8)
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_names, _values, max_size=4))
def test_json_and_yaml_are_the_same_document(members: dict[str, Any]) -> None:
    root = members | HEAD
    assert Document.parse(json.dumps(root).encode()).root == root
    assert Document.parse(yaml.safe_dump(root).encode()).root == root


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_text_is_a_document_or_refused(body: bytes) -> None:
    with pytest.raises(InvalidDocument):
        Document.parse(body)


@given(_values)
def test_paths_of_any_kind_are_operations_or_refused(paths: Any) -> None:
    try:
        document = Document.parse(json.dumps({**HEAD, "paths": paths}).encode())
        for operation in document.operations():
            assert operation.method.isupper()
    except InvalidDocument:
        pass


@pytest.mark.parametrize(
    "lines",
    [
        [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10) if i else 'x'}]" for i in range(10)],
        ["a: &a {b: *a}"],
        ["a: " + "[" * 500 + "]" * 500],
        ["a: " + "[" * 100_000],
        ["a: !!python/object/apply:os.getcwd []"],
        ["a: !!binary aGk="],
        ["a: {b: 1"],
    ],
    ids=["aliases", "cycle", "deep", "deeper", "object", "bytes", "open"],
)
def test_hostile_yaml(lines: list[str]) -> None:
    """Aliases blow a small text up, or make it endless; tags make objects."""
    with pytest.raises(InvalidDocument):
        Document.parse("\n".join(["openapi: 3.0.1", *lines]).encode())


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{"])
def test_what_is_nested_too_deep_never_reaches_the_yaml_parser(opening: str) -> None:
    """It takes seconds for 20,000 brackets before it gives up."""
    with pytest.raises(InvalidDocument, match="too large"):
        Document.parse(f'{{"openapi": "3.0.1", "x": {opening * 20_000}'.encode())


def test_yaml_keys_and_dates_are_text() -> None:
    root = Document.parse(b"openapi: 3.0.0\ninfo: {version: 2026-11-20}\nx: {200: a, true: b, 1.5: c}").root
    assert root["info"]["version"] == "2026-11-20"
    assert root["x"] == {"200": "a", "true": "b", "1.5": "c"}


def test_references() -> None:
    document = Document(
        {
            **HEAD,
            "components": {
                "parameters": {"a/b": {"name": "x"}, "two": {"$ref": "#/components/parameters/a~1b"}},
                "schemas": {"loop": {"$ref": "#/components/schemas/loop"}},
            },
        }
    )
    assert document.resolve({"$ref": "#/components/parameters/two"}) == {"name": "x"}
    for reference in ("#/components/schemas/loop", "#/nowhere", "other.json", "#", ""):
        with pytest.raises(InvalidDocument):
            document.resolve({"$ref": reference})


def test_parameters_of_a_path_give_way_to_the_operation() -> None:
    document = Document(
        {
            **HEAD,
            "paths": {
                "x-other": 1,
                "/a": {
                    "parameters": [{"in": "query", "name": "q"}, {"in": "path", "name": "q"}],
                    "get": {"parameters": [{"in": "query", "name": "q", "required": True}]},
                    "x-amazon-apigateway-any-method": {},
                    "summary": "not a method",
                },
            },
        }
    )
    found = {operation.method: operation.parameters for operation in document.operations()}
    assert found == {
        "GET": [{"in": "path", "name": "q"}, {"in": "query", "name": "q", "required": True}],
        "ANY": [{"in": "query", "name": "q"}, {"in": "path", "name": "q"}],
    }


@pytest.mark.parametrize(
    ("base", "mode", "path"),
    [
        ("/a/b", "ignore", "/x"),
        ("/a/b", "prepend", "/a/b/x"),
        ("/a/b", "split", "/b/x"),
        ("/a", "split", "/x"),
        ("", "prepend", "/x"),
        ("", "split", "/x"),
    ],
)
def test_base_paths(base: str, mode: str, path: str) -> None:
    assert path_with_base("/x", base, mode) == path


def test_numbers_and_booleans_of_templates() -> None:
    """A template's parameters are text, wherever they end up."""
    assert (as_integer("300"), as_integer(5), as_integer(None)) == (300, 5, None)
    assert (as_boolean("True"), as_boolean(False), as_boolean(None)) == (True, False, None)
    numbers: list[Any] = [True, "x", 1.5, "-1", []]
    for value in numbers:
        with pytest.raises(InvalidDocument):
            as_integer(value)
    others: list[Any] = [1, "yes", []]
    for value in others:
        with pytest.raises(InvalidDocument):
            as_boolean(value)
