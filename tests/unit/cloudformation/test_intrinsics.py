"""Intrinsic functions, live and symbolic."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.cloudformation.intrinsics import NO_VALUE, References, Resolver, Symbolic, markers
from harness.json_object import Json

PARAMETERS: Json = {"Stage": "prod", "Names": ["a", "b"], "AWS::Region": "us-east-1", "AWS::StackName": "s"}
MAPPINGS = {"M": {"us-east-1": {"Size": 3, "List": ["x", "y"]}}}
CONDITIONS: Json = {
    "Prod": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "NotProd": {"Fn::Not": [{"Condition": "Prod"}]},
    "Both": {"Fn::And": [{"Condition": "Prod"}, {"Condition": "NotProd"}]},
    "Either": {"Fn::Or": [{"Condition": "Prod"}, {"Condition": "NotProd"}]},
    "Round": {"Fn::Not": [{"Condition": "About"}]},
    "About": {"Fn::Not": [{"Condition": "Round"}]},
    "OfResource": {"Fn::Equals": [{"Ref": "Queue"}, "x"]},
    "Numbers": {"Fn::Equals": [5, "5"]},
}


class Existing:
    """A queue that exists, and one export."""

    def ref(self, logical_id: str) -> str:
        return f"id-of-{logical_id}"

    def attribute(self, logical_id: str, name: str) -> Any:
        return ["one", "two"] if name == "List" else f"arn:aws:sqs:us-east-1:000000000000:{logical_id}"

    def imported(self, name: str) -> str:
        return f"imported-{name}"


def resolver(references: References | None = None) -> Resolver:
    return Resolver(
        parameters=PARAMETERS,
        mappings=MAPPINGS,
        conditions=CONDITIONS,
        references=references or Existing(),
        active=lambda logical_id: logical_id == "Queue",
    )


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Names"}, ["a", "b"]),
        ({"Ref": "Queue"}, "id-of-Queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:us-east-1:000000000000:Queue"),
        ({"Fn::GetAtt": "Queue.Arn"}, "arn:aws:sqs:us-east-1:000000000000:Queue"),
        ({"Fn::Sub": "${AWS::StackName}-${Stage}-${Queue}"}, "s-prod-id-of-Queue"),
        ({"Fn::Sub": "${Queue.Arn}"}, "arn:aws:sqs:us-east-1:000000000000:Queue"),
        ({"Fn::Sub": "${!Literal} $ { } $${Stage}"}, "${Literal} $ { } $prod"),
        ({"Fn::Sub": ["${N}-${Stage}", {"N": {"Fn::Select": ["1", {"Ref": "Names"}]}}]}, "b-prod"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}, 3, True]]}, "a-prod-3-true"),
        ({"Fn::Join": ["", {"Ref": "Names"}]}, "ab"),
        ({"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Queue", "Arn"]}]}]}, "Queue"),
        ({"Fn::Select": [1, {"Fn::GetAtt": ["Queue", "List"]}]}, "two"),
        ({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "Size"]}, 3),
        ({"Fn::Base64": "text"}, "dGV4dA=="),
        ({"Fn::ImportValue": {"Fn::Sub": "${Stage}-arn"}}, "imported-prod-arn"),
        ({"Fn::GetAZs": ""}, [f"us-east-1{zone}" for zone in "abcdef"]),
        ({"Fn::GetAZs": "eu-west-1"}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/24", "3", "4"]}, ["10.0.0.0/28", "10.0.0.16/28", "10.0.0.32/28"]),
        ({"Fn::If": ["Prod", "yes", {"Ref": "Nobody"}]}, "yes"),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [1, {"Fn::If": ["NotProd", 2, {"Ref": "AWS::NoValue"}]}]}, {"B": [1]}),
        ({"Condition": {"StringEquals": {"a": {"Ref": "Stage"}}}}, {"Condition": {"StringEquals": {"a": "prod"}}}),
        ({"Fn::Transform": 1, "Ref": "x"}, NotEmulated),
    ],
)
def test_functions(value: Any, result: Any) -> None:
    if result is NotEmulated:
        with pytest.raises(NotEmulated):
            resolver().resolve(value)
    else:
        assert resolver().resolve(value) == result


def test_no_value_alone() -> None:
    assert resolver().resolve({"Ref": "AWS::NoValue"}) is NO_VALUE


@pytest.mark.parametrize(
    ("name", "holds"),
    [("Prod", True), ("NotProd", False), ("Both", False), ("Either", True), ("Numbers", True)],
)
def test_conditions(name: str, holds: bool) -> None:
    assert resolver().condition(name) is holds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Nobody"}, "Template format error: Unresolved resource dependencies [Nobody] in the Resources block"),
        ({"Fn::GetAtt": ["Nobody", "Arn"]}, "Unresolved resource dependencies [Nobody]"),
        ({"Fn::GetAtt": ["Queue"]}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::GetAtt": []}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::Select": [2, ["a", "b"]]}, "Template error: Fn::Select cannot select nonexistent value at index 2"),
        ({"Fn::Select": ["x", ["a"]]}, "every Fn::Select object requires two parameters"),
        ({"Fn::Select": [0, "a"]}, "Fn::Select requires a list argument"),
        ({"Fn::Join": ["-"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Join": ["-", [{}]]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Split": ["-", ["a"]]}, "every Fn::Split object requires two parameters"),
        ({"Fn::Sub": 5}, "One or more Fn::Sub intrinsic functions don't specify expected arguments"),
        ({"Fn::Sub": "${Names}"}, "variable Names in Fn::Sub expression does not resolve to a string"),
        ({"Fn::FindInMap": ["M", "eu", "Size"]}, "Template error: Unable to get mapping for M::eu::Size"),
        ({"Fn::FindInMap": ["M"]}, "every Fn::FindInMap object requires three parameters"),
        ({"Fn::If": ["Prod", "a"]}, "Fn::If requires a list argument"),
        (
            {"Fn::If": [{"Ref": "Stage"}, 1, 2]},
            "Fn::If requires a list argument with the first element being a condition",
        ),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unresolved condition dependency Unknown"),
        ({"Fn::Base64": ["a"]}, "every Fn::Base64 object must have a String-typed value."),
        ({"Fn::Equals": ["a"]}, "every Fn::Equals object requires a list of 2 string parameters."),
        ({"Fn::And": [True]}, "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."),
        ({"Fn::Not": [True, False]}, "every Fn::Not object requires one boolean parameter."),
        ({"Fn::Cidr": ["10.0.0.0/24", 5, 8]}, "does not hold 5 blocks"),
        ({"Fn::Cidr": ["nonsense", 1]}, "Fn::Cidr requires an address block"),
        ({"Fn::Nope": 1}, "Encountered unsupported function: Fn::Nope Supported functions are: [Ref, "),
        ({"Fn::Sub": "a", "Other": 1}, "Fn::Sub must be the only member of its object"),
    ],
)
def test_wrong_use_is_refused(value: Any, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        resolver().resolve(value)
    assert refused.value.code == "ValidationError"
    assert message in str(refused.value.message)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Round", "Circular dependencies between conditions"),
        ("OfResource", "Unresolved dependencies [Queue]. Cannot reference resources in the Conditions block"),
    ],
)
def test_bad_conditions_are_refused(name: str, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        resolver().condition(name)
    assert message in str(refused.value.message)


@pytest.mark.parametrize(
    "value",
    [
        {"Fn::Transform": {"Name": "AWS::Include"}},
        {"Fn::ForEach": []},
        {"Fn::Length": []},
        {"Fn::ToJsonString": {}},
    ],
)
def test_what_is_not_emulated_is_refused_by_name(value: Any) -> None:
    with pytest.raises(NotEmulated):
        resolver().resolve(value)


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Queue"},
        {"Fn::Sub": "x-${Queue.Arn}"},
        {"Fn::Join": [":", ["a", {"Ref": "Queue"}]]},
        {"Fn::Join": [":", {"Fn::GetAtt": ["Queue", "List"]}]},
        {"Fn::Select": [5, {"Fn::Split": [":", {"Fn::GetAtt": ["Queue", "Arn"]}]}]},
        {"Fn::Base64": {"Fn::Sub": "${Queue}"}},
        {"Fn::Cidr": [{"Ref": "Queue"}, 1, 8]},
        [{"A": {"B": {"Ref": "Queue"}}}],
    ],
)
def test_symbolic_results_name_what_they_need(value: Any) -> None:
    first, second = resolver(Symbolic()).resolve(value), resolver(Symbolic()).resolve(value)
    assert first == second
    assert {parts[1] for parts in markers(first)} == {"Queue"}


def test_branches_not_taken_need_nothing() -> None:
    assert markers(resolver(Symbolic()).resolve({"Fn::If": ["NotProd", {"Ref": "Queue"}, "x"]})) == []


_PLAIN = st.recursive(
    st.text(st.characters(exclude_characters="\0{", exclude_categories=["Cs"])) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["A", "Bc", "Def"]), inner),
)


@given(_PLAIN)
def test_values_without_functions_stay(value: Any) -> None:
    assert resolver().resolve(value) == value


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_base64_can_be_read_back(text: str) -> None:
    assert base64.b64decode(resolver().resolve({"Fn::Base64": text})).decode() == text


@given(st.lists(st.text("abc"), min_size=1))
def test_split_undoes_join(parts: list[str]) -> None:
    assert resolver().resolve({"Fn::Split": ["-", {"Fn::Join": ["-", parts]}]}) == parts
