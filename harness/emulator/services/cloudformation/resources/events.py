"""AWS::Events::Rule."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import TAGS, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_RULE = Api(
    "events",
    "PutRule",
    "Description",
    "EventBusName",
    "EventPattern",
    "Name",
    "RoleArn",
    "ScheduleExpression",
    "State",
)
_TARGETS = Api("events", "PutTargets", "Targets")
_TAGGING = Tagging("events", "TagResource", "UntagResource", "ResourceARN", as_list=True)


async def _create(ctx: Context, props: Json) -> Created:
    name = props.get("Name") or ctx.physical_name(64)
    params = _RULE.params({**props, "Name": name})
    if tags := own_tags(props):
        params["Tags"] = _TAGGING.form(tags)
    arn = str((await ctx.call("events", "PutRule", params))["RuleArn"])
    physical_id = f"{props['EventBusName']}|{name}" if "EventBusName" in props else name
    attributes = {"Arn": arn, "RuleName": name}
    ctx.made(physical_id, attributes)
    await _point(ctx, _rule(name, props), {}, props)
    return Created(physical_id, attributes)


async def _update(ctx: Context, rule: Resource, props: Json) -> Json:
    name = rule.physical_id.rpartition("|")[2]
    await ctx.call("events", "PutRule", _RULE.params({**props, "Name": name}))
    await _point(ctx, _rule(name, props), rule.properties, props)
    await _TAGGING.change(ctx, rule.attributes["Arn"], own_tags(rule.properties), own_tags(props))
    return rule.attributes


async def _delete(ctx: Context, rule: Resource) -> None:
    named = _rule(rule.physical_id.rpartition("|")[2], rule.properties)
    await _point(ctx, named, rule.properties, {})
    await ctx.call("events", "DeleteRule", {"Name": named.pop("Rule"), **named})


def _rule(name: str, props: Json) -> Json:
    return {"Rule": name, **_RULE.params({"EventBusName": props["EventBusName"]} if "EventBusName" in props else {})}


async def _point(ctx: Context, named: Json, old: Json, new: Json) -> None:
    before, after = ({target["Id"]: target for target in props.get("Targets", ())} for props in (old, new))
    if gone := sorted(before.keys() - after.keys()):
        await ctx.call("events", "RemoveTargets", {**named, "Ids": gone})
    changed = [target for name, target in after.items() if before.get(name) != target]
    if changed:
        answer = await ctx.call("events", "PutTargets", {**named, "Targets": changed})
        for failure in answer.get("FailedEntries") or ():
            raise ResourceFailed(f"{failure.get('ErrorMessage')} (Target {failure.get('TargetId')})")


TYPES = (
    ResourceType(
        "AWS::Events::Rule",
        Structure({**_RULE.properties, **_TARGETS.properties, "EventPattern": JsonText(), "Tags": TAGS}),
        _create,
        _update,
        _delete,
        replaced_by=("EventBusName", "Name"),
        attributes=("Arn", "RuleName"),
        name_property="Name",
    ),
)
