"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import BOOLEAN, TAGS, Structure
from harness.emulator.services.cloudformation.resources.simple import simple
from harness.emulator.services.cloudformation.resources.tagging import own_tags
from harness.json_object import Json

_CREATE = Api(
    "kms",
    "CreateKey",
    "BypassPolicyLockoutSafetyCheck",
    "Description",
    "KeySpec",
    "KeyUsage",
    "MultiRegion",
    "Origin",
    KeyPolicy="Policy",
)
_DELETION = Api("kms", "ScheduleKeyDeletion", PendingWindowInDays="PendingWindowInDays")
_ROTATION = Api("kms", "EnableKeyRotation", "RotationPeriodInDays")
_NATURE: Json = {
    "KeySpec": "SYMMETRIC_DEFAULT",
    "KeyUsage": "ENCRYPT_DECRYPT",
    "MultiRegion": False,
    "Origin": "AWS_KMS",
}


async def _create(ctx: Context, props: Json) -> Created:
    params = _CREATE.params(props)
    if tags := own_tags(props):
        params["Tags"] = _form(tags)
    made = (await ctx.call("kms", "CreateKey", params))["KeyMetadata"]
    key_id = str(made["KeyId"])
    attributes = {"Arn": str(made["Arn"]), "KeyId": key_id}
    ctx.made(key_id, attributes)
    await _apply(ctx, key_id, {}, props)
    return Created(key_id, attributes)


async def _update(ctx: Context, key: Resource, props: Json) -> Json:
    old, named = key.properties, {"KeyId": key.physical_id}
    await _check_nature(ctx, key.physical_id, props)
    if old.get("KeyPolicy") != props.get("KeyPolicy") and "KeyPolicy" in props:
        await ctx.call("kms", "PutKeyPolicy", {**named, "PolicyName": "default", "Policy": props["KeyPolicy"]})
    if old.get("Description") != props.get("Description"):
        await ctx.call("kms", "UpdateKeyDescription", {**named, "Description": props.get("Description", "")})
    await _apply(ctx, key.physical_id, old, props)
    before, after = own_tags(old), own_tags(props)
    if gone := sorted(before.keys() - after.keys()):
        await ctx.call("kms", "UntagResource", {**named, "TagKeys": gone})
    if after != before and after:
        await ctx.call("kms", "TagResource", {**named, "Tags": _form(after)})
    return key.attributes


async def _check_nature(ctx: Context, key_id: str, props: Json) -> None:
    """What a key is cannot be changed, nor does CloudFormation replace it. Raises ResourceFailed."""
    there = (await ctx.call("kms", "DescribeKey", {"KeyId": key_id}))["KeyMetadata"]
    for name, usual in _NATURE.items():
        if props.get(name, usual) != there.get(name, usual):
            raise ResourceFailed(f"You cannot change the {name} of a KMS key after the key is created.")


async def _apply(ctx: Context, key_id: str, old: Json, new: Json) -> None:
    """Rotation, and whether the key is enabled: the latter last, as a disabled key takes no settings."""
    named = {"KeyId": key_id}
    enabled = new.get("Enabled", True)
    if not old.get("Enabled", True) and enabled:
        await ctx.call("kms", "EnableKey", named)
    rotated, rotates = bool(old.get("EnableKeyRotation")), bool(new.get("EnableKeyRotation"))
    period_changed = old.get("RotationPeriodInDays") != new.get("RotationPeriodInDays")
    if rotates and (not rotated or period_changed):
        await ctx.call("kms", "EnableKeyRotation", {**named, **_ROTATION.params(new)})
    elif rotated and not rotates:
        await ctx.call("kms", "DisableKeyRotation", named)
    if old.get("Enabled", True) and not enabled:
        await ctx.call("kms", "DisableKey", named)


async def _delete(ctx: Context, key: Resource) -> None:
    """The key waits for its deletion, as on AWS: 30 days unless the template says otherwise."""
    await ctx.call("kms", "ScheduleKeyDeletion", {**_DELETION.params(key.properties), "KeyId": key.physical_id})


def _form(tags: dict[str, str]) -> list[Json]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


TYPES = (
    ResourceType(
        "AWS::KMS::Key",
        Structure(
            {
                **_CREATE.properties,
                **_DELETION.properties,
                **_ROTATION.properties,
                "Enabled": BOOLEAN,
                "EnableKeyRotation": BOOLEAN,
                "KeyPolicy": JsonText(),
                "Tags": TAGS,
            }
        ),
        _create,
        _update,
        _delete,
        attributes=("Arn", "KeyId"),
    ),
    simple(
        "AWS::KMS::Alias",
        Api("kms", "CreateAlias", "AliasName", "TargetKeyId"),
        update="UpdateAlias",
        delete="DeleteAlias",
        key={"AliasName": "AliasName"},
        ref="{AliasName}",
        required=("AliasName", "TargetKeyId"),
        replaced_by=("AliasName",),
    ),
)
