"""What goes wrong: bad templates before anything is made, failing resources and how a stack goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

QUEUE = {"Type": "AWS::SQS::Queue"}


def group(name: str, *after: str) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "DependsOn": list(after), "Properties": {"LogGroupName": name}}


@pytest.mark.parametrize(
    ("template", "code", "message"),
    [
        ("Resources: [", "ValidationError", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ({}, "ValidationError", "Template format error: At least one Resources member must be defined."),
        (
            {"Resources": {"Q": QUEUE}, "AWSTemplateFormatVersion": "2011-01-01"},
            "ValidationError",
            "Template format error: 2011-01-01 is not a supported value for AWSTemplateFormatVersion.",
        ),
        (
            {"Resources": {"Q": QUEUE}, "Resource": {}},
            "ValidationError",
            "Template format error: Invalid template property or properties [Resource]",
        ),
        (
            {"Resources": {"Q": {"Properties": {}}}},
            "ValidationError",
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        (
            {"Resources": {"a-b": QUEUE}},
            "ValidationError",
            "Template format error: Resource name a-b is non alphanumeric.",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "Property": {}}}},
            "ValidationError",
            "Template format error: Invalid template resource property 'Property'",
        ),
        (
            {"Resources": {"Q": {"Type": "AWS::EC2::Instance"}, "R": {"Type": "AWS::SQS::Nope"}}},
            "ValidationError",
            "Template format error: Unrecognized resource types: [AWS::SQS::Nope]",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "Properties": {"QueueName": {"Ref": "Name"}}}}},
            "ValidationError",
            "Template format error: Unresolved resource dependencies [Name] in the Resources block of the template",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "DependsOn": "Other"}}},
            "ValidationError",
            "Template format error: Unresolved resource dependencies [Other] in the Resources block of the template",
        ),
        (
            {"Resources": {"Q": QUEUE}, "Outputs": {"O": {"Value": {"Fn::Sub": "${Other.Arn}"}}}},
            "ValidationError",
            "Template format error: Unresolved resource dependencies [Other] in the Outputs block of the template",
        ),
        (
            {"Resources": {"Q": QUEUE}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["Q", "Color"]}}}},
            "ValidationError",
            "Template error: resource Q does not support attribute type Color in Fn::GetAtt",
        ),
        (
            {"Resources": {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": ["A"]}, "C": QUEUE}},
            "ValidationError",
            "Circular dependency between resources: [A, B]",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "Condition": "Nope"}}},
            "ValidationError",
            "Template format error: Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            {"Resources": {"Q": QUEUE}, "Parameters": {"P": {"Type": "String"}}},
            "ValidationError",
            "Parameters: [P] must have values",
        ),
        (
            {"Resources": {"R": {"Type": "AWS::IAM::User"}}},
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_IAM]",
        ),
        (
            {"Resources": {"R": {"Type": "AWS::IAM::User", "Properties": {"UserName": "u"}}}},
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        ({"Resources": {"S": {"Type": "AWS::EC2::Instance"}}}, "NotEmulated", "resource type AWS::EC2::Instance"),
        ({"Resources": {"S": {"Type": "AWS::CloudFormation::Macro"}}}, "NotEmulated", "AWS::CloudFormation::Macro"),
        ({"Resources": {"Q": QUEUE}, "Transform": "MyMacro"}, "NotEmulated", "transform MyMacro"),
        ({"Resources": {"Q": QUEUE}, "Hooks": {}}, "NotEmulated", "template section Hooks"),
        ({"Resources": {"Q": {**QUEUE, "CreationPolicy": {}}}}, "NotEmulated", "resource attribute CreationPolicy"),
        ({"Resources": {"Q": {**QUEUE, "DeletionPolicy": "Snapshot"}}}, "NotEmulated", "DeletionPolicy Snapshot"),
    ],
)
def test_a_bad_template_makes_no_stack(stacks: Any, template: Any, code: str, message: str) -> None:
    with pytest.raises(ClientError) as refused:
        stacks.create("bad", template)
    error = refused.value.response["Error"]
    assert error["Code"] == code
    assert message in error["Message"]
    assert stacks.client.list_stacks()["StackSummaries"] == []


def test_capabilities_that_suffice(stacks: Any) -> None:
    """CAPABILITY_NAMED_IAM includes CAPABILITY_IAM."""
    user = {"Resources": {"U": {"Type": "AWS::IAM::User"}}}
    assert stacks.create("named-for-any", user, Capabilities=["CAPABILITY_NAMED_IAM"]) == "CREATE_COMPLETE"
    assert stacks.create("any", user, Capabilities=["CAPABILITY_IAM"]) == "CREATE_COMPLETE"


def test_a_failing_resource_takes_the_whole_stack_back(aws: Any, stacks: Any) -> None:
    """ROLLBACK_COMPLETE; the events tell which resource failed and why."""
    aws.client("logs").create_log_group(logGroupName="/taken")
    template = {"Resources": {"Queue": QUEUE, "Log": group("/taken", "Queue"), "Late": {**QUEUE, "DependsOn": "Log"}}}
    assert stacks.create("back", template) == "ROLLBACK_COMPLETE"
    assert stacks.events("back") == [
        ("back", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("Log", "CREATE_IN_PROGRESS"),
        ("Log", "CREATE_FAILED"),
        ("back", "ROLLBACK_IN_PROGRESS"),
        ("Log", "DELETE_COMPLETE"),
        ("Queue", "DELETE_IN_PROGRESS"),
        ("Queue", "DELETE_COMPLETE"),
        ("back", "ROLLBACK_COMPLETE"),
    ]
    (why,) = stacks.reasons("back", "CREATE_FAILED")
    assert why.startswith('Resource handler returned message: "The specified log group already exists')
    assert "(Service: CloudWatchLogs, Status Code: 400, Request ID: " in why
    assert why.endswith("HandlerErrorCode: AlreadyExists)")
    assert stacks.reasons("back", "ROLLBACK_IN_PROGRESS") == [
        "The following resource(s) failed to create: [Log]. Rollback requested by user."
    ]
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/taken"], "what was there before stays"
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stacks.update("back", template)
    assert stacks.delete("back") == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("option", "status", "queues"),
    [
        ({"DisableRollback": True}, "CREATE_FAILED", 1),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", 1),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0),
        ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE", 0),
    ],
)
def test_what_a_failure_leaves(aws: Any, stacks: Any, option: dict[str, Any], status: str, queues: int) -> None:
    aws.client("logs").create_log_group(logGroupName="/taken")
    template = {"Resources": {"Queue": QUEUE, "Log": group("/taken", "Queue")}}
    created = stacks.client.create_stack(StackName="left", TemplateBody=json.dumps(template), **option)
    assert stacks.status(created["StackId"]) == status
    assert len(aws.client("sqs").list_queues().get("QueueUrls", [])) == queues


def test_a_failed_creation_can_be_rolled_back_later(aws: Any, stacks: Any) -> None:
    """RollbackStack after CREATE_FAILED."""
    aws.client("logs").create_log_group(logGroupName="/taken")
    template = {"Resources": {"Queue": QUEUE, "Log": group("/taken", "Queue")}}
    assert stacks.create("later", template, DisableRollback=True) == "CREATE_FAILED"
    stacks.client.rollback_stack(StackName="later")
    assert stacks.status("later") == "ROLLBACK_COMPLETE"
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be rolled back"):
        stacks.client.rollback_stack(StackName="later")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"Color": "red"}, "#: Color is not emulated"),
        ({"DelaySeconds": "soon"}, "#/DelaySeconds: expected type: Integer, found: String"),
        ({"Tags": [{"Key": "a"}]}, "#/Tags/0: required key [Value] not found"),
    ],
)
def test_properties_that_a_type_does_not_know_fail_the_resource(stacks: Any, properties: Any, reason: str) -> None:
    assert stacks.create("props", {"Resources": {"Queue": {**QUEUE, "Properties": properties}}}) == "ROLLBACK_COMPLETE"
    assert stacks.reasons("props", "CREATE_FAILED") == [
        f"Properties validation failed for resource Queue with message:\n{reason}"
    ]


def test_a_resource_that_cannot_be_deleted(aws: Any, stacks: Any) -> None:
    """DELETE_FAILED with its name; what does not depend on it is gone; RetainResources lets it go the next time."""
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "stays-full"}},
        "Queue": {**QUEUE, "DependsOn": "Bucket"},
    }
    stacks.create("stuck", {"Resources": resources})
    s3 = aws.client("s3")
    s3.put_object(Bucket="stays-full", Key="a", Body=b"a")
    with pytest.raises(
        ClientError, match="Specify the resources to retain only when the stack is in the DELETE_FAILED"
    ):
        stacks.client.delete_stack(StackName="stuck", RetainResources=["Bucket"])
    assert stacks.delete("stuck") == "DELETE_FAILED"
    assert stacks.describe("stuck")["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]."
    (why,) = [one for one in stacks.reasons("stuck", "DELETE_FAILED") if "Resource handler" in one]
    assert "The bucket you tried to delete is not empty" in why
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    with pytest.raises(ClientError, match=r"The following resources do not exist in the stack: \[Nobody\]"):
        stacks.client.delete_stack(StackName="stuck", RetainResources=["Nobody"])
    stack_id = stacks.describe("stuck")["StackId"]
    stacks.client.delete_stack(StackName="stuck", RetainResources=["Bucket"])
    assert stacks.status(stack_id) == "DELETE_COMPLETE"
    assert ("Bucket", "DELETE_SKIPPED") in stacks.events(stack_id)
    assert s3.list_objects_v2(Bucket="stays-full")["KeyCount"] == 1


def test_what_an_undeletable_resource_needs_stays(aws: Any, stacks: Any) -> None:
    """Directly and over another one; what has nothing to do with it goes."""
    resources = {
        "Far": {**QUEUE, "Properties": {"QueueName": "far"}},
        "Near": {**QUEUE, "DependsOn": "Far", "Properties": {"QueueName": "near"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Near", "Properties": {"BucketName": "full-and-needing"}},
        "Other": QUEUE,
    }
    stacks.create("needs", {"Resources": resources})
    aws.client("s3").put_object(Bucket="full-and-needing", Key="a", Body=b"a")
    assert stacks.delete("needs") == "DELETE_FAILED"
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == ["far", "near"]


def test_what_is_gone_already_counts_as_deleted(aws: Any, stacks: Any) -> None:
    stacks.create("gone", {"Resources": {"Log": group("/soon-gone"), "Queue": QUEUE}})
    aws.client("logs").delete_log_group(logGroupName="/soon-gone")
    aws.client("sqs").delete_queue(QueueUrl=stacks.physical_ids("gone")["Queue"])
    assert stacks.delete("gone") == "DELETE_COMPLETE"
