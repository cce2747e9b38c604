"""Updates: in place, by replacement, nothing to do, and back to the previous template."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json


def template(*, timeout: int = 30, name: str | None = None, group: str = "/a", **more: Json) -> Json:
    """A queue and a log group that is made after it."""
    properties: Json = {"VisibilityTimeout": timeout, **({"QueueName": name} if name else {})}
    return {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": properties},
            "Log": {
                "Type": "AWS::Logs::LogGroup",
                "DependsOn": "Queue",
                "Properties": {"LogGroupName": group},
            },
            **more,
        },
        "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
    }


def timeout_of(aws: Any, url: str) -> str:
    answer = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(answer["Attributes"]["VisibilityTimeout"])


def test_a_property_changes_in_place(aws: Any, stacks: Any) -> None:
    stacks.create("place", template())
    url = stacks.outputs("place")["Url"]
    assert stacks.update("place", template(timeout=45)) == "UPDATE_COMPLETE"
    assert stacks.outputs("place")["Url"] == url
    assert timeout_of(aws, url) == "45"
    assert stacks.events("place")[8:] == [
        ("place", "UPDATE_IN_PROGRESS"),
        ("Queue", "UPDATE_IN_PROGRESS"),
        ("Queue", "UPDATE_COMPLETE"),
        ("place", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("place", "UPDATE_COMPLETE"),
    ]
    assert "LastUpdatedTime" in stacks.describe("place")


def test_a_replacement_makes_the_new_one_first(aws: Any, stacks: Any) -> None:
    """The new resource is created in the update, the old one deleted in the clean-up; what refers to it follows."""
    follower = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": {"Fn::Sub": "/of/${Queue.QueueName}"}},
    }
    stacks.create("swap", template(name="old", Of=follower))
    assert stacks.update("swap", template(name="new", Of=follower)) == "UPDATE_COMPLETE"
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["new"]
    assert stacks.physical_ids("swap")["Of"] == "/of/new"
    events = stacks.events("swap")
    assert events.index(("Queue", "UPDATE_COMPLETE")) < events.index(("Queue", "DELETE_IN_PROGRESS"))
    assert "Requested update requires the creation of a new physical resource; hence creating one." in stacks.reasons(
        "swap", "UPDATE_IN_PROGRESS"
    )


def test_a_replaced_resource_may_be_retained(aws: Any, stacks: Any) -> None:
    """UpdateReplacePolicy: Retain."""
    old, new = template(name="old"), template(name="new")
    for one in (old, new):
        one["Resources"]["Queue"]["UpdateReplacePolicy"] = "Retain"
    stacks.create("both", old)
    assert stacks.update("both", new) == "UPDATE_COMPLETE"
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == ["new", "old"]
    assert ("Queue", "DELETE_SKIPPED") in stacks.events("both")


def test_resources_are_added_and_removed(aws: Any, stacks: Any) -> None:
    extra = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "extra"}}
    stacks.create("more", template())
    assert stacks.update("more", template(Extra=extra)) == "UPDATE_COMPLETE"
    assert "Extra" in stacks.physical_ids("more")
    assert stacks.update("more", template()) == "UPDATE_COMPLETE"
    assert set(stacks.physical_ids("more")) == {"Queue", "Log"}
    assert stacks.events("more")[-3:] == [
        ("Extra", "DELETE_IN_PROGRESS"),
        ("Extra", "DELETE_COMPLETE"),
        ("more", "UPDATE_COMPLETE"),
    ]


def test_nothing_to_do(stacks: Any) -> None:
    stacks.create("same", template())
    for arguments in ({"TemplateBody": json.dumps(template())}, {"UsePreviousTemplate": True}):
        with pytest.raises(ClientError) as refused:
            stacks.client.update_stack(StackName="same", **arguments)
        error = refused.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("ValidationError", "No updates are to be performed.")
    assert stacks.status("same") == "CREATE_COMPLETE"


def test_only_an_output_changes(stacks: Any) -> None:
    stacks.create("output", template())
    changed = template()
    changed["Outputs"]["Again"] = {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}
    assert stacks.update("output", changed) == "UPDATE_COMPLETE"
    assert set(stacks.outputs("output")) == {"Url", "Again"}


def test_the_stacks_tags_reach_the_resources(aws: Any, stacks: Any) -> None:
    stacks.create("tags", template(), Tags=[{"Key": "a", "Value": "1"}])
    assert stacks.update("tags", template(), Tags=[{"Key": "a", "Value": "2"}]) == "UPDATE_COMPLETE"
    url = stacks.outputs("tags")["Url"]
    assert aws.client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == {"a": "2"}


def test_previous_template_and_values(aws: Any, stacks: Any) -> None:
    body = template()
    body["Parameters"] = {"T": {"Type": "Number"}, "Name": {"Type": "String"}}
    body["Resources"]["Queue"]["Properties"] = {"VisibilityTimeout": {"Ref": "T"}, "QueueName": {"Ref": "Name"}}
    given = [{"ParameterKey": "T", "ParameterValue": "10"}, {"ParameterKey": "Name", "ParameterValue": "n"}]
    stacks.create("previous", body, Parameters=given)
    changed = [{"ParameterKey": "T", "ParameterValue": "11"}, {"ParameterKey": "Name", "UsePreviousValue": True}]
    stacks.client.update_stack(StackName="previous", UsePreviousTemplate=True, Parameters=changed)
    assert stacks.status("previous") == "UPDATE_COMPLETE"
    assert timeout_of(aws, stacks.outputs("previous")["Url"]) == "11"


def test_a_failed_update_goes_back_to_the_previous_template(aws: Any, stacks: Any) -> None:
    """UPDATE_ROLLBACK_COMPLETE: changed properties are as before, new resources gone, the template is the old one."""
    aws.client("logs").create_log_group(logGroupName="/taken")
    fresh = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "fresh"}}
    before = template(name="old")
    stacks.create("again", before)
    url = stacks.outputs("again")["Url"]
    broken = template(name="old", timeout=99, group="/taken", Fresh=fresh)
    assert stacks.update("again", broken) == "UPDATE_ROLLBACK_COMPLETE"
    assert timeout_of(aws, url) == "30"
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert [one.rpartition("/")[2] for one in urls] == ["old"]
    assert stacks.physical_ids("again") == {"Queue": url, "Log": "/a"}
    assert stacks.client.get_template(StackName="again")["TemplateBody"] == before
    (why,) = stacks.reasons("again", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert why == "The following resource(s) failed to update: [Log]."
    (failure,) = stacks.reasons("again", "UPDATE_FAILED")
    assert "The specified log group already exists" in failure
    assert stacks.update("again", template(name="old", timeout=50)) == "UPDATE_COMPLETE"
    assert timeout_of(aws, url) == "50"
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert sorted(one["logGroupName"] for one in groups) == ["/a", "/taken"]


def test_a_replacement_is_taken_back_too(aws: Any, stacks: Any) -> None:
    aws.client("logs").create_log_group(logGroupName="/taken")
    stacks.create("undone", template(name="old"))
    assert stacks.update("undone", template(name="new", group="/taken")) == "UPDATE_ROLLBACK_COMPLETE"
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert [url.rpartition("/")[2] for url in urls] == ["old"]
    assert stacks.outputs("undone")["Url"].endswith("/old")


def test_without_rollback_an_update_stays_where_it_failed(aws: Any, stacks: Any) -> None:
    """DisableRollback: UPDATE_FAILED, from which an update or RollbackStack goes on."""
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/taken")
    stacks.create("stay", template(name="q"))
    url = stacks.outputs("stay")["Url"]
    broken = template(name="q", timeout=99, group="/taken")
    assert stacks.update("stay", broken, DisableRollback=True) == "UPDATE_FAILED"
    assert timeout_of(aws, url) == "99"
    stacks.client.rollback_stack(StackName="stay")
    assert stacks.status("stay") == "UPDATE_ROLLBACK_COMPLETE"
    assert timeout_of(aws, url) == "30"
    assert stacks.update("stay", broken, DisableRollback=True) == "UPDATE_FAILED"
    logs.delete_log_group(logGroupName="/taken")
    assert stacks.update("stay", broken) == "UPDATE_COMPLETE"
    assert stacks.physical_ids("stay")["Log"] == "/taken"
    assert timeout_of(aws, url) == "99"


def test_a_custom_named_resource_cannot_be_replaced(stacks: Any) -> None:
    named = template(name="n.fifo")
    named["Resources"]["Queue"]["Properties"]["FifoQueue"] = True
    stacks.create("named", named)
    named["Resources"]["Queue"]["Properties"]["FifoQueue"] = False
    assert stacks.update("named", named) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reasons("named", "UPDATE_FAILED") == [
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename n.fifo and "
        "update the stack again."
    ]


def test_a_type_cannot_change(stacks: Any) -> None:
    stacks.create("type", template())
    changed = template(Queue={"Type": "AWS::Logs::LogGroup"})
    changed["Outputs"] = {}
    with pytest.raises(ClientError, match=r"Update of resource type is not permitted\..*resources: \[Queue\]"):
        stacks.update("type", changed)


def test_updating_nothing_is_refused(stacks: Any) -> None:
    with pytest.raises(ClientError, match=r"Stack \[nobody\] does not exist"):
        stacks.update("nobody", template())
