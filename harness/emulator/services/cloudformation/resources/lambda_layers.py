"""AWS::Lambda::LayerVersion and AWS::Lambda::LayerVersionPermission (C11)."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import STRING, Structure
from harness.json_object import Json

_LAYER = Api(
    "lambda",
    "PublishLayerVersion",
    "CompatibleArchitectures",
    "CompatibleRuntimes",
    "Description",
    "LayerName",
    "LicenseInfo",
)
_CONTENT = Structure({"S3Bucket": STRING, "S3Key": STRING, "S3ObjectVersion": STRING}, ("S3Bucket", "S3Key"))
_PERMISSION = Api("lambda", "AddLayerVersionPermission", "Action", "OrganizationId", "Principal")


async def _publish(ctx: Context, props: Json) -> Created:
    given = {"LayerName": ctx.physical_name(140), **props}
    params = {**_LAYER.params(given), "Content": props["Content"]}
    arn = str((await ctx.call("lambda", "PublishLayerVersion", params))["LayerVersionArn"])
    return Created(arn, {"LayerVersionArn": arn})


async def _remove(ctx: Context, layer: Resource) -> None:
    await ctx.call("lambda", "DeleteLayerVersion", _version(layer.physical_id))


async def _permit(ctx: Context, props: Json) -> Created:
    statement, arn = ctx.physical_name(100), props["LayerVersionArn"]
    params = {**_PERMISSION.params(props), **_version(arn), "StatementId": statement}
    await ctx.call("lambda", "AddLayerVersionPermission", params)
    return Created(f"{arn}#{statement}", {"Id": f"{arn}#{statement}"})


async def _forbid(ctx: Context, permission: Resource) -> None:
    arn, _, statement = permission.physical_id.partition("#")
    await ctx.call("lambda", "RemoveLayerVersionPermission", {**_version(arn), "StatementId": statement})


def _version(arn: str) -> Json:
    layer, _, number = arn.rpartition(":")
    return {"LayerName": layer, "VersionNumber": int(number) if number.isdigit() else 0}


TYPES = (
    ResourceType(
        "AWS::Lambda::LayerVersion",
        Structure({**_LAYER.properties, "Content": _CONTENT}, ("Content",)),
        _publish,
        None,
        _remove,
        attributes=("LayerVersionArn",),
    ),
    ResourceType(
        "AWS::Lambda::LayerVersionPermission",
        Structure({**_PERMISSION.properties, "LayerVersionArn": STRING}, ("Action", "LayerVersionArn", "Principal")),
        _permit,
        None,
        _forbid,
        attributes=("Id",),
    ),
)
