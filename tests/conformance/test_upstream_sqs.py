"""SQS on the emulator's time (E4)."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError


def bodies(sqs: Any, url: str, **params: Any) -> list[str]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **params).get("Messages", [])
    return [message["Body"] for message in found]


def test_visibility_timeout_is_virtual(aws: Any) -> None:
    """E4: hidden for 30 s after a receive, visible at the very second."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="visibility")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    assert bodies(sqs, url) == ["m"]
    assert bodies(sqs, url) == []
    aws.advance(29)
    assert bodies(sqs, url) == []
    aws.advance(1)
    assert bodies(sqs, url) == ["m"]


def test_delay_is_virtual(aws: Any) -> None:
    """E4: DelaySeconds on the clock."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="delayed")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m", DelaySeconds=60)
    assert bodies(sqs, url) == []
    aws.advance(60)
    assert bodies(sqs, url) == ["m"]


def test_redrive(aws: Any) -> None:
    """E4: a message moves when its receive count would exceed maxReceiveCount; the policy reads back as AWS prints
    it."""
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2}
    url = sqs.create_queue(QueueName="alive", Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert attributes["RedrivePolicy"] == json.dumps(policy, separators=(",", ":"))
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert bodies(sqs, url) == ["poison"]
        aws.advance(30)
    assert bodies(sqs, url) == []
    assert bodies(sqs, dead) == ["poison"]


def test_redrive_allow_policy_reads_back(aws: Any) -> None:
    """E4: the Terraform provider waits for it."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="allowing")["QueueUrl"]
    policy = json.dumps({"redrivePermission": "denyAll"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": policy})
    for names in (["All"], ["RedriveAllowPolicy"]):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        assert json.loads(attributes["RedriveAllowPolicy"]) == json.loads(policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": ""})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert not {"RedriveAllowPolicy", "RedrivePolicy", "Policy"} & attributes.keys()
    assert attributes["CreatedTimestamp"].isdigit()


@pytest.mark.parametrize("by", ["request", "queue"])
def test_long_poll_ends_where_time_stands_still(aws: Any, by: str) -> None:
    """E4: a long poll never blocks a test that owns the clock; nothing in flight can bring a message."""
    sqs = aws.client("sqs")
    wait = {"ReceiveMessageWaitTimeSeconds": "20"} if by == "queue" else {}
    url = sqs.create_queue(QueueName=f"polled-by-{by}", Attributes=wait)["QueueUrl"]
    params = {"WaitTimeSeconds": 20} if by == "request" else {}
    before = aws.now()
    assert bodies(sqs, url, **params) == []
    assert aws.now() == before
    sqs.send_message(QueueUrl=url, MessageBody="m")
    assert bodies(sqs, url, **params) == ["m"]


def test_long_polls_do_not_hold_up_others(aws: Any) -> None:
    """E4: many receivers at once, and senders between them."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="crowd")["QueueUrl"]
    failures: list[BaseException] = []

    def poll() -> None:
        try:
            bodies(sqs, url, WaitTimeSeconds=20)
        except BaseException as failure:
            failures.append(failure)

    pollers = [threading.Thread(target=poll) for _ in range(8)]
    for poller in pollers:
        poller.start()
    sqs.send_message(QueueUrl=url, MessageBody="m")
    for poller in pollers:
        poller.join(30)
        assert not poller.is_alive()
    assert not failures


def test_missing_queue(aws: Any) -> None:
    """E4: the error of JSON clients and of Query clients."""
    sqs = aws.client("sqs")
    url = f"{aws.url}/000000000000/none"
    with pytest.raises(ClientError) as failed:
        sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    assert failed.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    form = {"Action": "ReceiveMessage", "QueueUrl": url, "WaitTimeSeconds": "5", "Version": "2012-11-05"}
    answer = aws.http.post("/", data=form)
    assert answer.status_code == 400
    assert b"AWS.SimpleQueueService.NonExistentQueue" in answer.content


def test_query_protocol_long_poll(aws: Any) -> None:
    """E4: older clients speak Query and get XML."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="query-poll")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a & b")
    form = {"Action": "ReceiveMessage", "QueueUrl": url, "WaitTimeSeconds": "5", "Version": "2012-11-05"}
    answer = aws.http.post("/", data=form)
    assert answer.status_code == 200
    assert b"<Body>a &amp; b</Body>" in answer.content
