"""AWS::Lambda::Function."""

from __future__ import annotations

import io
import zipfile

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import STRING, TAGS, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_CREATE = Api(
    "lambda",
    "CreateFunction",
    "Architectures",
    "CodeSigningConfigArn",
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "FileSystemConfigs",
    "FunctionName",
    "Handler",
    "ImageConfig",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PackageType",
    "Role",
    "Runtime",
    "SnapStart",
    "Timeout",
    "TracingConfig",
    "VpcConfig",
    KmsKeyArn="KMSKeyArn",
)
_CODE = Api(
    "lambda", "UpdateFunctionCode", "ImageUri", "S3Bucket", "S3Key", "S3ObjectStorageMode", "S3ObjectVersion",
    "SourceKMSKeyArn",
)  # fmt: skip
_CONCURRENCY = Api("lambda", "PutFunctionConcurrency", "ReservedConcurrentExecutions")
_TAGGING = Tagging("lambda", "TagResource", "UntagResource", "Resource")
# What these are when a template does not have them (any more).
_UNSET: Json = {
    "DeadLetterConfig": {"TargetArn": ""},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "KmsKeyArn": "",
    "MemorySize": 128,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
    "VpcConfig": {"SecurityGroupIds": [], "SubnetIds": []},
}
_NOT_CONFIGURATION = ("Architectures", "CodeSigningConfigArn", "FunctionName", "PackageType")
# The first bytes of a zip's time field: source text makes the same package whenever it is packed.
_EPOCH = (1980, 1, 1, 0, 0, 0)


async def _create(ctx: Context, props: Json) -> Created:
    props = {"FunctionName": ctx.physical_name(64), **props}
    name = props["FunctionName"]
    params = {**_CREATE.params(props), "Code": _code(props)}
    if tags := own_tags(props):
        params["Tags"] = tags
    answer = await ctx.call("lambda", "CreateFunction", params)
    attributes = {"Arn": str(answer["FunctionArn"])}
    ctx.made(name, attributes)
    await _settle(ctx, name)
    if "ReservedConcurrentExecutions" in props:
        reserved = _CONCURRENCY.params(props)
        await ctx.call("lambda", "PutFunctionConcurrency", {"FunctionName": name, **reserved})
    return Created(name, attributes)


async def _update(ctx: Context, function: Resource, props: Json) -> Json:
    name, old = function.physical_id, function.properties
    if old["Code"] != props["Code"] or old.get("Architectures") != props.get("Architectures"):
        code = {**_code(props), **_CREATE.params({"Architectures": props.get("Architectures", ["x86_64"])})}
        await ctx.call("lambda", "UpdateFunctionCode", {"FunctionName": name, **code})
        await _settle(ctx, name)
    configuration = {
        prop: props.get(prop, _UNSET.get(prop))
        for prop in _CREATE.properties
        if prop not in _NOT_CONFIGURATION and old.get(prop) != props.get(prop)
    }
    if "LoggingConfig" in configuration:
        plain = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
        configuration["LoggingConfig"] = plain | (props.get("LoggingConfig") or {})
    if configuration:
        params = _CREATE.params({prop: value for prop, value in configuration.items() if value is not None})
        await ctx.call("lambda", "UpdateFunctionConfiguration", {"FunctionName": name, **params})
        await _settle(ctx, name)
    if old.get("ReservedConcurrentExecutions") != props.get("ReservedConcurrentExecutions"):
        if "ReservedConcurrentExecutions" in props:
            reserved = _CONCURRENCY.params(props)
            await ctx.call("lambda", "PutFunctionConcurrency", {"FunctionName": name, **reserved})
        else:
            await ctx.call("lambda", "DeleteFunctionConcurrency", {"FunctionName": name})
    if old.get("CodeSigningConfigArn") != props.get("CodeSigningConfigArn"):
        if "CodeSigningConfigArn" in props:
            signing = {"FunctionName": name, "CodeSigningConfigArn": props["CodeSigningConfigArn"]}
            await ctx.call("lambda", "PutFunctionCodeSigningConfig", signing)
        else:
            await ctx.call("lambda", "DeleteFunctionCodeSigningConfig", {"FunctionName": name})
    await _TAGGING.change(ctx, function.attributes["Arn"], own_tags(old), own_tags(props))
    return function.attributes


async def _delete(ctx: Context, function: Resource) -> None:
    await ctx.call("lambda", "DeleteFunction", {"FunctionName": function.physical_id})


async def _settle(ctx: Context, name: str) -> None:
    async def ready() -> bool:
        shown = await ctx.call("lambda", "GetFunctionConfiguration", {"FunctionName": name})
        if "Failed" in (shown["State"], shown.get("LastUpdateStatus")):
            raise ResourceFailed(str(shown.get("StateReason") or shown.get("LastUpdateStatusReason")))
        return shown["State"] == "Active" and shown.get("LastUpdateStatus") != "InProgress"

    await ctx.until(ready, f"function {name}")


def _code(props: Json) -> Json:
    """The package. Source text (`ZipFile`) becomes the file `index` of a package."""
    code = dict(props["Code"])
    if "ZipFile" in code:
        suffix = "js" if props.get("Runtime", "").startswith("nodejs") else "py"
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
            entry = zipfile.ZipInfo(f"index.{suffix}", _EPOCH)
            entry.external_attr = 0o644 << 16
            package.writestr(entry, code["ZipFile"])
        code["ZipFile"] = archive.getvalue()
    return code


TYPES = (
    ResourceType(
        "AWS::Lambda::Function",
        Structure(
            {
                **_CREATE.properties,
                **_CONCURRENCY.properties,
                "Code": Structure({**_CODE.properties, "ZipFile": STRING}),
                "Tags": TAGS,
            },
            required=("Code", "Role"),
        ),
        _create,
        _update,
        _delete,
        replaced_by=("FunctionName", "PackageType"),
        attributes=("Arn",),
        name_property="FunctionName",
    ),
)
