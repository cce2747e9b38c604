"""AWS::SQS::Queue and AWS::SQS::QueuePolicy."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.api import JsonText
from harness.emulator.services.cloudformation.resources.removal import remove
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    TAGS,
    Shape,
    Structure,
)
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_ATTRIBUTES: dict[str, Shape] = {
    "ContentBasedDeduplication": BOOLEAN,
    "DeduplicationScope": STRING,
    "DelaySeconds": INTEGER,
    "FifoQueue": BOOLEAN,
    "FifoThroughputLimit": STRING,
    "KmsDataKeyReusePeriodSeconds": INTEGER,
    "KmsMasterKeyId": STRING,
    "MaximumMessageSize": INTEGER,
    "MessageRetentionPeriod": INTEGER,
    "ReceiveMessageWaitTimeSeconds": INTEGER,
    "RedriveAllowPolicy": JsonText(),
    "RedrivePolicy": JsonText(),
    "SqsManagedSseEnabled": BOOLEAN,
    "VisibilityTimeout": INTEGER,
}
# The values of attributes that a template does not set (any more); the others become empty.
_UNSET = {
    "ContentBasedDeduplication": "false",
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
_TAGGING = Tagging("sqs", "TagQueue", "UntagQueue", "QueueUrl")


async def _create(ctx: Context, props: Json) -> Created:
    fifo = bool(props.get("FifoQueue"))
    name = props.get("QueueName") or (f"{ctx.physical_name(75)}.fifo" if fifo else ctx.physical_name(80))
    params: Json = {"QueueName": name, "Attributes": _attributes(props), "tags": own_tags(props)}
    answer = await ctx.call("sqs", "CreateQueue", {member: value for member, value in params.items() if value})
    url = str(answer["QueueUrl"])
    return Created(url, {"Arn": ctx.arn("sqs", name), "QueueName": name, "QueueUrl": url})


async def _update(ctx: Context, queue: Resource, props: Json) -> Json:
    before, after = _attributes(queue.properties), _attributes(props)
    gone = {name: _UNSET.get(name, "") for name in before if name not in after}
    changed = {name: value for name, value in {**gone, **after}.items() if before.get(name) != value}
    if changed:
        await ctx.call("sqs", "SetQueueAttributes", {"QueueUrl": queue.physical_id, "Attributes": changed})
    await _TAGGING.change(ctx, queue.physical_id, own_tags(queue.properties), own_tags(props))
    return queue.attributes


async def _delete(ctx: Context, queue: Resource) -> None:
    await ctx.call("sqs", "DeleteQueue", {"QueueUrl": queue.physical_id})


def _attributes(props: Json) -> dict[str, str]:
    """The queue attributes, which are all strings. `FifoQueue: false` is no attribute of a standard queue."""
    return {
        name: props[name] if isinstance(props[name], str) else json.dumps(props[name])
        for name in _ATTRIBUTES
        if name in props and (name, props[name]) != ("FifoQueue", False)
    }


async def _set_policy(ctx: Context, props: Json) -> Created:
    await _write_policy(ctx, props["Queues"], props["PolicyDocument"])
    physical_id = ctx.physical_name()
    return Created(physical_id, {"Id": physical_id})


async def _change_policy(ctx: Context, policy: Resource, props: Json) -> Json:
    await _write_policy(ctx, [url for url in policy.properties["Queues"] if url not in props["Queues"]], "")
    await _write_policy(ctx, props["Queues"], props["PolicyDocument"])
    return policy.attributes


async def _unset_policy(ctx: Context, policy: Resource) -> None:
    await _write_policy(ctx, policy.properties["Queues"], "")


async def _write_policy(ctx: Context, urls: list[str], document: str) -> None:
    """An empty document takes the policy away, if the queue is still there."""
    for url in urls:
        params = {"QueueUrl": url, "Attributes": {"Policy": document}}
        if document:
            await ctx.call("sqs", "SetQueueAttributes", params)
        else:
            await remove(ctx, "sqs", "SetQueueAttributes", params)


TYPES = (
    ResourceType(
        "AWS::SQS::Queue",
        Structure({**_ATTRIBUTES, "QueueName": STRING, "Tags": TAGS}),
        _create,
        _update,
        _delete,
        replaced_by=("FifoQueue", "QueueName"),
        attributes=("Arn", "QueueName", "QueueUrl"),
        name_property="QueueName",
    ),
    ResourceType(
        "AWS::SQS::QueuePolicy",
        Structure({"PolicyDocument": JsonText(), "Queues": STRINGS}, required=("PolicyDocument", "Queues")),
        _set_policy,
        _change_policy,
        _unset_policy,
        attributes=("Id",),
    ),
)
