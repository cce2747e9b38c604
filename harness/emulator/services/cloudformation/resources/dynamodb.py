"""AWS::DynamoDB::Table."""

from __future__ import annotations

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.resources.api import Api, Renamed
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import BOOLEAN, STRING, TAGS, Scalar, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

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
    if tags := own_tags(props):
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
    shown = await _describe(ctx, name)
    _check_encryption(shown, props)
    changes = {prop: props.get(prop, unset) for prop, unset in _UPDATED.items() if old.get(prop) != props.get(prop)}
    changes = {prop: value for prop, value in changes.items() if value is not None}
    if changes:
        await _update_table(ctx, name, changes)
    stream, streams = props.get("StreamSpecification"), shown.get("StreamSpecification") or {}
    if (stream or {}).get("StreamViewType") != streams.get("StreamViewType"):
        # A stream cannot be changed, only ended and begun anew.
        if streams.get("StreamEnabled"):
            await _update_table(ctx, name, {"StreamSpecification": {"StreamEnabled": False}})
        if stream:
            await _update_table(ctx, name, {"StreamSpecification": {"StreamEnabled": True, **stream}})
    for change in _index_changes(shown, old, props):
        # DynamoDB takes one created or deleted index at a time.
        definitions = {"AttributeDefinitions": props["AttributeDefinitions"]}
        await _update_table(ctx, name, {**definitions, "GlobalSecondaryIndexUpdates": [change]})
    await _apply(ctx, name, old, props)
    await _TAGGING.change(ctx, table.attributes["Arn"], own_tags(old), own_tags(props))
    return _attributes(await _describe(ctx, name))


async def _describe(ctx: Context, name: str) -> Json:
    """The table as it is: an update that failed half-way left something between the old and the new."""
    described: Json = (await ctx.call("dynamodb", "DescribeTable", {"TableName": name}))["Table"]
    return described


def _check_encryption(shown: Json, props: Json) -> None:
    """Raises NotEmulated for another encryption than the table has: it would not change."""
    wanted, there = props.get("SSESpecification") or {}, shown.get("SSEDescription") or {}
    key = wanted.get("KMSMasterKeyId")
    if bool(wanted.get("Enabled")) != (there.get("Status") == "ENABLED") or (
        key is not None and key != there.get("KMSMasterKeyArn")
    ):
        raise NotEmulated("dynamodb", "UpdateTable with SSESpecification")


async def _delete(ctx: Context, table: Resource) -> None:
    await ctx.call("dynamodb", "DeleteTable", {"TableName": table.physical_id})


async def _apply(ctx: Context, name: str, old: Json, new: Json) -> None:
    """What has operations of its own: time to live, point-in-time recovery."""
    before, after = old.get("TimeToLiveSpecification"), new.get("TimeToLiveSpecification")
    if before != after:
        alive = await ctx.call("dynamodb", "DescribeTimeToLive", {"TableName": name})
        counted = alive["TimeToLiveDescription"].get("AttributeName")
        wanted = after["AttributeName"] if after and after["Enabled"] else None
        if counted and counted != wanted:
            off = {"AttributeName": counted, "Enabled": False}
            await ctx.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": off})
        if wanted and counted != wanted:
            await ctx.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": after})
    had, has = (bool((p.get("PointInTimeRecoverySpecification") or {}).get("PointInTimeRecoveryEnabled"))
                   for p in (old, new))  # fmt: skip
    if had != has:
        recovery = {"PointInTimeRecoveryEnabled": has}
        params = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
        await ctx.call("dynamodb", "UpdateContinuousBackups", params)


async def _update_table(ctx: Context, name: str, changes: Json) -> None:
    await ctx.call("dynamodb", "UpdateTable", {"TableName": name, **changes})
    await _settle(ctx, name)


async def _settle(ctx: Context, name: str) -> None:
    async def active() -> bool:
        described = await _describe(ctx, name)
        indexes = [index.get("IndexStatus", "ACTIVE") for index in described.get("GlobalSecondaryIndexes", ())]
        return {described["TableStatus"], *indexes} == {"ACTIVE"}

    await ctx.until(active, f"table {name}")


def _index_changes(shown: Json, old: Json, new: Json) -> list[Json]:
    """Deleted, changed and created global indexes. A changed key or projection makes an index anew."""
    there, before, after = (
        {index["IndexName"]: index for index in source.get("GlobalSecondaryIndexes") or ()}
        for source in (shown, old, new)
    )
    deleted, updated, created = [], [], []
    for name, index in there.items():
        wanted = after.get(name)
        if wanted is None or any(index[part] != wanted[part] for part in ("KeySchema", "Projection")):
            deleted.append({"Delete": {"IndexName": name}})
        elif name in before and before[name] != wanted:
            rest = {part: value for part, value in wanted.items() if part not in ("KeySchema", "Projection")}
            updated.append({"Update": rest})
    made_anew = {change["Delete"]["IndexName"] for change in deleted}
    for name, index in after.items():
        if name not in there or name in made_anew:
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
