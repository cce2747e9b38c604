"""Template text to a document: JSON, and YAML with short forms."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.template import parse_template, transforms


def test_a_json_template_is_read() -> None:
    assert parse_template('  {"Resources": {"A": {"Type": "T"}}}') == {"Resources": {"A": {"Type": "T"}}}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref A", {"Ref": "A"}),
        ("!GetAtt A.B", {"Fn::GetAtt": ["A", "B"]}),
        ("!GetAtt A.Endpoint.Address", {"Fn::GetAtt": ["A", "Endpoint.Address"]}),
        ("!GetAtt [A, B]", {"Fn::GetAtt": ["A", "B"]}),
        ('!Sub "${A}-x"', {"Fn::Sub": "${A}-x"}),
        ('!Sub ["${B}", {B: !Ref A}]', {"Fn::Sub": ["${B}", {"B": {"Ref": "A"}}]}),
        ("!Join [',', [a, !Ref B]]", {"Fn::Join": [",", ["a", {"Ref": "B"}]]}),
        ("!If [C, !Ref A, !Ref 'AWS::NoValue']", {"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}),
        ("!Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ("!Condition C", {"Condition": "C"}),
        ("!FindInMap [M, a, b]", {"Fn::FindInMap": ["M", "a", "b"]}),
        ("!Base64 text", {"Fn::Base64": "text"}),
    ],
)
def test_short_forms_become_long_ones(short: str, long: Any) -> None:
    assert parse_template(f"Value: {short}") == {"Value": long}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2010-09-09", "2010-09-09"),
        ("000000000000", "000000000000"),
        ("0755", "0755"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("0x1F", "0x1F"),
        ("7", 7),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("no", False),
        ("~", None),
        ("'7'", "7"),
    ],
)
def test_yaml_scalars_are_what_cloudformation_takes_them_for(text: str, value: Any) -> None:
    assert parse_template(f"Value: {text}") == {"Value": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "Template format error: unsupported structure."),
        ("just text", "Template format error: unsupported structure."),
        ("", "Template format error: unsupported structure."),
        ("a: [1\nb: 2", "Template format error: YAML not well-formed. (line 2, column 2)"),
        ("a: !Unknown x", "Template format error: YAML not well-formed. (line 1, column 4)"),
        ("a: &x 1\nb: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ("a: " + "[" * 1500, "Template format error: YAML not well-formed."),
        ('{"a": ' + "[" * 100_000, "Template format error: JSON not well-formed."),
        ('{"a": 1,, }', "Template format error: JSON not well-formed. (line 1, column 9)"),
    ],
)
def test_bad_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        parse_template(text)
    assert (refused.value.code, refused.value.message) == ("ValidationError", message)


def test_transforms_are_named() -> None:
    assert transforms({}) == []
    assert transforms({"Transform": "A"}) == ["A"]
    assert transforms({"Transform": ["A", {"Name": "AWS::Include", "Parameters": {}}]}) == ["A", "AWS::Include"]


_DOCUMENTS = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
)


@settings(max_examples=40)
@given(_DOCUMENTS)
def test_json_and_yaml_say_the_same(document: dict[str, Any]) -> None:
    assert parse_template(json.dumps(document)) == document
    assert parse_template(yaml.safe_dump(document, default_style='"', width=10_000) + "\n") == document or not document


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(parse_template(text), dict)
    except AwsError as error:
        assert str(error.message).startswith("Template format error: ")
