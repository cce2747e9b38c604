"""AWS::CloudFormation::Stack: made, changed, rolled back and deleted with the stack around it."""

from __future__ import annotations

import pytest

from tests.conformance.cloudformation.stack import Stack
from tests.conftest import Aws

INNER = """
Parameters: {Name: {Type: String}}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn}
"""
BROKEN = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: "not a name"}}
"""


@pytest.fixture
def bucket(aws: Aws) -> str:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="templates")
    for key, text in (("inner.yaml", INNER), ("broken.yaml", BROKEN)):
        s3.put_object(Bucket="templates", Key=key, Body=text.encode())
    return "https://templates.s3.amazonaws.com"


def outer(url: str, name: str = "inner-queue") -> str:
    parameters = f", Parameters: {{Name: {name}}}" if url.endswith("inner.yaml") else ""
    return f"""
Resources:
  Inner: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: "{url}"{parameters}}}}}
  Other: {{Type: AWS::SQS::Queue, Properties: {{QueueName: other}}, DependsOn: Inner}}
Outputs:
  Inner: {{Value: !Ref Inner}}
""" + ("  Arn: {Value: !GetAtt Inner.Outputs.Arn}\n" if parameters else "")


def queues(aws: Aws) -> list[str]:
    return sorted(url.rpartition("/")[2] for url in aws.client("sqs").list_queues().get("QueueUrls", []))


def test_a_stack_in_a_stack(aws: Aws, bucket: str) -> None:
    stack = Stack(aws, "outer").deploy(outer(f"{bucket}/inner.yaml"))
    outputs = stack.outputs()
    assert outputs["Arn"] == "arn:aws:sqs:us-east-1:000000000000:inner-queue"
    assert queues(aws) == ["inner-queue", "other"]
    (inner,) = aws.client("cloudformation").describe_stacks(StackName=outputs["Inner"])["Stacks"]
    assert inner["StackName"].startswith("outer-Inner-")
    assert (inner["ParentId"], inner["RootId"]) == (stack.describe()["StackId"],) * 2

    stack.deploy(outer(f"{bucket}/inner.yaml", "renamed"))
    assert queues(aws) == ["other", "renamed"]
    assert stack.outputs()["Arn"].endswith(":renamed")
    stack.delete()
    assert queues(aws) == []
    stacks = aws.client("cloudformation").list_stacks()["StackSummaries"]
    assert {each["StackStatus"] for each in stacks} == {"DELETE_COMPLETE"}


def test_one_that_fails_takes_the_outer_one_back(aws: Aws, bucket: str) -> None:
    reasons = Stack(aws, "outer").fail(outer(f"{bucket}/broken.yaml"))
    assert reasons["Inner"].startswith("Embedded stack arn:aws:cloudformation:")
    assert "was not successfully created: The following resource(s) failed to create: [Queue]." in reasons["Inner"]
    assert queues(aws) == []


def test_a_template_that_is_not_there(aws: Aws, bucket: str) -> None:
    assert "S3 error" in Stack(aws, "outer").fail(outer(f"{bucket}/nothing.yaml"))["Inner"]


def test_a_time_limit_is_refused_by_name(aws: Aws, bucket: str) -> None:
    template = outer(f"{bucket}/inner.yaml").replace("TemplateURL:", "TimeoutInMinutes: 5, TemplateURL:")
    assert "TimeoutInMinutes is not emulated" in Stack(aws, "outer").fail(template)["Inner"]
