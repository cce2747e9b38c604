"""AWS::Logs::LogGroup, AWS::Logs::LogStream and AWS::Logs::SubscriptionFilter."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import TAGS, Scalar, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_CREATE = Api("logs", "CreateLogGroup", "KmsKeyId", "LogGroupName")
_RETENTION = Api("logs", "PutRetentionPolicy", "RetentionInDays")
_TAGGING = Tagging("logs", "TagLogGroup", "UntagLogGroup", "logGroupName", "tags", "tags")


async def _create(ctx: Context, props: Json) -> Created:
    props = {"LogGroupName": ctx.physical_name(512), **props}
    name = props["LogGroupName"]
    params = _CREATE.params(props)
    if tags := own_tags(props):
        params["tags"] = tags
    await ctx.call("logs", "CreateLogGroup", params)
    attributes = {"Arn": ctx.arn("logs", f"log-group:{name}:*")}
    ctx.made(name, attributes)
    if "RetentionInDays" in props:
        await ctx.call("logs", "PutRetentionPolicy", {"logGroupName": name, **_RETENTION.params(props)})
    return Created(name, attributes)


async def _update(ctx: Context, group: Resource, props: Json) -> Json:
    old, named = group.properties, {"logGroupName": group.physical_id}
    for prop, put, remove in (
        ("RetentionInDays", "PutRetentionPolicy", "DeleteRetentionPolicy"),
        ("KmsKeyId", "AssociateKmsKey", "DisassociateKmsKey"),
    ):
        if old.get(prop) == props.get(prop):
            continue
        if prop in props:
            await ctx.call("logs", put, {**named, prop[:1].lower() + prop[1:]: props[prop]})
        else:
            await ctx.call("logs", remove, named)
    await _TAGGING.change(ctx, group.physical_id, own_tags(old), own_tags(props))
    return group.attributes


async def _delete(ctx: Context, group: Resource) -> None:
    await ctx.call("logs", "DeleteLogGroup", {"logGroupName": group.physical_id})


TYPES = (
    ResourceType(
        "AWS::Logs::LogGroup",
        Structure(
            {
                **_CREATE.properties,
                **_RETENTION.properties,
                "LogGroupClass": Scalar("string", ("STANDARD",)),
                "Tags": TAGS,
            }
        ),
        _create,
        _update,
        _delete,
        replaced_by=("LogGroupName",),
        attributes=("Arn",),
        name_property="LogGroupName",
    ),
    simple(
        "AWS::Logs::LogStream",
        Api("logs", "CreateLogStream", "LogGroupName", "LogStreamName"),
        delete="DeleteLogStream",
        key={"logGroupName": "LogGroupName", "logStreamName": REF},
        ref="{logStreamName}",
        required=("LogGroupName",),
        generated=("LogStreamName", 512),
    ),
    simple(
        "AWS::Logs::SubscriptionFilter",
        Api(
            "logs",
            "PutSubscriptionFilter",
            "DestinationArn",
            "Distribution",
            "FilterName",
            "FilterPattern",
            "LogGroupName",
            "RoleArn",
        ),
        update="PutSubscriptionFilter",
        delete="DeleteSubscriptionFilter",
        key={"logGroupName": "LogGroupName", "filterName": REF},
        ref="{filterName}",
        required=("DestinationArn", "FilterPattern", "LogGroupName"),
        replaced_by=("FilterName", "LogGroupName"),
        generated=("FilterName", 512),
    ),
)
