"""What moto would take and then not do, or do outside this machine: refused by name (laws 1 and 8).

moto delivers between its own services (SNS to SQS, S3 events to SQS and SNS, EventBridge to SQS and Logs). It would
look for functions, delivery streams and data streams in its own Lambda, Firehose and Kinesis, find none, and say
nothing; and it would really send SNS notifications to any http address.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import orjson

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import NotEmulated
from harness.json_object import Json

_UNREACHABLE_PROTOCOLS = ("http", "https", "lambda", "firehose")
_EVENT_TARGETS = ("sqs", "logs", "events")


def check(call: Call, request: HttpRequest) -> None:
    """Raises NotEmulated where the request asks for something that would silently not happen."""
    rule = _RULES.get((call.service, call.operation))
    if rule is None:
        return
    found = rule(request)
    if found:
        raise NotEmulated(call.service, f"{call.operation} with {found}")


def fields(request: HttpRequest, *, keep_blank_values: bool = False) -> Json:
    """The members of a JSON body, or the fields of a form body or query (first values)."""
    if request.body[:1] == b"{":
        try:
            members: Json = orjson.loads(request.body)  # an object: it begins like one
        except orjson.JSONDecodeError:
            return {}
        return members
    form = parse_qs(request.body.decode("latin-1") or request.query, keep_blank_values)
    return {name: values[0] for name, values in form.items()}


def _subscribe(request: HttpRequest) -> str:
    protocol = fields(request).get("Protocol", "")
    return f"Protocol={protocol}" if protocol in _UNREACHABLE_PROTOCOLS else ""


def _notification(request: HttpRequest) -> str:
    if b"CloudFunction>" in request.body or b"LambdaFunctionArn>" in request.body:
        return "LambdaFunctionConfigurations"
    return ""


def _targets(request: HttpRequest) -> str:
    targets = fields(request).get("Targets")
    for target in targets if isinstance(targets, list) else ():
        arn = str(target.get("Arn", "")) if isinstance(target, dict) else ""
        if arn.count(":") >= 5 and (arn.split(":")[2] not in _EVENT_TARGETS or ":api-destination/" in arn):
            return f"the target {arn}"
    return ""


def _subscription_filter(request: HttpRequest) -> str:
    arn = str(fields(request).get("destinationArn", ""))
    return f"destinationArn {arn}" if arn.count(":") >= 5 and arn.split(":")[2] != "logs" else ""


def _rotation(request: HttpRequest) -> str:
    return "RotationLambdaARN" if fields(request).get("RotationLambdaARN") else ""


def _boundary(request: HttpRequest) -> str:
    """moto keeps boundaries of roles, not of users."""
    return "PermissionsBoundary" if fields(request).get("PermissionsBoundary") else ""


_RULES: dict[tuple[str, str], Callable[[HttpRequest], str]] = {
    ("sns", "Subscribe"): _subscribe,
    ("s3", "PutBucketNotificationConfiguration"): _notification,
    ("events", "PutTargets"): _targets,
    ("logs", "PutSubscriptionFilter"): _subscription_filter,
    ("secretsmanager", "RotateSecret"): _rotation,
    ("iam", "CreateUser"): _boundary,
}
