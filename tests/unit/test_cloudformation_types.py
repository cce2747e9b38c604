"""The resource types: what their entries claim holds together, and the page tells it."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.services.cloudformation.resources.api import Api, JsonText, tokens
from harness.emulator.services.cloudformation.resources.patches import difference, patches
from harness.emulator.services.cloudformation.resources.registry import resource_types
from harness.emulator.services.cloudformation.resources.s3_shapes import LIFECYCLE
from harness.emulator.services.cloudformation.resources.shape import Free, PropertyProblem, Structure
from harness.emulator.services.cloudformation.types_page import REFS, page

_PAGE = Path(__file__).parents[2] / "docs" / "cloudformation-types.md"


def test_the_page_tells_the_types() -> None:
    told = "run `python -m harness.emulator.services.cloudformation.types_page`"
    assert _PAGE.read_text() == page(_PAGE.read_text()), told
    assert REFS.keys() == resource_types().keys()


@pytest.mark.parametrize("name", sorted(resource_types()))
def test_what_an_entry_names_is_a_property(name: str) -> None:
    """What replaces, is required or names the resource is among the properties; attributes are told once."""
    entry = resource_types()[name]
    if isinstance(entry.properties, Free):
        return
    assert set(entry.replaced_by) <= entry.properties.members.keys()
    assert set(entry.properties.required) <= entry.properties.members.keys()
    assert entry.name_property is None or entry.name_property in entry.replaced_by
    assert len(set(entry.attributes)) == len(entry.attributes)
    assert entry.update is not None or not entry.replaced_by


@pytest.mark.parametrize("name", sorted(resource_types()))
def test_every_property_of_the_api_is_a_member_of_its_operation(name: str) -> None:
    """A misspelt one would break at the first template that uses it."""
    for prop, shape in resource_types()[name].properties.members.items():
        try:
            shape.read({"no such member": "x"}, "#")
        except PropertyProblem:
            continue
        except KeyError as missing:
            pytest.fail(f"{prop}: {missing}")


_FUNCTION = Structure(Api("lambda", "CreateFunction", "Timeout", "Environment", "TracingConfig", "Layers").properties)
_PLAN = Structure(Api("apigateway", "CreateUsagePlan", "Throttle", UsagePlanName="name").properties)


@pytest.mark.parametrize(
    ("shape", "value", "read"),
    [
        (_FUNCTION, {"Timeout": "60"}, {"Timeout": 60}),
        (_FUNCTION, {"Environment": {"Variables": {"A": 1}}}, {"Environment": {"Variables": {"A": "1"}}}),
        (_FUNCTION, {"Environment": {"Variables": {"A": True}}}, {"Environment": {"Variables": {"A": "true"}}}),
        (_FUNCTION, {"Layers": "one"}, {"Layers": ["one"]}),
        (_PLAN, {"Throttle": {"RateLimit": "5", "BurstLimit": 2}}, {"Throttle": {"rateLimit": 5.0, "burstLimit": 2}}),
    ],
)  # fmt: skip
def test_values_are_read_by_the_services_model(shape: Structure, value: Any, read: Any) -> None:
    assert shape.read(value, "#") == read


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Timeout": "soon"}, "#/Timeout: expected type: Integer, found: String"),
        ({"Timeout": 0}, "#/Timeout: 0 is not greater or equal to 1"),
        ({"TracingConfig": {"Mode": "Loud"}}, "#/TracingConfig/Mode: Loud is not a valid enum value"),
        ({"TracingConfig": {"Sound": "x"}}, "#/TracingConfig: extraneous key [Sound] is not permitted"),
        ({"Environment": "A=1"}, "#/Environment: expected type: JSONObject, found: String"),
    ],
)
def test_what_the_model_objects_to_is_said_with_its_path(value: Any, said: str) -> None:
    with pytest.raises(PropertyProblem) as refused:
        _FUNCTION.read(value, "#")
    assert str(refused.value) == said


def test_properties_become_members_under_the_apis_names() -> None:
    stream = Api("kinesis", "CreateStream", "ShardCount", Name="StreamName")
    assert stream.params({"Name": "a", "ShardCount": 1, "Tags": []}) == {"StreamName": "a", "ShardCount": 1}
    assert Api("apigateway", "CreateStage", "RestApiId").params({"RestApiId": "a"}) == {"restApiId": "a"}


def test_documents_are_text() -> None:
    assert JsonText().read({"a": [1]}, "#") == '{"a": [1]}'
    assert JsonText().read("{}", "#") == "{}"
    with pytest.raises(PropertyProblem):
        JsonText().read(5, "#")


def test_tokens_are_made_where_sdks_make_them() -> None:
    rng = random.Random(1)
    assert list(tokens("secretsmanager", "CreateSecret", rng)) == ["ClientRequestToken"]
    assert tokens("kinesis", "CreateStream", rng) == {}


@pytest.mark.parametrize(
    ("old", "new", "operations"),
    [
        ("a", "a", []),
        ("a", "b", [{"op": "replace", "path": "/x", "value": "b"}]),
        (None, True, [{"op": "replace", "path": "/x", "value": "true"}]),
        (5, None, [{"op": "remove", "path": "/x"}]),
        (["a/b"], ["c"], [{"op": "remove", "path": "/x/a~1b"}, {"op": "add", "path": "/x/c"}]),
        ({"a": "1", "b": "2"}, {"b": "3"},
         [{"op": "remove", "path": "/x/a"}, {"op": "replace", "path": "/x/b", "value": "3"}]),
    ],
)  # fmt: skip
def test_patches_lead_from_old_to_new(old: Any, new: Any, operations: list[Any]) -> None:
    assert difference("/x", old, new) == operations
    assert patches({"X": old}, {"X": new}, {"X": "/x"}) == operations


_DOCUMENTS = st.recursive(
    st.text(max_size=3), lambda inner: st.dictionaries(st.text("ab/~", min_size=1, max_size=3), inner), max_leaves=8
)


@given(st.dictionaries(st.text("ab/~", min_size=1, max_size=3), _DOCUMENTS), st.data())
def test_applied_patches_make_the_old_the_new(old: dict[str, Any], data: st.DataObject) -> None:
    """Values and maps keep their kind, as properties do; an empty map is one that is not there."""
    new = {key: data.draw(_like(value)) for key, value in old.items()}
    document = copy.deepcopy(old)
    for operation in difference("", old, new):
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"][1:].split("/")]
        target: dict[str, Any] = document
        for parent in parents:
            target = target.setdefault(parent, {})
        if operation["op"] == "remove":
            target.pop(last)
        else:
            target[last] = operation["value"]
    assert _without_empty(document) == _without_empty(new)


def _like(value: Any) -> st.SearchStrategy[Any]:
    if isinstance(value, str):
        return st.text(max_size=3)
    kept = {key: _like(inner) for key, inner in value.items()}
    return st.fixed_dictionaries({}, optional=kept)


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kept = {key: _without_empty(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner != {}}


def test_lifecycle_rules_are_put_together() -> None:
    rule = {"Status": "Enabled", "ExpirationInDays": "30", "TagFilters": [{"Key": "a", "Value": "b"}], "Prefix": "x/"}
    filtered = {"And": {"Prefix": "x/", "Tags": [{"Key": "a", "Value": "b"}]}}
    read = LIFECYCLE.read({"Rules": [rule]}, "#")
    assert read == {"Rules": [{"Status": "Enabled", "Filter": filtered, "Expiration": {"Days": 30}}]}
    with pytest.raises(PropertyProblem, match="a rule needs an action"):
        LIFECYCLE.read({"Rules": [{"Status": "Enabled"}]}, "#")
