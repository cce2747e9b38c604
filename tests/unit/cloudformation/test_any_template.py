"""Whatever is in a template, it is worked out or refused with an AWS error: never an internal failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.difference import changes
from harness.emulator.services.cloudformation.model import Stack
from harness.emulator.services.cloudformation.preparation import Draft, Values
from harness.emulator.services.cloudformation.template import parse_template
from harness.json_object import Json

TEMPLATE: Json = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "d",
    "Metadata": {"a": 1},
    "Parameters": {"P": {"Type": "String", "Default": "p", "AllowedValues": ["p"], "MinLength": 1}},
    "Mappings": {"M": {"us-east-1": {"k": "v"}}},
    "Conditions": {"C": {"Fn::Or": [{"Fn::Equals": [{"Ref": "P"}, "p"]}, {"Fn::Not": [{"Condition": "C"}]}]}},
    "Resources": {
        "Q": {
            "Type": "AWS::SQS::Queue",
            "Condition": "C",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "QueueName": {"Fn::Sub": ["${P}-${X}", {"X": {"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "k"]}}]},
                "Tags": [{"Key": "a", "Value": {"Fn::If": ["C", {"Fn::ImportValue": "i"}, {"Ref": "AWS::NoValue"}]}}],
            },
        },
        "L": {
            "Type": "AWS::Logs::LogGroup",
            "DependsOn": ["Q"],
            "Metadata": {},
            "Properties": {
                "LogGroupName": {"Fn::Join": ["/", [{"Fn::GetAtt": ["Q", "Arn"]}, {"Fn::Base64": "x"}]]},
                "RetentionInDays": {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "Q"}]}]},
                "KmsKeyId": {"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]},
            },
        },
    },
    "Outputs": {"O": {"Value": {"Fn::GetAtt": "Q.Arn"}, "Export": {"Name": {"Ref": "P"}}, "Condition": "C"}},
}
# What is put in the place of some value of the template.
SCALARS = [None, True, 0, -1.5, "", "Q", "C", "P", "${", "${Q.}", "${.}"]
STRUCTURES = [[], [[]], ["Q"], [1, 2], {}, {"a": {"Fn::Sub": []}}]
FUNCTIONS = [{"Ref": "Q"}, {"Ref": ["Q"]}, {"Fn::GetAtt": "Q"}, {"Fn::If": "C"}, {"Condition": "C"}]
ODD = st.sampled_from([*SCALARS, *STRUCTURES, *FUNCTIONS])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in the template."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else [])
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def with_odd(template: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """A copy with another value at the path; unchanged if the path is gone by an earlier change."""
    if not path:
        return odd
    copy = template.copy() if isinstance(template, dict | list) else template
    try:
        copy[path[0]] = with_odd(copy[path[0]], path[1:], odd)
    except (KeyError, IndexError, TypeError):
        return template
    return copy


def work_out(text: str) -> None:
    stack = Stack("000000000000", "us-east-1", "s", "arn:aws:cloudformation:::stack/s/1", "", 0.0, Caller())
    draft = Draft(text, parse_template(text))
    deployment = draft.deployment(Values(draft.values([], None), {}), {}, ["CAPABILITY_NAMED_IAM"], stack)
    changes(stack, deployment, Blueprint(deployment, stack))


def test_the_template_itself_is_sound() -> None:
    sound = with_odd(TEMPLATE, ("Conditions", "C", "Fn::Or", 1), {"Fn::Not": [{"Fn::Equals": ["a", "b"]}]})
    work_out(json.dumps(sound))


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(places(TEMPLATE)[1:]), ODD), min_size=1, max_size=3))
def test_odd_values_are_refused(changed: list[tuple[tuple[Any, ...], Any]]) -> None:
    template: Any = with_odd(TEMPLATE, ("Conditions", "C", "Fn::Or", 1), {"Fn::Equals": ["a", "b"]})
    for path, odd in changed:
        template = with_odd(template, path, odd)
    try:
        work_out(json.dumps(template))
    except AwsError as error:
        assert error.code in ("ValidationError", "NotEmulated")


SAM: Json = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Globals": {"Function": {"Runtime": "python3.11", "Environment": {"Variables": {"A": "b"}}}},
    "Resources": {
        "Api": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "s", "Cors": {"AllowOrigin": "'*'"}}},
        "F": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Handler": "a.b",
                "InlineCode": "x",
                "Policies": [{"SQSPollerPolicy": {"QueueName": "q"}}, "AWSLambdaBasicExecutionRole"],
                "Events": {
                    "E": {"Type": "Api", "Properties": {"Path": "/", "Method": "ANY", "RestApiId": {"Ref": "Api"}}}
                },
            },
        },
    },
}


@settings(max_examples=120)
@given(st.sampled_from(places(SAM)[1:]), ODD)
def test_odd_sam_templates_are_refused(path: tuple[Any, ...], odd: Any) -> None:
    try:
        work_out(json.dumps(with_odd(SAM, path, odd)))
    except AwsError as error:
        assert error.code in ("ValidationError", "NotEmulated")


@pytest.mark.parametrize(
    "path", [("Resources",), ("Resources", "Q"), ("Resources", "Q", "Type"), ("Resources", "Q", "Properties")]
)
def test_the_pillars(path: tuple[Any, ...]) -> None:
    with pytest.raises(AwsError, match="Template format error"):
        work_out(json.dumps(with_odd(TEMPLATE, path, None)))
