"""What a template has looked up: stored parameters, dynamic references; and what it asserts of its parameters."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.cloudformation.stack import Stack
from tests.conftest import Aws

_STORED = """
Parameters:
  Name: {Type: "AWS::SSM::Parameter::Value<String>", Default: /app/queue}
  Names: {Type: "AWS::SSM::Parameter::Value<List<String>>", Default: /app/names}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}
Outputs:
  Second: {Value: !Select [1, !Ref Names]}
"""


def test_parameters_are_read_from_the_parameter_store(aws: Aws) -> None:
    """An update looks again."""
    ssm, sqs = aws.client("ssm"), aws.client("sqs")
    ssm.put_parameter(Name="/app/queue", Value="first", Type="String")
    ssm.put_parameter(Name="/app/names", Value="a,b", Type="StringList")
    stack = Stack(aws, "stored").deploy(_STORED)
    assert stack.outputs() == {"Second": "b"}
    assert "/first" in sqs.get_queue_url(QueueName="first")["QueueUrl"]
    shown = {each["ParameterKey"]: each for each in stack.describe()["Parameters"]}
    assert shown["Name"] == {"ParameterKey": "Name", "ParameterValue": "/app/queue", "ResolvedValue": "first"}
    ssm.put_parameter(Name="/app/queue", Value="second", Type="String", Overwrite=True)
    stack.deploy(_STORED)
    assert "/second" in sqs.get_queue_url(QueueName="second")["QueueUrl"]


def test_a_parameter_that_is_not_stored(aws: Aws) -> None:
    client = aws.client("cloudformation")
    with pytest.raises(ClientError) as failed:
        client.create_stack(StackName="stored", TemplateBody=_STORED)
    assert failed.value.response["Error"] == {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": "Unable to fetch parameters [/app/queue] from parameter store for this account.",
    }
    assert client.describe_stacks()["Stacks"] == []


_DYNAMIC = """
Resources:
  One:
    Type: AWS::SQS::Queue
    Properties: {QueueName: "{{resolve:ssm:/app/queue}}-{{resolve:ssm:/app/queue:1}}"}
  Two:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Sub "${AWS::StackName}-{{resolve:secretsmanager:login:SecretString:user}}"}
  Three:
    Type: AWS::SSM::Parameter
    Properties: {Name: /copy, Type: String, Value: "{{resolve:ssm-secure:/app/secret}}"}
"""


def test_dynamic_references(aws: Aws) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/app/queue", Value="old", Type="String")
    ssm.put_parameter(Name="/app/queue", Value="new", Type="String", Overwrite=True)
    ssm.put_parameter(Name="/app/secret", Value="hidden", Type="SecureString")
    aws.client("secretsmanager").create_secret(Name="login", SecretString='{"user": "me"}')
    Stack(aws, "dynamic").deploy(_DYNAMIC)
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == ["dynamic-me", "new-old"]
    assert ssm.get_parameter(Name="/copy")["Parameter"]["Value"] == "hidden"


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("{{resolve:ssm:/nobody}}", "ParameterNotFound|not found"),
        ("{{resolve:secretsmanager:login:SecretString:nothing}}", "JSONKey in SecretString"),
        ("{{resolve:secretsmanager:login:SecretBinary}}", "Could not parse"),
        ("{{resolve:elsewhere:x}}", "dynamic reference .*elsewhere.* is not emulated"),
    ],
)
def test_references_that_lead_nowhere(aws: Aws, reference: str, text: str) -> None:
    aws.client("secretsmanager").create_secret(Name="login", SecretString='{"user": "me"}')
    template = f"""
Resources:
  Queue: {{Type: AWS::SQS::Queue, Properties: {{QueueName: "{reference}"}}}}
"""
    reasons = Stack(aws, "dynamic").fail(template)

    assert re.search(text, reasons["Queue"]), reasons


RULES = """
Parameters:
  Version: {Type: String, Default: "21"}
  Stage: {Type: String, Default: prod}
Rules:
  Bootstrap:
    Assertions:
      - Assert: {"Fn::Not": [{"Fn::Contains": [["1", "2", "3"], !Ref Version]}]}
        AssertDescription: bootstrap again
  OnlyProd:
    RuleCondition: {"Fn::Equals": [!Ref Stage, prod]}
    Assertions:
      - Assert: {"Fn::EachMemberIn": [[!Ref Version], ["21", "22"]]}
Resources:
  Queue: {Type: AWS::SQS::Queue}
"""


def test_rules_hold_before_anything_is_made(aws: Aws) -> None:
    client = aws.client("cloudformation")

    def create(**parameters: str) -> Any:
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        return client.create_stack(StackName="ruled", TemplateBody=RULES, Parameters=given)

    with pytest.raises(ClientError, match="Bootstrap: bootstrap again"):
        create(Version="2", Stage="dev")
    with pytest.raises(ClientError, match="OnlyProd"):
        create(Version="30")
    assert client.describe_stacks()["Stacks"] == []
    create(Version="30", Stage="dev")
    assert client.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_cdk_metadata_has_no_effect(aws: Aws) -> None:
    template = """
Resources:
  Queue: {Type: AWS::SQS::Queue}
  CDKMetadata: {Type: "AWS::CDK::Metadata", Properties: {Analytics: "v2:deflate64:AAAA"}}
"""
    Stack(aws, "cdk").deploy(template).delete()
