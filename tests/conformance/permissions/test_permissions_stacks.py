"""Who makes a stack's resources: whoever operates the stack, or its service role (user guide, "service role")."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.permissions.conftest import allow, refused

QUEUE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
STACKS = allow("cloudformation:*")


def status(client: Any, name: str) -> str:
    return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def test_a_user_who_may_not_make_the_resources(iam: Any) -> None:
    """The resource fails with the service's refusal, the stack rolls back."""
    client = iam.user(STACKS).client("cloudformation")
    name = iam.name("stack")
    client.create_stack(StackName=name, TemplateBody=QUEUE)
    assert status(client, name) == "ROLLBACK_COMPLETE"
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    (why,) = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert "is not authorized to perform: sqs:createqueue" in why
    assert "HandlerErrorCode: AccessDenied" in why


def test_a_service_role_makes_them(iam: Any) -> None:
    """RoleARN: the user needs iam:PassRole and no permission on queues; the role stays the stack's for its deletion."""
    role = iam.role("cloudformation.amazonaws.com", allow("sqs:*"))
    client = iam.user(STACKS, allow("iam:PassRole", role)).client("cloudformation")
    name = iam.name("stack")
    stack_id = client.create_stack(StackName=name, TemplateBody=QUEUE, RoleARN=role)["StackId"]
    assert status(client, name) == "CREATE_COMPLETE"
    client.delete_stack(StackName=name)
    assert status(client, stack_id) == "DELETE_COMPLETE"


def test_a_role_that_may_not(iam: Any) -> None:
    role = iam.role("cloudformation.amazonaws.com", allow("sns:*"))
    client = iam.user(STACKS, allow("iam:PassRole", role)).client("cloudformation")
    name = iam.name("stack")
    client.create_stack(StackName=name, TemplateBody=QUEUE, RoleARN=role)
    assert status(client, name) == "ROLLBACK_COMPLETE"


def test_a_role_needs_to_be_passed(iam: Any) -> None:
    role = iam.role("cloudformation.amazonaws.com", allow("sqs:*"))
    client = iam.user(STACKS).client("cloudformation")
    error = refused(client.create_stack, StackName=iam.name("stack"), TemplateBody=QUEUE, RoleARN=role)
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert "iam:PassRole" in error.message


def test_a_user_without_permission_on_stacks(iam: Any) -> None:
    client = iam.user(allow("sqs:*")).client("cloudformation")
    error = refused(client.create_stack, StackName=iam.name("stack"), TemplateBody=QUEUE)
    assert error.code == "AccessDenied"
    assert "cloudformation:CreateStack" in error.message
