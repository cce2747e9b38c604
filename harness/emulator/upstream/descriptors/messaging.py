"""Queues, topics and events."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, Resource, ServiceDescriptor

_SQS_BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}


def _sqs(asked: Asked) -> list[RequiredAction]:
    action = f"sqs:{_SQS_BATCHES.get(asked.operation, asked.operation)}"
    url, name = asked.text("QueueUrl"), asked.text("QueueName")
    if url:
        parts = url.rstrip("/").split("/")
        account = parts[-2] if len(parts) > 1 and parts[-2].isdigit() else asked.call.account
        return [RequiredAction(action, f"arn:aws:sqs:{asked.call.region}:{account}:{parts[-1]}")]
    if name:
        account = asked.text("QueueOwnerAWSAccountId") or asked.call.account
        return [RequiredAction(action, f"arn:aws:sqs:{asked.call.region}:{account}:{name}")]
    return [RequiredAction(action, asked.text("SourceArn") or ANYTHING)]


def _sns(asked: Asked) -> list[RequiredAction]:
    given = asked.text("TopicArn", "TargetArn", "ResourceArn")
    if not given and asked.text("SubscriptionArn"):
        given = asked.text("SubscriptionArn").rpartition(":")[0]
    if not given and asked.operation == "CreateTopic":
        given = asked.arn(asked.text("Name"))
    operation = "Publish" if asked.operation == "PublishBatch" else asked.operation
    return [RequiredAction(f"sns:{operation}", given or ANYTHING)]


def _events(asked: Asked) -> list[RequiredAction]:
    if asked.operation == "PutEvents":
        buses = {entry.get("EventBusName") or "default" for entry in asked.entries("Entries")}
        return [RequiredAction("events:PutEvents", asked.named(bus, "event-bus/")) for bus in sorted(buses)]
    bus = asked.text("EventBusName")
    bus = "" if bus.rpartition("/")[2] == "default" else bus.rpartition("/")[2] + "/" if bus else ""
    name = asked.text("Rule") or (asked.text("Name") if "Rule" in asked.operation else "")
    if name:
        return asked.on(asked.arn(f"rule/{bus}{name}"))
    if "EventBus" in asked.operation and asked.text("Name"):
        return asked.on(asked.named(asked.text("Name"), "event-bus/"))
    if "Archive" in asked.operation and asked.text("ArchiveName"):
        return asked.on(asked.arn(f"archive/{asked.text('ArchiveName')}"))
    return asked.on(asked.text("ResourceARN") or ANYTHING)


SQS = ServiceDescriptor(
    name="sqs",
    protocol="json",
    targets=("AmazonSQS",),
    hosts=("sqs",),
    version="2012-11-05",
    resource=Resource(("QueueUrl", "QueueName")),
    actions=_sqs,
)
SNS = ServiceDescriptor(
    name="sns",
    protocol="query",
    hosts=("sns",),
    version="2010-03-31",
    resource=Resource(("TopicArn", "TargetArn", "Name")),
    actions=_sns,
)
EVENTS = ServiceDescriptor(
    name="events",
    protocol="json",
    targets=("AWSEvents",),
    hosts=("events",),
    resource=Resource(("Name", "EventBusName"), "event-bus/"),
    actions=_events,
    principal="events.amazonaws.com",
    passes_roles=frozenset(("PutTargets",)),
)
