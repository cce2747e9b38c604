"""ValidateTemplate, GetTemplateSummary, GetTemplate."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

TEMPLATE = """
Description: Two things
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod], Description: which}
  Secret: {Type: String, NoEcho: true}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Stage}}
  User: {Type: AWS::IAM::User}
"""


def test_a_template_is_validated(stacks: Any) -> None:
    answer = stacks.client.validate_template(TemplateBody=TEMPLATE)
    assert answer["Parameters"] == [
        {"ParameterKey": "Stage", "DefaultValue": "dev", "NoEcho": False, "Description": "which"},
        {"ParameterKey": "Secret", "NoEcho": True},
    ]
    assert answer["Description"] == "Two things"
    assert answer["Capabilities"] == ["CAPABILITY_IAM"]
    assert answer["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::User]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Resources: 5", "[/Resources] must be an object"),
        ('{"Resources": {}', "JSON not well-formed"),
        (
            "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref X}}}",
            "Unresolved resource dependencies [X]",
        ),
    ],
)
def test_a_bad_template_is_told(stacks: Any, text: str, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        stacks.client.validate_template(TemplateBody=text)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert message in refused.value.response["Error"]["Message"]


def test_a_body_may_have_51200_bytes(stacks: Any) -> None:
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    stacks.client.validate_template(TemplateBody=body + " " * (51_200 - len(body)))
    with pytest.raises(ClientError, match="Member must have length less than or equal to 51200"):
        stacks.client.validate_template(TemplateBody=body + " " * (51_201 - len(body)))


def test_a_summary(stacks: Any) -> None:
    """Of a text and of a stack; SAM and `aws cloudformation deploy` ask it for the stack's parameters."""
    summary = stacks.client.get_template_summary(TemplateBody=TEMPLATE)
    assert [one["ParameterKey"] for one in summary["Parameters"]] == ["Stage", "Secret"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["dev", "prod"]}
    assert sorted(summary["ResourceTypes"]) == ["AWS::IAM::User", "AWS::SQS::Queue"]
    stacks.create(
        "summed",
        TEMPLATE,
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "test"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    of_stack = stacks.client.get_template_summary(StackName="summed")
    assert of_stack["Parameters"] == summary["Parameters"]
    with pytest.raises(ClientError, match=r"Stack \[nobody\] does not exist"):
        stacks.client.get_template_summary(StackName="nobody")


def test_the_template_is_given_back(stacks: Any) -> None:
    body = "Resources:\n  Queue: {Type: AWS::SQS::Queue}  # as written\n"
    stacks.create("text", body)
    assert stacks.client.get_template(StackName="text")["TemplateBody"] == body
    processed = stacks.client.get_template(StackName="text", TemplateStage="Processed")
    assert processed["StagesAvailable"] == ["Original", "Processed"]
    stacks.client.create_change_set(
        StackName="text",
        ChangeSetName="c",
        TemplateBody=TEMPLATE.replace("NoEcho: true", "Default: x"),
        Capabilities=["CAPABILITY_IAM"],
    )
    of_change_set = stacks.client.get_template(StackName="text", ChangeSetName="c")["TemplateBody"]
    assert of_change_set.startswith("\nDescription: Two things")
