"""API keys, usage plans, and the account's settings of API Gateway."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.patches import difference, patches
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, TAGS, ListOf, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_TAGGING = Tagging("apigateway", "TagResource", "UntagResource", "resourceArn", "tags", "tagKeys")
_PLAN = Api("apigateway", "CreateUsagePlan", "ApiStages", "Description", "Quota", "Throttle", UsagePlanName="name")
_PLAN_PATHS = {"Description": "/description", "UsagePlanName": "/name"}


async def _create_plan(ctx: Context, props: Json) -> Created:
    params = _PLAN.params({"UsagePlanName": ctx.physical_name(128), **props})
    if tags := own_tags(props):
        params["tags"] = tags
    plan_id = str((await ctx.call("apigateway", "CreateUsagePlan", params))["id"])
    return Created(plan_id, {"Id": plan_id})


async def _update_plan(ctx: Context, plan: Resource, props: Json) -> Json:
    old = plan.properties
    shown = await ctx.call("apigateway", "GetUsagePlan", {"usagePlanId": plan.physical_id})
    operations = patches(old, {"UsagePlanName": old.get("UsagePlanName"), **props}, _PLAN_PATHS)
    for prop, member in (("Quota", "quota"), ("Throttle", "throttle")):
        there = shown.get(member)
        if prop in props:
            operations += difference(f"/{member}", {key: (there or {}).get(key) for key in props[prop]}, props[prop])
        elif there:
            operations.append({"op": "remove", "path": f"/{member}"})
    operations += _stages(shown.get("apiStages", []), props.get("ApiStages", []))
    if operations:
        params = {"usagePlanId": plan.physical_id, "patchOperations": operations}
        await ctx.call("apigateway", "UpdateUsagePlan", params)
    arn = f"arn:{ctx.partition}:apigateway:{ctx.region}::/usageplans/{plan.physical_id}"
    await _TAGGING.change(ctx, arn, own_tags(old), own_tags(props))
    return plan.attributes


def _stages(old: list[Json], new: list[Json]) -> list[Json]:
    before, after = ({f"{stage['apiId']}:{stage['stage']}": stage for stage in stages} for stages in (old, new))
    operations = [{"op": "remove", "path": "/apiStages", "value": name} for name in before if name not in after]
    for name, stage in after.items():
        if name not in before:
            operations.append({"op": "add", "path": "/apiStages", "value": name})
        throttled = before.get(name, {}).get("throttle")
        operations += difference(f"/apiStages/{name}/throttle", throttled, stage.get("throttle"))
    return operations


async def _delete_plan(ctx: Context, plan: Resource) -> None:
    """A plan with stages cannot be deleted on AWS: they are taken away first."""
    operations = _stages(plan.properties.get("ApiStages", []), [])
    if operations:
        found = await ctx.call("apigateway", "GetUsagePlan", {"usagePlanId": plan.physical_id})
        there = {f"{stage['apiId']}:{stage['stage']}" for stage in found.get("apiStages", ())}
        operations = [operation for operation in operations if operation["value"] in there]
    params = {"usagePlanId": plan.physical_id}
    if operations:
        await ctx.call("apigateway", "UpdateUsagePlan", {**params, "patchOperations": operations})
    await ctx.call("apigateway", "DeleteUsagePlan", params)


async def _set_account(ctx: Context, props: Json) -> Created:
    await _patch_account(ctx, {}, props)
    physical_id = ctx.physical_name(24)
    return Created(physical_id, {"Id": physical_id})


async def _change_account(ctx: Context, account: Resource, props: Json) -> Json:
    await _patch_account(ctx, account.properties, props)
    return account.attributes


async def _unset_account(ctx: Context, account: Resource) -> None:
    """The role stays the account's: deleting the resource deletes no setting on AWS."""


async def _patch_account(ctx: Context, old: Json, new: Json) -> None:
    if operations := patches(old, new, {"CloudWatchRoleArn": "/cloudwatchRoleArn"}):
        await ctx.call("apigateway", "UpdateAccount", {"patchOperations": operations})


TYPES = (
    ResourceType(
        "AWS::ApiGateway::UsagePlan",
        Structure({**_PLAN.properties, "Tags": TAGS}),
        _create_plan,
        _update_plan,
        _delete_plan,
        attributes=("Id",),
    ),
    simple(
        "AWS::ApiGateway::UsagePlanKey",
        Api("apigateway", "CreateUsagePlanKey", "KeyId", "KeyType", "UsagePlanId"),
        delete="DeleteUsagePlanKey",
        key={"usagePlanId": "UsagePlanId", "keyId": "KeyId"},
        ref="{keyId}:{usagePlanId}",
        attributes={"Id": "{keyId}:{usagePlanId}"},
        required=("KeyId", "KeyType", "UsagePlanId"),
    ),
    simple(
        "AWS::ApiGateway::ApiKey",
        Api(
            "apigateway",
            "CreateApiKey",
            "CustomerId",
            "Description",
            "Enabled",
            "GenerateDistinctId",
            "Name",
            "Value",
        ),
        update="UpdateApiKey",
        patch={"CustomerId": "/customerId", "Description": "/description", "Enabled": "/enabled"},
        delete="DeleteApiKey",
        key={"apiKey": REF},
        ref="{id}",
        attributes={"APIKeyId": "{id}"},
        replaced_by=("GenerateDistinctId", "Name", "Value"),
        reset={"Enabled": False},
        generated=("Name", 128),
        # StageKeys mean nothing where there are usage plans, which is everywhere: SAM still writes them.
        shapes={"StageKeys": ListOf(Structure({"RestApiId": STRING, "StageName": STRING})), "Tags": TAGS},
        tagging=_TAGGING,
        tagged="arn:aws:apigateway:{region}::/apikeys/{Ref}",
    ),
    ResourceType(
        "AWS::ApiGateway::Account",
        Structure({"CloudWatchRoleArn": STRING}),
        _set_account,
        _change_account,
        _unset_account,
        attributes=("Id",),
    ),
)
