"""AWS::DynamoDB::Table."""

from __future__ import annotations

from typing import Any

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.resources.api import Api, Renamed
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import BOOLEAN, STRING, TAGS, Scalar, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags

Json = dict[str, Any]

_CREATE = Api(
    "dynamodb",
    "CreateTable",
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
    "SSESpecification",
    "StreamSpecification",
    "TableName",
)
_SSE = Renamed(
    {
        "KMSMasterKeyId": ("KMSMasterKeyId", STRING),
        "SSEEnabled": ("Enabled", BOOLEAN),
        "SSEType": ("SSEType", STRING),
    },
    required=("SSEEnabled",),
)
_STREAM = Structure({"StreamViewType": STRING}, required=("StreamViewType",))
_TTL = Structure({"AttributeName": STRING, "Enabled": BOOLEAN}, required=("Enabled",))
_RECOVERY = Structure({"PointInTimeRecoveryEnabled": BOOLEAN})
_TAGGING = Tagging("dynamodb", "TagResource", "UntagResource", "ResourceArn", as_list=True)
# What UpdateTable changes, and the value when a template does not have it (any more).
_UPDATED: Json = {
    "BillingMode": "PROVISIONED",
    "DeletionProtectionEnabled": False,
    "ProvisionedThroughput": None,
}


async def _create(ctx: Context, props: Json) -> Created:
    props = {"TableName": ctx.physical_name(255), **props}
    params = _CREATE.params(props)
    if "StreamSpecification" in props:
        params["StreamSpecification"] = {"StreamEnabled": True, **props["StreamSpecification"]}
    if tags := own_tags(ctx, props):
        params["Tags"] = _TAGGING.form(tags)
    name = props["TableName"]
    described = (await ctx.call("dynamodb", "CreateTable", params))["TableDescription"]
    attributes = _attributes(described)
    ctx.made(name, attributes)
    await _settle(ctx, name)
    await _apply(ctx, name, {}, props)
    return Created(name, attributes)


async def _update(ctx: Context, table: Resource, props: Json) -> Json:
    name, old = table.physical_id, table.properties
    if old.get("SSESpecification") != props.get("SSESpecification"):
        raise NotEmulated("dynamodb", "UpdateTable with SSESpecification")
    changes = {prop: props.get(prop, unset) for prop, unset in _UPDATED.items() if old.get(prop) != props.get(prop)}
    changes = {prop: value for prop, value in changes.items() if value is not None}
    if changes:
        await _update_table(ctx, name, changes)
    if old.get("StreamSpecification") != props.get("StreamSpecification"):
        # A stream cannot be changed, only ended and begun anew.
        if "StreamSpecification" in old:
            await _update_table(ctx, name, {"StreamSpecification": {"StreamEnabled": False}})
        if stream := props.get("StreamSpecification"):
            await _update_table(ctx, name, {"StreamSpecification": {"StreamEnabled": True, **stream}})
    for change in _index_changes(old, props):
        # DynamoDB takes one created or deleted index at a time.
        definitions = {"AttributeDefinitions": props["AttributeDefinitions"]}
        await _update_table(ctx, name, {**definitions, "GlobalSecondaryIndexUpdates": [change]})
    await _apply(ctx, name, old, props)
    await _TAGGING.change(ctx, table.attributes["Arn"], own_tags(ctx, old), own_tags(ctx, props))
    return _attributes((await ctx.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"])


async def _delete(ctx: Context, table: Resource) -> None:
    await ctx.call("dynamodb", "DeleteTable", {"TableName": table.physical_id})


async def _apply(ctx: Context, name: str, old: Json, new: Json) -> None:
    """What has operations of its own: time to live, point-in-time recovery."""
    before, after = old.get("TimeToLiveSpecification"), new.get("TimeToLiveSpecification")
    if before != after:
        if before and before["Enabled"] and (not after or after.get("AttributeName") != before["AttributeName"]):
            off = {"AttributeName": before["AttributeName"], "Enabled": False}
            await ctx.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": off})
        if after and (after["Enabled"] or before):
            await ctx.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": after})
    had, wanted = (bool((p.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled"))
                   for p in (old, new))  # fmt: skip
    if had != wanted:
        recovery = {"PointInTimeRecoveryEnabled": wanted}
        params = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        await ctx.call("dynamodb", "UpdateContinuousBackups", params)


async def _update_table(ctx: Context, name: str, changes: Json) -> None:
    await ctx.call("dynamodb", "UpdateTable", {"TableName": name, **changes})
    await _settle(ctx, name)


async def _settle(ctx: Context, name: str) -> None:
    async def active() -> bool:
        described = (await ctx.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
        indexes = [index.get("IndexStatus", "ACTIVE") for index in described.get("GlobalSecondaryIndexes", ())]
        return {described["TableStatus"], *indexes} == {"ACTIVE"}

    await ctx.until(active, f"table {name}")


def _index_changes(old: Json, new: Json) -> list[Json]:
    """Deleted, changed and created global indexes. A changed key or projection makes an index anew."""
    before, after = (
        {index["IndexName"]: index for index in props.get("GlobalSecondaryIndexes", ())} for props in (old, new)
    )
    deleted, updated, created = [], [], []
    for name, index in before.items():
        wanted = after.get(name)
        if wanted is None or any(index.get(part) != wanted.get(part) for part in ("KeySchema", "Projection")):
            deleted.append({"Delete": {"IndexName": name}})
        elif index != wanted:
            rest = {part: value for part, value in wanted.items() if part not in ("KeySchema", "Projection")}
            updated.append({"Update": rest})
    made_anew = {change["Delete"]["IndexName"] for change in deleted}
    for name, index in after.items():
        if name not in before or name in made_anew:
            created.append({"Create": index})
    return [*deleted, *updated, *created]


def _attributes(described: Json) -> Json:
    attributes = {"Arn": described["TableArn"]}
    if stream := described.get("LatestStreamArn"):
        attributes["StreamArn"] = stream
    return attributes


TYPES = (
    ResourceType(
        "AWS::DynamoDB::Table",
        Structure(
            {
                **_CREATE.properties,
                "PointInTimeRecoverySpecification": _RECOVERY,
                "SSESpecification": _SSE,
                "StreamSpecification": _STREAM,
                "TableClass": Scalar("string", ("STANDARD",)),
                "Tags": TAGS,
                "TimeToLiveSpecification": _TTL,
            },
            required=("KeySchema",),
        ),
        _create,
        _update,
        _delete,
        replaced_by=("KeySchema", "LocalSecondaryIndexes", "TableName"),
        attributes=("Arn", "StreamArn"),
        name_property="TableName",
    ),
)
