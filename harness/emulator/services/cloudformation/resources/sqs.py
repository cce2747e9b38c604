"""AWS::SQS::Queue."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import BOOLEAN, INTEGER, JSON, STRING, TAGS, Structure

Json = dict[str, Any]

_QUEUE = Structure(
    {
        "ContentBasedDeduplication": BOOLEAN,
        "DelaySeconds": INTEGER,
        "FifoQueue": BOOLEAN,
        "KmsMasterKeyId": STRING,
        "MaximumMessageSize": INTEGER,
        "MessageRetentionPeriod": INTEGER,
        "QueueName": STRING,
        "ReceiveMessageWaitTimeSeconds": INTEGER,
        "RedrivePolicy": JSON,
        "SqsManagedSseEnabled": BOOLEAN,
        "Tags": TAGS,
        "VisibilityTimeout": INTEGER,
    }
)


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("QueueName") or ctx.physical_name(75) + (".fifo" if props.get("FifoQueue") else "")
    request: Json = {"QueueName": name, "Attributes": _attributes(props), "tags": ctx.tags(props.get("Tags"))}
    answer = await ctx.call("sqs", "CreateQueue", {member: value for member, value in request.items() if value})
    url = str(answer["QueueUrl"])
    return Created(url, {"Arn": ctx.arn("sqs", name), "QueueName": name, "QueueUrl": url})


async def _update(ctx: Context, queue: Resource, props: Json) -> Json:
    gone = {name: "" for name in _attributes(queue.properties) if name not in props}
    attributes = {**gone, **_attributes(props)}
    if attributes:
        await ctx.call("sqs", "SetQueueAttributes", {"QueueUrl": queue.physical_id, "Attributes": attributes})
    old, new = ctx.tags(queue.properties.get("Tags")), ctx.tags(props.get("Tags"))
    if old.keys() - new.keys():
        keys = sorted(old.keys() - new.keys())
        await ctx.call("sqs", "UntagQueue", {"QueueUrl": queue.physical_id, "TagKeys": keys})
    if new:
        await ctx.call("sqs", "TagQueue", {"QueueUrl": queue.physical_id, "Tags": new})
    return queue.attributes


async def _delete(ctx: Context, queue: Resource) -> None:
    await ctx.call("sqs", "DeleteQueue", {"QueueUrl": queue.physical_id})


def _attributes(props: Json) -> dict[str, str]:
    """The queue attributes, which are all strings."""
    attributes = {}
    for name, value in props.items():
        if name not in ("QueueName", "Tags"):
            attributes[name] = value if isinstance(value, str) else json.dumps(value)
    return attributes


TYPES = (
    ResourceType(
        "AWS::SQS::Queue",
        _QUEUE,
        _create,
        _update,
        _delete,
        replaced_by=("FifoQueue", "QueueName"),
        attributes=("Arn", "QueueName", "QueueUrl"),
        name_property="QueueName",
    ),
)
