"""Stacks through boto3: create, describe, list, delete. AWS CloudFormation API reference and user guide."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: A queue and its log
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Secret: {Type: String, NoEcho: true, Default: test}
  Delay: {Type: Number, Default: 3}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    DependsOn: Queue
    Properties:
      LogGroupName: !Sub "/queues/${Queue.QueueName}"
      RetentionInDays: !If [IsProd, 30, 7]
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: !Ref Delay
      Tags: [{Key: own, Value: "1"}]
  Extra:
    Type: AWS::SQS::Queue
    Condition: IsProd
Outputs:
  QueueArn:
    Description: The queue
    Value: !GetAtt Queue.Arn
  Extra:
    Condition: IsProd
    Value: !Ref Extra
"""


def test_a_stack_is_created_and_described(aws: Any, stacks: Any) -> None:
    """Order by references and DependsOn, conditions, generated names `<stack>-<logical id>-<random>`, NoEcho, tags."""
    assert stacks.create("first", TEMPLATE, Tags=[{"Key": "team", "Value": "a"}]) == "CREATE_COMPLETE"
    described = stacks.describe("first")
    assert described["Description"] == "A queue and its log"
    assert described["StackId"].startswith("arn:aws:cloudformation:us-east-1:000000000000:stack/first/")
    assert described["Parameters"] == [
        {"ParameterKey": "Stage", "ParameterValue": "dev"},
        {"ParameterKey": "Secret", "ParameterValue": "****"},
        {"ParameterKey": "Delay", "ParameterValue": "3"},
    ]
    assert described["Tags"] == [{"Key": "team", "Value": "a"}]
    arn = stacks.outputs("first")["QueueArn"]
    name = arn.rpartition(":")[2]
    assert name.startswith("first-Queue-")
    assert stacks.outputs("first") == {"QueueArn": arn}
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"] == "3"
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"own": "1", "team": "a"}
    assert stacks.physical_ids("first") == {"Queue": url, "Log": f"/queues/{name}"}
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/queues/")["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [7]


def test_the_events_tell_the_whole_way(stacks: Any) -> None:
    """DescribeStackEvents is newest first; a resource's creation is told three times."""
    stacks.create("told", TEMPLATE)
    assert stacks.events("told") == [
        ("told", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("Log", "CREATE_IN_PROGRESS"),
        ("Log", "CREATE_IN_PROGRESS"),
        ("Log", "CREATE_COMPLETE"),
        ("told", "CREATE_COMPLETE"),
    ]
    assert stacks.reasons("told", "CREATE_IN_PROGRESS") == [
        "User Initiated",
        "",
        "Resource creation Initiated",
        "",
        "Resource creation Initiated",
    ]


def test_events_at_one_moment_have_ids_of_their_own(stacks: Any) -> None:
    """SAM's command shows an event once, by its id, and waits for later ones than it knows."""
    stacks.create("ids", TEMPLATE)
    events = stacks.client.describe_stack_events(StackName="ids")["StackEvents"]
    assert len({event["EventId"] for event in events}) == len(events) == 8
    times = [event["Timestamp"] for event in reversed(events)]
    assert all(earlier < later for earlier, later in itertools.pairwise(times))


def test_what_is_not_to_be_echoed_is_in_no_event(stacks: Any) -> None:
    """NoEcho values are asterisks in ResourceProperties too; conditions over them hold as ever."""
    template = """
Parameters: {Key: {Type: String, NoEcho: true}}
Conditions: {Known: !Equals [!Ref Key, test-value]}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !If [Known, known, unknown]
      Tags: [{Key: key, Value: !Sub "is ${Key}"}]
"""
    stacks.create("quiet", template, Parameters=[{"ParameterKey": "Key", "ParameterValue": "test-value"}])
    events = stacks.client.describe_stack_events(StackName="quiet")["StackEvents"]
    shown = [json.loads(event["ResourceProperties"]) for event in events if "ResourceProperties" in event]
    assert shown[0] == {"QueueName": "known", "Tags": [{"Key": "key", "Value": "is ****"}]}
    assert "test-value" not in json.dumps(shown)


def test_a_condition_may_add_resources(stacks: Any) -> None:
    stacks.create("prod", TEMPLATE, Parameters=[{"ParameterKey": "Stage", "ParameterValue": "prod"}])
    assert set(stacks.physical_ids("prod")) == {"Queue", "Log", "Extra"}
    assert set(stacks.outputs("prod")) == {"QueueArn", "Extra"}


def test_a_deleted_stack_is_gone_by_name_and_there_by_id(aws: Any, stacks: Any) -> None:
    stacks.create("short", TEMPLATE)
    stack_id = stacks.describe("short")["StackId"]
    assert stacks.delete("short") == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="Stack with id short does not exist"):
        stacks.describe("short")
    assert stacks.describe(stack_id)["StackName"] == "short"
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    deleted = stacks.client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [one["StackName"] for one in deleted] == ["short"]
    stacks.client.delete_stack(StackName="short")
    assert stacks.create("short", TEMPLATE) == "CREATE_COMPLETE"


