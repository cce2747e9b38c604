"""The full stack where IAM decides: its own roles carry every flow, and each flow ends where a right is taken away."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.full_stack import FullStack, data_of


@pytest.fixture
def enforced(stack: FullStack, iam_is_here: None) -> Iterator[FullStack]:
    """The stack as it was applied, with permissions enforced from here on."""
    assert stack.aws.admin("POST", "iam", {"mode": "enforce"}) == {"mode": "enforce"}
    yield stack
    stack.aws.admin("POST", "iam", {"mode": "off"})


def take_rights(stack: FullStack, role: str, policy: str) -> None:
    stack.aws.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)


def test_submit_runs_under_its_roles(enforced: FullStack) -> None:
    """C, D9: route, function, stream, delivery, each with the rights that Terraform gave it."""
    answer = enforced.post(enforced.submit["submit_url"], {"id": "one"})
    assert answer.status_code == 200, answer.text
    enforced.aws.settle()
    assert enforced.lines(enforced.submit["bucket_name"]) == [{"id": "one"}]
    assert enforced.log(enforced.submit["function_log_group_name"]) != []


def test_iot_runs_under_its_roles(enforced: FullStack) -> None:
    """A20: source, transform, data and backup."""
    reading = {"device_id": "s", "temperature": 20.0, "humidity": 50}
    enforced.put_records(enforced.iot["stream_name"], [json.dumps(reading).encode(), b"no reading"])
    enforced.aws.settle()
    bucket = enforced.iot["bucket_name"]
    assert len(enforced.lines(bucket, enforced.iot["data_prefix"])) == 1
    assert len(enforced.lines(bucket, enforced.iot["error_prefix"])) == 1
    assert len(enforced.objects(bucket, enforced.iot["backup_prefix"])) == 1


def test_log_relay_runs_under_its_roles(enforced: FullStack) -> None:
    """D3, A14: API to delivery stream, transform, endpoint, and the bucket for what fails."""
    for body in ({"message": "fine"}, {"message": "please fail", "_force_failure": True}):
        assert enforced.post(enforced.log_relay["api_invoke_url"], body).status_code == 200
    enforced.aws.settle()
    (data,) = data_of(enforced.deliveries())
    assert json.loads(base64.b64decode(data))["message"] == "fine"
    assert len(enforced.lines(enforced.log_relay["firehose_bucket_name"])) == 1


@pytest.mark.parametrize("event_type", ["orders", "payments", "user_activity"])
def test_event_ingestion_runs_under_its_roles(enforced: FullStack, event_type: str) -> None:
    """C9, D3: API to an encrypted stream, processor, dead-letter queue."""
    events: dict[str, dict[str, Any]] = {
        "orders": {"order_id": 1, "type": "placed", "items": []},
        "payments": {"payment_id": 1, "amount": 1},
        "user_activity": {"user_id": 1, "action": "login"},
    }
    url = enforced.events["event_urls"][event_type]
    assert enforced.post(url, events[event_type]).status_code == 200
    enforced.aws.settle()
    assert enforced.processed(event_type) == [events[event_type]]
    assert enforced.post(url, b"{not json").status_code == 200
    enforced.aws.settle()
    assert len(enforced.dead_letters(event_type)) == 1


def test_submit_without_the_functions_rights(enforced: FullStack) -> None:
    """C4: put_record fails inside the function, and nothing is delivered."""
    take_rights(enforced, enforced.submit["function_name"], "function")
    assert enforced.post(enforced.submit["submit_url"], {"id": "one"}).status_code >= 500
    enforced.aws.settle()
    assert enforced.objects(enforced.submit["bucket_name"]) == {}


def test_iot_without_the_delivery_streams_rights(enforced: FullStack) -> None:
    """A6, A12: nothing is read and nothing is lost: it arrives when the rights are back."""
    iam, role = enforced.aws.client("iam"), enforced.iot["delivery_stream_name"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="delivery")["PolicyDocument"]
    take_rights(enforced, role, "delivery")
    enforced.put_records(enforced.iot["stream_name"], [b'{"device_id": "s", "temperature": 20, "humidity": 50}'])
    enforced.aws.advance(600)
    assert enforced.objects(enforced.iot["bucket_name"]) == {}
    iam.put_role_policy(RoleName=role, PolicyName="delivery", PolicyDocument=json.dumps(policy))
    enforced.aws.settle()
    assert len(enforced.lines(enforced.iot["bucket_name"], enforced.iot["data_prefix"])) == 1


def test_the_apis_without_their_roles_rights(enforced: FullStack) -> None:
    """D3: the refusal of Firehose or Kinesis is the answer of the integration."""
    take_rights(enforced, "log-relay-api", "put-record")
    take_rights(enforced, "dev-events-ingestion-api", "put-records")
    relayed = enforced.post(enforced.log_relay["api_invoke_url"], {"message": "fine"})
    ingested = enforced.post(enforced.events["event_urls"]["orders"], {"order_id": 1, "type": "placed", "items": []})
    assert relayed.status_code >= 400
    assert ingested.status_code >= 400
    enforced.aws.settle()
    assert enforced.deliveries() == []
    assert enforced.processed("orders") == []
