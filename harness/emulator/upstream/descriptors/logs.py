"""CloudWatch Logs."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, Resource, ServiceDescriptor

_GROUP = Resource(("logGroupName",), "log-group:")
_OF_A_STREAM = frozenset(("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"))


def _logs(asked: Asked) -> list[RequiredAction]:
    """A group's ARN ends in `:log-stream:` and the stream's name, which is empty for what is about the whole group."""
    given = asked.text("logGroupName", "logGroupIdentifier")
    if not given:
        return asked.on(asked.text("resourceArn") or asked.text("destinationArn") or ANYTHING)
    group = given.partition(":log-group:")[2].removesuffix(":*") if given.startswith("arn:") else given
    stream = asked.text("logStreamName") if asked.operation in _OF_A_STREAM else ""
    return asked.on(asked.arn(f"{_GROUP.prefix}{group}:log-stream:{stream}"))


LOGS = ServiceDescriptor(
    name="logs",
    protocol="json",
    targets=("Logs_20140328",),
    hosts=("logs",),
    resource=_GROUP,
    actions=_logs,
    principal="logs.amazonaws.com",
    passes_roles=frozenset(("PutSubscriptionFilter",)),
)
