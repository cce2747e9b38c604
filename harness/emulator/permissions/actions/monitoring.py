"""Log groups, metrics and alarms."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import ANYTHING, Asked, RequiredAction

_OF_A_STREAM = frozenset(("CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"))


def logs(asked: Asked) -> list[RequiredAction]:
    """A group's ARN ends in `:log-stream:` and the stream's name, which is empty for what is about the whole group."""
    given = asked.text("logGroupName", "logGroupIdentifier")
    if not given:
        return asked.on(asked.text("resourceArn") or asked.text("destinationArn") or ANYTHING)
    group = given.partition(":log-group:")[2].removesuffix(":*") if given.startswith("arn:") else given
    stream = asked.text("logStreamName") if asked.operation in _OF_A_STREAM else ""
    return asked.on(asked.arn(f"log-group:{group}:log-stream:{stream}"))


def cloudwatch(asked: Asked) -> list[RequiredAction]:
    namespace = asked.text("Namespace")
    facts = {"cloudwatch:namespace": namespace} if asked.operation == "PutMetricData" and namespace else {}
    alarms = [asked.text("AlarmName")] if asked.text("AlarmName") else asked.texts("AlarmNames")
    action = f"cloudwatch:{asked.operation}"
    if alarms:
        return [RequiredAction(action, asked.arn(f"alarm:{name}")) for name in alarms]
    if "Dashboard" in asked.operation and asked.text("DashboardName"):
        return [
            RequiredAction(action, f"arn:aws:cloudwatch::{asked.call.account}:dashboard/{asked.text('DashboardName')}")
        ]
    return [RequiredAction(action, asked.text("ResourceARN") or ANYTHING, facts)]
