"""Parameters: types, defaults, constraints, previous values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.cloudformation.parameters import declared_parameters, parameter_values
from harness.json_object import Json


def values(declared: Json, given_values: list[Json], previous: dict[str, str] | None = None) -> dict[str, str]:
    return parameter_values(declared_parameters({"Parameters": declared}), given_values, previous)


def test_defaults_and_given_values() -> None:
    declared = {"A": {"Type": "String", "Default": "a"}, "N": {"Type": "Number", "Default": 5}}
    assert values(declared, []) == {"A": "a", "N": "5"}
    assert values(declared, [{"ParameterKey": "A", "ParameterValue": ""}]) == {"A": "", "N": "5"}


def test_previous_values() -> None:
    declared = {"A": {"Type": "String"}}
    assert values(declared, [{"ParameterKey": "A", "UsePreviousValue": True}], {"A": "old"}) == {"A": "old"}


def test_lists_are_split() -> None:
    declared = declared_parameters({"Parameters": {"L": {"Type": "CommaDelimitedList", "Default": "a, b,c"}}})
    assert declared["L"].value("a, b,c") == ["a", "b", "c"]
    assert declared["L"].value("") == []


@pytest.mark.parametrize(
    ("declaration", "value", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedValues": [True]}, "yes", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A1", "Parameter 'P' must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": 2}, "a", "Parameter 'P' must contain at least 2 characters"),
        ({"Type": "String", "MaxLength": "2"}, "abc", "Parameter 'P' must contain at most 2 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 1}, "0", "Parameter 'P' must be a number not less than 1"),
        ({"Type": "Number", "MaxValue": 1.5}, "2", "Parameter 'P' must be a number not greater than 1.5"),
        ({"Type": "List<Number>"}, "1,b", "Parameter 'P' must be a number"),
        (
            {"Type": "String", "AllowedPattern": "a", "ConstraintDescription": "only a"},
            "b",
            "Parameter P failed to satisfy constraint: only a",
        ),
    ],
)
def test_constraints(declaration: Json, value: str, message: str) -> None:
    with pytest.raises(AwsError) as refused:
        values({"P": declaration}, [{"ParameterKey": "P", "ParameterValue": value}])
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ([], "Parameters: [A, B] must have values"),
        (
            [{"ParameterKey": name, "ParameterValue": "1"} for name in "ABX"],
            "Parameters: [X] do not exist in the template",
        ),
        (
            [{"ParameterKey": "A", "UsePreviousValue": True}],
            "Invalid input for parameter key A. Cannot specify usePreviousValue as true for a parameter key not in the "
            "previous template",
        ),
    ],
)
def test_what_is_given_must_fit_what_is_declared(given_values: list[Json], message: str) -> None:
    with pytest.raises(AwsError) as refused:
        values({"A": {"Type": "String"}, "B": {"Type": "String"}}, given_values)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("kind", "is_stored", "value"),
    [
        ("AWS::SSM::Parameter::Value<String>", True, "a,b"),
        ("AWS::SSM::Parameter::Value<List<String>>", True, ["a", "b"]),
        ("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", True, "a,b"),
        ("AWS::SSM::Parameter::Name", False, "a,b"),
        ("AWS::EC2::VPC::Id", False, "a,b"),
        ("List<AWS::EC2::Subnet::Id>", False, ["a", "b"]),
        ("List<String>", False, ["a", "b"]),
    ],
)
def test_types_of_an_account(kind: str, is_stored: bool, value: str | list[str]) -> None:
    declared = declared_parameters({"Parameters": {"P": {"Type": kind}}})["P"]
    assert (declared.is_stored, declared.value("a,b")) == (is_stored, value)


@pytest.mark.parametrize("kind", ["AWS::EC2::Nothing::Id", "AWS::SSM::Parameter::Value<Text>"])
def test_types_that_are_not_known_are_refused_by_name(kind: str) -> None:
    with pytest.raises(NotEmulated, match=kind.replace("<", ".").replace(">", ".")):
        declared_parameters({"Parameters": {"P": {"Type": kind}}})


@pytest.mark.parametrize("body", [{}, {"Type": "Text"}, {"Type": "String", "Defalt": "x"}, "String"])
def test_bad_declarations_are_refused(body: Any) -> None:
    with pytest.raises(AwsError, match="Template format error"):
        declared_parameters({"Parameters": {"P": body}})


@given(st.lists(st.text(st.characters(exclude_characters=",", exclude_categories=["Cs"])).map(str.strip), min_size=2))
def test_a_comma_delimited_list_gives_its_items(items: list[str]) -> None:
    declared = declared_parameters({"Parameters": {"L": {"Type": "CommaDelimitedList"}}})
    assert declared["L"].value(",".join(items)) == items