def test_depends_on_alone_makes_an_order(stacks: Any) -> None:
    first = {"Type": "AWS::SQS::Queue", "DependsOn": ["Second", "Third"]}
    second = {"Type": "AWS::SQS::Queue", "DependsOn": "Third"}
    resources = {"First": first, "Second": second, "Third": {"Type": "AWS::SQS::Queue"}}
    stacks.create("ordered", {"Resources": resources})
    made = [name for name, status in stacks.events("ordered") if status == "CREATE_COMPLETE"]
    assert made == ["Third", "Second", "First", "ordered"]


def test_deletion_runs_against_the_dependencies(stacks: Any) -> None:
    stacks.create("order", TEMPLATE)
    stack_id = stacks.describe("order")["StackId"]
    stacks.delete("order")
    deleted = [name for name, status in stacks.events(stack_id) if status == "DELETE_COMPLETE"]
    assert deleted == ["Log", "Queue", "order"]


def test_retained_resources_stay(aws: Any, stacks: Any) -> None:
    """DeletionPolicy: Retain."""
    resources = {
        "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "kept"}},
        "Gone": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "gone"}},
    }
    stacks.create("keeping", {"Resources": resources})
    stack_id = stacks.describe("keeping")["StackId"]
    assert stacks.delete("keeping") == "DELETE_COMPLETE"
    assert ("Kept", "DELETE_SKIPPED") in stacks.events(stack_id)
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["kept"]


def test_listings_of_resources(stacks: Any) -> None:
    stacks.create("listed", TEMPLATE)
    client = stacks.client
    url = stacks.physical_ids("listed")["Queue"]
    summaries = client.list_stack_resources(StackName="listed")["StackResourceSummaries"]
    assert [(one["LogicalResourceId"], one["ResourceStatus"]) for one in summaries] == [
        ("Queue", "CREATE_COMPLETE"),
        ("Log", "CREATE_COMPLETE"),
    ]
    detail = client.describe_stack_resource(StackName="listed", LogicalResourceId="Queue")["StackResourceDetail"]
    assert (detail["PhysicalResourceId"], detail["ResourceType"]) == (url, "AWS::SQS::Queue")
    by_id = client.describe_stack_resources(PhysicalResourceId=url)["StackResources"]
    assert {one["LogicalResourceId"] for one in by_id} == {"Queue", "Log"}
    with pytest.raises(ClientError, match="Resource Nobody does not exist for stack listed"):
        client.describe_stack_resource(StackName="listed", LogicalResourceId="Nobody")
    with pytest.raises(ClientError, match="Stack for nothing does not exist"):
        client.describe_stack_resources(PhysicalResourceId="nothing")


