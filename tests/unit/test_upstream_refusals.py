"""What the upstream would take and then not do is refused by name."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
import pytest

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.errors import NotEmulated
from harness.emulator.upstream.moto_patches.s3 import holds, speaks_to_anyone
from harness.emulator.upstream.refusals import check

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def asked(service: str, operation: str, body: bytes) -> None:
    check(Call(service, operation, {}, Caller(), "id"), HttpRequest("POST", "/", [], body))


@pytest.mark.parametrize("protocol", ["http", "https", "lambda", "firehose"])
def test_subscriptions_that_would_never_be_served(protocol: str) -> None:
    body = urlencode({"Action": "Subscribe", "Protocol": protocol, "TopicArn": "t"}).encode()
    with pytest.raises(NotEmulated, match=f"Subscribe with Protocol={protocol}"):
        asked("sns", "Subscribe", body)


@pytest.mark.parametrize("protocol", ["sqs", "email"])
def test_other_subscriptions_pass(protocol: str) -> None:
    asked("sns", "Subscribe", urlencode({"Action": "Subscribe", "Protocol": protocol}).encode())


def test_event_targets() -> None:
    asked("events", "PutTargets", orjson.dumps({"Targets": [{"Id": "1", "Arn": QUEUE}]}))
    with pytest.raises(NotEmulated, match="the target " + FUNCTION):
        asked("events", "PutTargets", orjson.dumps({"Targets": [{"Id": "1", "Arn": QUEUE}, {"Arn": FUNCTION}]}))


def test_subscription_filters() -> None:
    with pytest.raises(NotEmulated, match="destinationArn " + FUNCTION):
        asked("logs", "PutSubscriptionFilter", orjson.dumps({"destinationArn": FUNCTION}))


def test_bucket_notifications() -> None:
    queue = f"<NotificationConfiguration><QueueConfiguration><Queue>{QUEUE}</Queue></QueueConfiguration>"
    asked("s3", "PutBucketNotificationConfiguration", queue.encode())
    with pytest.raises(NotEmulated, match="LambdaFunctionConfigurations"):
        function = f"<CloudFunctionConfiguration><CloudFunction>{FUNCTION}</CloudFunction>"
        asked("s3", "PutBucketNotificationConfiguration", function.encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"{}"])
def test_bad_input_is_left_to_the_service(body: bytes) -> None:
    asked("events", "PutTargets", body)


def test_policy_conditions() -> None:
    """E1: the usual "TLS only" statement does not apply, what can't be evaluated does not deny."""
    assert holds({})
    assert holds({"Bool": {"aws:SecureTransport": "true"}})
    assert not holds({"Bool": {"aws:SecureTransport": "false"}})
    assert not holds({"StringEquals": {"aws:SourceAccount": "1"}})


def test_policy_principals() -> None:
    assert speaks_to_anyone({"Principal": "*"})
    assert speaks_to_anyone({"Principal": {"AWS": ["*"]}})
    assert not speaks_to_anyone({"Principal": {"AWS": "arn:aws:iam::000000000000:root"}})
    assert not speaks_to_anyone({"Principal": {"Service": "firehose.amazonaws.com"}})
