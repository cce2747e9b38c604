"""Change sets: what they tell, executing them, the empty one. AWS CloudFormation API reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


def template(name: str = "q", delay: int = 0, **more: Json) -> str:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name, "DelaySeconds": delay}}
    log = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/of/${Queue.QueueName}"}}}
    return json.dumps({"Resources": {"Queue": queue, "Log": log, **more}})


def test_a_stack_is_reviewed_then_created(stacks: Any) -> None:
    """ChangeSetType CREATE: REVIEW_IN_PROGRESS until the change set is executed."""
    client = stacks.client
    made = client.create_change_set(
        StackName="new",
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=template(),
        Description="the first",
        Tags=[{"Key": "a", "Value": "1"}],
    )
    assert made["Id"].startswith("arn:aws:cloudformation:us-east-1:000000000000:changeSet/first/")
    assert stacks.status("new") == "REVIEW_IN_PROGRESS"
    assert stacks.physical_ids("new") == {}
    described = client.describe_change_set(ChangeSetName="first", StackName="new")
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert (described["Description"], described["Tags"]) == ("the first", [{"Key": "a", "Value": "1"}])
    changes = [
        (one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"]) for one in described["Changes"]
    ]
    assert sorted(changes) == [("Add", "Log"), ("Add", "Queue")]
    client.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"])
    client.execute_change_set(ChangeSetName=made["Id"])
    assert stacks.status("new") == "CREATE_COMPLETE"
    assert stacks.describe("new")["ChangeSetId"] == made["Id"]
    assert client.describe_change_set(ChangeSetName=made["Id"])["ExecutionStatus"] == "EXECUTE_COMPLETE"
    client.get_waiter("stack_create_complete").wait(StackName="new")


def test_what_an_update_would_change(aws: Any, stacks: Any) -> None:
    stacks.create("told", template())
    extra = {"Type": "AWS::SQS::Queue"}
    made = stacks.client.create_change_set(
        StackName="told", ChangeSetName="c", TemplateBody=template(name="other", delay=5, Extra=extra)
    )
    changes = stacks.client.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    by_name = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in changes}
    assert by_name["Extra"]["Action"] == "Add"
    queue = by_name["Queue"]
    assert (queue["Action"], queue["Replacement"], queue["Scope"]) == ("Modify", "True", ["Properties"])
    assert queue["PhysicalResourceId"].endswith("/q")
    assert {one["Target"]["Name"]: one["Target"]["RequiresRecreation"] for one in queue["Details"]} == {
        "DelaySeconds": "Never",
        "QueueName": "Always",
    }
    log = by_name["Log"]
    assert (log["Replacement"], log["Details"][0]["Evaluation"]) == ("Conditional", "Dynamic")
    assert log["Details"][0]["CausingEntity"] == "Queue"
    assert stacks.physical_ids("told")["Queue"].endswith("/q"), "nothing has changed yet"
    stacks.client.execute_change_set(ChangeSetName="c", StackName="told")
    assert stacks.status("told") == "UPDATE_COMPLETE"
    assert stacks.physical_ids("told")["Log"] == "/of/other"


def test_a_removal_is_told(stacks: Any) -> None:
    stacks.create("fewer", template(Extra={"Type": "AWS::SQS::Queue"}))
    made = stacks.client.create_change_set(StackName="fewer", ChangeSetName="c", TemplateBody=template())
    (change,) = stacks.client.describe_change_set(ChangeSetName=made["Id"])["Changes"]
    assert (change["ResourceChange"]["Action"], change["ResourceChange"]["PolicyAction"]) == ("Remove", "Delete")


def test_no_changes(stacks: Any) -> None:
    """The reason that `aws cloudformation deploy` and SAM look for."""
    stacks.create("same", template())
    made = stacks.client.create_change_set(StackName="same", ChangeSetName="c", TemplateBody=template())
    described = stacks.client.describe_change_set(ChangeSetName=made["Id"])
    assert (described["Status"], described["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert described["StatusReason"] == NO_CHANGES
    with pytest.raises(ClientError) as refused:
        stacks.client.execute_change_set(ChangeSetName=made["Id"])
    assert refused.value.response["Error"]["Code"] == "InvalidChangeSetStatus"
    assert "cannot be executed in its current status of [FAILED]" in refused.value.response["Error"]["Message"]


def test_other_change_sets_become_obsolete(stacks: Any) -> None:
    stacks.create("many", template())
    for index in (1, 2):
        stacks.client.create_change_set(StackName="many", ChangeSetName=f"c{index}", TemplateBody=template(delay=index))
    stacks.client.execute_change_set(StackName="many", ChangeSetName="c1")
    summaries = stacks.client.list_change_sets(StackName="many")["Summaries"]
    assert {one["ChangeSetName"]: one["ExecutionStatus"] for one in summaries} == {
        "c1": "EXECUTE_COMPLETE",
        "c2": "OBSOLETE",
    }


def test_the_name_of_an_executed_change_set_is_free(stacks: Any) -> None:
    """The AWS CLI names them by the second; two deployments in one second differ from AWS, where none is that fast."""
    client = stacks.client
    client.create_change_set(StackName="fast", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template())
    with pytest.raises(ClientError, match="ChangeSet c already exists"):
        client.create_change_set(StackName="fast", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template())
    client.execute_change_set(StackName="fast", ChangeSetName="c")
    assert stacks.status("fast") == "CREATE_COMPLETE"
    made = client.create_change_set(StackName="fast", ChangeSetName="c", TemplateBody=template(delay=5))
    described = client.describe_change_set(StackName="fast", ChangeSetName="c")
    assert (described["ChangeSetId"], described["ExecutionStatus"]) == (made["Id"], "AVAILABLE")


def test_a_change_set_is_deleted(stacks: Any) -> None:
    stacks.create("less", template())
    stacks.client.create_change_set(StackName="less", ChangeSetName="c", TemplateBody=template(delay=1))
    stacks.client.delete_change_set(StackName="less", ChangeSetName="c")
    with pytest.raises(ClientError) as refused:
        stacks.client.describe_change_set(StackName="less", ChangeSetName="c")
    assert refused.value.response["Error"]["Code"] == "ChangeSetNotFound"
    assert refused.value.response["Error"]["Message"] == "ChangeSet [c] does not exist"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    stacks.client.delete_change_set(StackName="less", ChangeSetName="c")  # `cdk deploy` and `cdk diff` do before theirs
    with pytest.raises(ClientError, match=r"Stack \[none\] does not exist"):
        stacks.client.delete_change_set(StackName="none", ChangeSetName="c")


def test_the_names_must_fit_the_kind(stacks: Any) -> None:
    create = stacks.client.create_change_set
    stacks.create("there", template())
    create(StackName="there", ChangeSetName="c", TemplateBody=template(delay=1))
    for arguments, code, message in (
        ({"StackName": "nobody"}, "ValidationError", "Stack [nobody] does not exist"),
        (
            {"StackName": "there", "ChangeSetType": "CREATE"},
            "AlreadyExistsException",
            "Stack [there] already exists and cannot be created again with the changeSet [c].",
        ),
        ({"StackName": "there"}, "AlreadyExistsException", "ChangeSet c already exists"),
        ({"StackName": "there", "ChangeSetName": "d", "ChangeSetType": "IMPORT"}, "NotEmulated", "IMPORT"),
        (
            {"StackName": "there", "ChangeSetName": "d", "NotificationARNs": ["arn:aws:sns:us-east-1:000000000000:t"]},
            "NotEmulated",
            "NotificationARNs",
        ),
    ):
        with pytest.raises(ClientError) as refused:
            create(**{"ChangeSetName": "c", "TemplateBody": template(), **arguments})
        assert refused.value.response["Error"]["Code"] == code
        assert message in refused.value.response["Error"]["Message"]


def test_a_stack_under_review_can_be_deleted(stacks: Any) -> None:
    made = stacks.client.create_change_set(
        StackName="never", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template()
    )
    stacks.client.delete_stack(StackName="never")
    assert stacks.status(made["StackId"]) == "DELETE_COMPLETE"


def test_a_failed_execution_rolls_back_or_stays(aws: Any, stacks: Any) -> None:
    aws.client("logs").create_log_group(logGroupName="/of/q")
    for name, options, status in (
        ("rolls", {}, "ROLLBACK_COMPLETE"),
        ("stays", {"DisableRollback": True}, "CREATE_FAILED"),
    ):
        made = stacks.client.create_change_set(
            StackName=name, ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template()
        )
        stacks.client.execute_change_set(ChangeSetName=made["Id"], **options)
        assert stacks.status(name) == status


def test_what_a_change_set_keeps_without_effect(stacks: Any, aws: Any) -> None:
    """Said as long as it can be executed (docs/kept.md)."""
    made = stacks.client.create_change_set(
        StackName="new", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=template(), IncludeNestedStacks=True
    )
    assert made["ResponseMetadata"]["HTTPHeaders"]["x-harness-kept"] == "IncludeNestedStacks"
    assert [one["resource"] for one in aws.admin("GET", "kept")["kept"]] == [made["Id"]]
    stacks.client.execute_change_set(StackName="new", ChangeSetName="c")
    assert aws.admin("GET", "kept")["kept"] == []