def test_a_template_may_come_from_s3(aws: Any, stacks: Any) -> None:
    """TemplateURL: path style, virtual-hosted style, and the emulator's own address as clients with an endpoint do."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="templates-of-cfn")
    s3.put_object(Bucket="templates-of-cfn", Key="a/b c.yaml", Body=TEMPLATE)
    urls = [
        "https://s3.us-east-1.amazonaws.com/templates-of-cfn/a/b%20c.yaml",
        "https://templates-of-cfn.s3.amazonaws.com/a/b%20c.yaml",
        "https://templates-of-cfn.s3.eu-west-1.amazonaws.com/a/b%20c.yaml",
        f"{s3.meta.endpoint_url}/templates-of-cfn/a/b%20c.yaml",
    ]
    for index, url in enumerate(urls):
        stacks.client.create_stack(StackName=f"from-s3-{index}", TemplateURL=url)
        assert stacks.status(f"from-s3-{index}") == "CREATE_COMPLETE"
    for url, message in (
        ("https://s3.amazonaws.com/templates-of-cfn/nothing", "S3 error: The specified key does not exist."),
        ("https://example.com/templates-of-cfn/a", "Domain name specified in example.com is not a valid S3 domain"),
        ("s3://templates-of-cfn/a", "TemplateURL must be a supported URL."),
    ):
        with pytest.raises(ClientError, match=message.replace(".", r"\.")):
            stacks.client.create_stack(StackName="from-nowhere", TemplateURL=url)


def test_termination_protection(stacks: Any) -> None:
    stacks.create("safe", TEMPLATE, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match=r"Stack \[safe\] cannot be deleted while TerminationProtection is enabled"):
        stacks.client.delete_stack(StackName="safe")
    stacks.client.update_termination_protection(StackName="safe", EnableTerminationProtection=False)
    assert stacks.delete("safe") == "DELETE_COMPLETE"


def test_stacks_are_apart_by_region(aws: Any, stacks: Any) -> None:
    stacks.create("here", TEMPLATE)
    there = aws.client("cloudformation", region_name="eu-west-1")
    assert there.describe_stacks()["Stacks"] == []


def test_names_and_bad_requests(stacks: Any) -> None:
    """Errors of CreateStack and DescribeStacks are ValidationError with AWS's texts; AlreadyExistsException."""
    body = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
    create = stacks.client.create_stack
    stacks.create("taken", body)
    for arguments, code, message in (
        ({"StackName": "taken", "TemplateBody": body}, "AlreadyExistsException", "Stack [taken] already exists"),
        (
            {"StackName": "under_score", "TemplateBody": body},
            "ValidationError",
            "1 validation error detected: Value 'under_score' at 'stackName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        ),
        ({"StackName": "empty"}, "ValidationError", "Either Template URL or Template Body must be specified."),
        (
            {"StackName": "both", "TemplateBody": body, "OnFailure": "DELETE", "DisableRollback": True},
            "ValidationError",
            "You may not specify both OnFailure and DisableRollback for CreateStack.",
        ),
        (
            {"StackName": "tag", "TemplateBody": body, "Tags": [{"Key": "aws:x", "Value": "1"}]},
            "ValidationError",
            "aws: prefixed tag key names are not allowed for external use.",
        ),
        ({"StackName": "policy", "TemplateBody": body, "StackPolicyBody": "{}"}, "NotEmulated", "StackPolicyBody"),
        (
            {"StackName": "arn", "TemplateBody": body, "NotificationARNs": ["arn:aws:sns:us-east-1:1:t"]},
            "NotEmulated",
            "NotificationARNs",
        ),
    ):
        with pytest.raises(ClientError) as refused:
            create(**arguments)
        error = refused.value.response["Error"]
        assert error["Code"] == code
        assert message in error["Message"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_stack_set", {"StackSetName": "s"}),
        ("detect_stack_drift", {"StackName": "s"}),
        ("list_stack_sets", {}),
        ("continue_update_rollback", {"StackName": "s"}),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(stacks: Any, operation: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(stacks.client, operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotEmulated"


def test_status_takes_the_transition_time(emulator: Any, aws: Any, stacks: Any) -> None:
    """With a transition time a client sees CREATE_IN_PROGRESS, then CREATE_COMPLETE; a deletion meanwhile wins."""
    world = emulator.world
    world.transition_seconds = 30
    try:
        assert stacks.create("slow", TEMPLATE) == "CREATE_IN_PROGRESS"
        with pytest.raises(ClientError, match="is in CREATE_IN_PROGRESS state and can not be updated"):
            stacks.client.update_stack(StackName="slow", TemplateBody=TEMPLATE)
        aws.advance(30)
        assert stacks.status("slow") == "CREATE_IN_PROGRESS"
        aws.advance(30)
        assert stacks.status("slow") == "CREATE_COMPLETE"
        assert stacks.create("cut", TEMPLATE) == "CREATE_IN_PROGRESS"
        stack_id = stacks.describe("cut")["StackId"]
        stacks.client.delete_stack(StackName="cut")
        assert stacks.status(stack_id) == "DELETE_IN_PROGRESS"
        aws.advance(120)
        assert stacks.status(stack_id) == "DELETE_COMPLETE"
        assert set(stacks.physical_ids(stack_id)) == {"Queue"}
    finally:
        world.transition_seconds = 0
