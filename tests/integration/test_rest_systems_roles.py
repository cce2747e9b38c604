"""The roles of log-relay and event-ingestion with IAM enforced: they suffice, and are needed (A20, B11, C9, D3)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from harness.json_object import Json
from tests.integration.full_stack import FullStack
from tests.integration.test_event_ingestion import event
from tests.integration.test_log_relay import MARKED, post, relayed


@pytest.fixture
def enforced(stack: FullStack, iam_is_here: None) -> Iterator[FullStack]:
    """The full stack with permissions checked. The snapshot before the next test switches them off again."""
    stack.aws.admin("POST", "iam", {"mode": "enforce"})
    yield stack
    stack.aws.admin("POST", "iam", {"mode": "off"})


def allow_less(stack: FullStack, role: str, policy: str, *without: str) -> Json:
    """Take actions out of a role's inline policy; returns the policy as it was."""
    iam = stack.aws.client("iam")
    before: Json = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    statements = [
        {**each, "Action": left}
        for each in before["Statement"]
        if (left := [action for action in each["Action"] if action not in without])
    ]
    assert statements != before["Statement"]
    less = json.dumps({**before, "Statement": statements})
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=less)
    return before


def test_without_put_record_the_relay_takes_nothing(enforced: FullStack) -> None:
    """API Gateway's role may not call Firehose: the API's 4xx, and no record (D3)."""
    iam = enforced.aws.client("iam")
    iam.delete_role_policy(RoleName="log-relay-api", PolicyName="put-record")
    refused = enforced.post(enforced.log_relay["api_invoke_url"], {"id": 1})
    assert refused.status_code == 400
    assert "not authorized to perform: firehose:PutRecord" in refused.json()["message"]
    enforced.aws.settle()
    assert enforced.deliveries() == []


def test_without_invoking_the_relay_fails_every_record(enforced: FullStack) -> None:
    """Firehose's role may not invoke the function: "check Lambda execution role permissions" (A9)."""
    allow_less(enforced, enforced.log_relay["delivery_stream_name"], "delivery", "lambda:InvokeFunction")
    post(enforced, {"id": 1})
    enforced.aws.settle()
    (line,) = enforced.lines(enforced.log_relay["firehose_bucket_name"])
    assert (line["errorCode"], line["attemptsMade"]) == ("Lambda.InvokeAccessDenied", 4)
    assert enforced.deliveries() == []


def test_the_relays_roles_suffice(enforced: FullStack) -> None:
    """PutRecord, invoke, write to the bucket and to both logs: a good log is relayed, a bad one is in the bucket."""
    post(enforced, {"id": 1})
    post(enforced, MARKED)
    enforced.aws.settle()
    assert [record["id"] for record in relayed(enforced)] == [1]
    assert len(enforced.lines(enforced.log_relay["firehose_bucket_name"], "processing-failed/")) == 1
    assert any("success=1 failed=1" in line for line in enforced.log(enforced.log_relay["function_log_group_name"]))


@pytest.mark.parametrize("action", ["kinesis:PutRecord", "kms:GenerateDataKey"])
def test_without_its_permission_the_api_takes_no_event(enforced: FullStack, action: str) -> None:
    """The API's role needs the stream and the stream's key (B11, D3)."""
    allow_less(enforced, "dev-events-ingestion-api", "put-records", action)
    refused = enforced.post(enforced.events["event_urls"]["orders"], event("orders", 1))
    assert refused.status_code == 400
    enforced.aws.settle()
    assert enforced.processed("orders") == []


@pytest.mark.parametrize("action", ["kinesis:GetRecords", "kms:Decrypt"])
def test_without_its_permission_the_processor_gets_no_event(enforced: FullStack, action: str) -> None:
    """The processor's role needs the stream and the stream's key; given back, the events that waited come (B11, C9)."""
    role = enforced.flows["orders"]["processor_function_name"]
    before = allow_less(enforced, role, "function", action)
    assert enforced.post(enforced.events["event_urls"]["orders"], event("orders", 1)).status_code == 200
    enforced.aws.advance(120)
    assert enforced.processed("orders") == []
    enforced.aws.client("iam").put_role_policy(RoleName=role, PolicyName="function", PolicyDocument=json.dumps(before))
    enforced.aws.advance(120)
    assert enforced.processed("orders") == [event("orders", 1)]


def test_the_events_roles_suffice(enforced: FullStack) -> None:
    """Each component may do its work: single and batch, processor and its log, dead letters, the access log."""
    urls = enforced.events["event_urls"]
    assert enforced.post(urls["orders"], event("orders", 1)).status_code == 200
    batch = {"records": [{"data": json.dumps(event("payments", 2)), "partitionKey": "p"}]}
    assert enforced.post(enforced.events["batch_urls"]["payments"], batch).json()["FailedRecordCount"] == 0
    enforced.post(urls["user_activity"], {"poison": True})
    enforced.aws.settle()
    assert enforced.processed("orders") == [event("orders", 1)]
    assert enforced.processed("payments") == [event("payments", 2)]
    assert len(enforced.dead_letters("user_activity")) == 1
    assert len(enforced.log(enforced.events["access_log_group_name"])) == 3
