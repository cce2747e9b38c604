"""AWS::CloudFormation::Stack: a stack in a stack."""

from __future__ import annotations

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import STRING, TAGS, MapOf, Structure
from harness.json_object import Json

_UNCHANGED = "No updates are to be performed."
_FAILING = ("CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS")


async def _create(ctx: Context, props: Json) -> Created:
    stack = {"StackName": ctx.physical_name(128), **_members(ctx, props)}
    stack_id = (await ctx.call_as_stack("cloudformation", "CreateStack", stack))["StackId"]
    ctx.made(stack_id)
    found = await _finished(ctx, stack_id)
    if found["StackStatus"] != "CREATE_COMPLETE":
        why = await _why(ctx, found)
        raise ResourceFailed(f"Embedded stack {stack_id} was not successfully created: {why}")
    return Created(stack_id, _attributes(found))


async def _update(ctx: Context, resource: Resource, props: Json) -> Json:
    try:
        await ctx.call("cloudformation", "UpdateStack", {"StackName": resource.physical_id, **_members(ctx, props)})
    except AwsError as error:
        if error.message != _UNCHANGED:
            raise
    found = await _finished(ctx, resource.physical_id)
    if found["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        why = await _why(ctx, found)
        raise ResourceFailed(f"Embedded stack {resource.physical_id} was not successfully updated: {why}")
    return _attributes(found)


async def _delete(ctx: Context, resource: Resource) -> None:
    await ctx.call("cloudformation", "DeleteStack", {"StackName": resource.physical_id})
    found = await _finished(ctx, resource.physical_id)
    if found["StackStatus"] != "DELETE_COMPLETE":
        why = await _why(ctx, found)
        raise ResourceFailed(f"Embedded stack {resource.physical_id} was not successfully deleted: {why}")


def _members(ctx: Context, props: Json) -> Json:
    """The members of CreateStack and UpdateStack. Capabilities are those of the stack around it."""
    members: Json = {"TemplateURL": props["TemplateURL"], "Capabilities": ctx.capabilities}
    given = props.get("Parameters", {})
    members["Parameters"] = [{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()]
    if "Tags" in props:
        members["Tags"] = [tag for tag in props["Tags"] if not tag["Key"].startswith("aws:")]
    return members


async def _finished(ctx: Context, stack_id: str) -> Json:
    """The stack when its operation has ended."""
    found: Json = {}

    async def has_ended() -> bool:
        nonlocal found
        (found,) = (await ctx.call("cloudformation", "DescribeStacks", {"StackName": stack_id}))["Stacks"]
        return not found["StackStatus"].endswith("_IN_PROGRESS")

    await ctx.until(has_ended, f"stack {stack_id}")
    return found


async def _why(ctx: Context, found: Json) -> str:
    """What the stack's own history says of its failure."""
    params: Json = {"StackName": found["StackId"]}
    while True:
        page = await ctx.call("cloudformation", "DescribeStackEvents", params)
        for event in page["StackEvents"]:
            is_own = event["PhysicalResourceId"] == found["StackId"]
            if is_own and event["ResourceStatus"] in _FAILING and event.get("ResourceStatusReason"):
                return str(event["ResourceStatusReason"])
        if "NextToken" not in page:
            return str(found["StackStatus"])
        params["NextToken"] = page["NextToken"]


def _attributes(found: Json) -> Json:
    return {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in found.get("Outputs", ())}


_PROPERTIES = Structure(
    {"Parameters": MapOf(STRING), "Tags": TAGS, "TemplateURL": STRING},
    required=("TemplateURL",),
)

TYPES = (ResourceType("AWS::CloudFormation::Stack", _PROPERTIES, _create, _update, _delete, attributes=("Outputs.*",)),)
