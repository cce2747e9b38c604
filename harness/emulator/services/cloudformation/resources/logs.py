"""AWS::Logs::LogGroup."""

from __future__ import annotations

from typing import Any

from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import INTEGER, STRING, TAGS, Structure

Json = dict[str, Any]

_LOG_GROUP = Structure({"KmsKeyId": STRING, "LogGroupName": STRING, "RetentionInDays": INTEGER, "Tags": TAGS})


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("LogGroupName") or ctx.physical_name(512)
    request: Json = {"logGroupName": name, "kmsKeyId": props.get("KmsKeyId"), "tags": ctx.tags(props.get("Tags"))}
    await ctx.call("logs", "CreateLogGroup", {member: value for member, value in request.items() if value})
    arn = ctx.arn("logs", f"log-group:{name}:*")
    ctx.made(name, {"Arn": arn})
    await _retain(ctx, name, props)
    return Created(name, {"Arn": arn})


async def _update(ctx: Context, group: Resource, props: Json) -> Json:
    await _retain(ctx, group.physical_id, props)
    old, new = ctx.tags(group.properties.get("Tags")), ctx.tags(props.get("Tags"))
    if old.keys() - new.keys():
        keys = sorted(old.keys() - new.keys())
        await ctx.call("logs", "UntagLogGroup", {"logGroupName": group.physical_id, "tags": keys})
    if new:
        await ctx.call("logs", "TagLogGroup", {"logGroupName": group.physical_id, "tags": new})
    return group.attributes


async def _delete(ctx: Context, group: Resource) -> None:
    await ctx.call("logs", "DeleteLogGroup", {"logGroupName": group.physical_id})


async def _retain(ctx: Context, name: str, props: Json) -> None:
    if "RetentionInDays" in props:
        request = {"logGroupName": name, "retentionInDays": props["RetentionInDays"]}
        await ctx.call("logs", "PutRetentionPolicy", request)
    else:
        await ctx.call("logs", "DeleteRetentionPolicy", {"logGroupName": name})


TYPES = (
    ResourceType(
        "AWS::Logs::LogGroup",
        _LOG_GROUP,
        _create,
        _update,
        _delete,
        replaced_by=("KmsKeyId", "LogGroupName"),
        attributes=("Arn",),
        name_property="LogGroupName",
    ),
)
