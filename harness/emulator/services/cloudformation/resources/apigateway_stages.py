"""AWS::ApiGateway::Deployment and AWS::ApiGateway::Stage."""

from __future__ import annotations

from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.cloudformation.resources.api import Api, Renamed
from harness.emulator.services.cloudformation.resources.patches import difference, escape, patches
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    TAGS,
    ListOf,
    Structure,
)
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_DEPLOY = Api("apigateway", "CreateDeployment", "Description", "RestApiId", "StageName")
_STAGE_DESCRIPTION = Api(
    "apigateway",
    "CreateDeployment",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "TracingEnabled",
    "Variables",
    Description="stageDescription",
)
_STAGE = Api(
    "apigateway",
    "CreateStage",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "DeploymentId",
    "Description",
    "DocumentationVersion",
    "RestApiId",
    "StageName",
    "TracingEnabled",
    "Variables",
    CanarySetting="canarySettings",
)
_TAGGING = Tagging("apigateway", "TagResource", "UntagResource", "resourceArn", "tags", "tagKeys")
_STAGE_PATHS = {
    "AccessLogSetting": "/accessLogSettings",
    "CacheClusterEnabled": "/cacheClusterEnabled",
    "CacheClusterSize": "/cacheClusterSize",
    "ClientCertificateId": "/clientCertificateId",
    "DeploymentId": "/deploymentId",
    "Description": "/description",
    "DocumentationVersion": "/documentationVersion",
    "TracingEnabled": "/tracingEnabled",
    "Variables": "/variables",
}
_METHOD_SETTING = {
    "CacheDataEncrypted": (BOOLEAN, "caching/dataEncrypted"),
    "CacheTtlInSeconds": (INTEGER, "caching/ttlInSeconds"),
    "CachingEnabled": (BOOLEAN, "caching/enabled"),
    "DataTraceEnabled": (BOOLEAN, "logging/dataTrace"),
    "LoggingLevel": (STRING, "logging/loglevel"),
    "MetricsEnabled": (BOOLEAN, "metrics/enabled"),
    "ThrottlingBurstLimit": (INTEGER, "throttling/burstLimit"),
    "ThrottlingRateLimit": (NUMBER, "throttling/rateLimit"),
}
_METHOD_SETTING_SHAPE = Structure(
    {"HttpMethod": STRING, "ResourcePath": STRING, **{name: shape for name, (shape, _) in _METHOD_SETTING.items()}},
    required=("HttpMethod", "ResourcePath"),
)


async def _deploy(ctx: Context, props: Json) -> Created:
    stage = _STAGE_DESCRIPTION.params(props.get("StageDescription") or {})
    answer = await ctx.call("apigateway", "CreateDeployment", {**_DEPLOY.params(props), **stage})
    return Created(str(answer["id"]), {"DeploymentId": str(answer["id"])})


async def _change_deployment(ctx: Context, deployment: Resource, props: Json) -> Json:
    """What is deployed never changes; its description does, and that of the stage that came with it."""
    old = deployment.properties
    if operations := patches(old, props, {"Description": "/description"}):
        await ctx.call("apigateway", "UpdateDeployment", {**_deployment(deployment), "patchOperations": operations})
    if "StageName" in props:
        stage = _stage(props)
        described = props.get("StageDescription") or {}
        if old.get("StageName") != props["StageName"] and await _is_missing(ctx, stage):
            raise NotEmulated("cloudformation", "AWS::ApiGateway::Deployment with a change of StageName")
        if operations := patches(old.get("StageDescription") or {}, described, _STAGE_PATHS):
            await ctx.call("apigateway", "UpdateStage", {**stage, "patchOperations": operations})
    return deployment.attributes


async def _is_missing(ctx: Context, stage: Json) -> bool:
    try:
        await ctx.call("apigateway", "GetStage", stage)
    except AwsError as error:
        if error.status != 404:
            raise
        return True
    return False


async def _undeploy(ctx: Context, deployment: Resource) -> None:
    """Deletes the stage that came with the deployment, too, unless it moved on to another one."""
    props = deployment.properties
    if "StageName" in props and not await _is_missing(ctx, stage := _stage(props)):
        found = await ctx.call("apigateway", "GetStage", stage)
        if found["deploymentId"] == deployment.physical_id:
            await ctx.call("apigateway", "DeleteStage", stage)
    await ctx.call("apigateway", "DeleteDeployment", _deployment(deployment))


def _deployment(deployment: Resource) -> Json:
    return {"restApiId": deployment.properties["RestApiId"], "deploymentId": deployment.physical_id}


async def _create_stage(ctx: Context, props: Json) -> Created:
    params = _STAGE.params(props)
    if tags := own_tags(props):
        params["tags"] = tags
    answer = await ctx.call("apigateway", "CreateStage", params)
    name = str(answer["stageName"])
    ctx.made(name)
    settings: Json = {prop: props[prop] for prop in ("AccessLogSetting", "ClientCertificateId") if prop in props}
    await _patch(ctx, props, patches({}, settings, _STAGE_PATHS) + _settings({}, {}, props))
    return Created(name)


async def _update_stage(ctx: Context, stage: Resource, props: Json) -> Json:
    old = stage.properties
    shown = await ctx.call("apigateway", "GetStage", _stage(props))
    there = {prop: shown.get(path[1:]) for prop, path in _STAGE_PATHS.items()}
    # A setting without removal goes back to false.
    wanted = {"CacheClusterEnabled": False, "TracingEnabled": False, **props}
    await _patch(ctx, props, patches(there, wanted, _STAGE_PATHS) + _settings(shown["methodSettings"], old, props))
    arn = f"arn:{ctx.partition}:apigateway:{ctx.region}::/restapis/{props['RestApiId']}/stages/{stage.physical_id}"
    await _TAGGING.change(ctx, arn, own_tags(old), own_tags(props))
    return {}


async def _patch(ctx: Context, props: Json, operations: list[Json]) -> None:
    if operations:
        await ctx.call("apigateway", "UpdateStage", {**_stage(props), "patchOperations": operations})


async def _delete_stage(ctx: Context, stage: Resource) -> None:
    await ctx.call("apigateway", "DeleteStage", _stage(stage.properties))


def _stage(props: Json) -> Json:
    return _STAGE.params({name: props[name] for name in ("RestApiId", "StageName")})


def _settings(shown: Json, old: Json, new: Json) -> list[Json]:
    """The patches for method settings, `/{resource path}/{method}/{setting}`: what changed is removed and set anew."""
    before, after = (
        {_setting_path(setting): setting for setting in props.get("MethodSettings", ())} for props in (old, new)
    )
    there = {f"/{key}" for key in shown}
    kept = {path for path in there if path in after and after[path] == before.get(path)}
    operations: list[Json] = [{"op": "remove", "path": path} for path in sorted(there - kept)]
    for path, setting in after.items():
        for name, (_, member) in _METHOD_SETTING.items():
            if name in setting and path not in kept:
                operations += difference(f"{path}/{member}", None, setting[name])
    return operations


def _setting_path(setting: Json) -> str:
    """The patch path of a method: a template may have the slashes of its resource path escaped already."""
    path = setting["ResourcePath"]
    if path in ("/*", "*"):
        return f"/*/{setting['HttpMethod']}"
    return f"/{path[1:] if '~1' in path else escape(path)}/{setting['HttpMethod']}"


TYPES = (
    ResourceType(
        "AWS::ApiGateway::Deployment",
        Structure(
            {**_DEPLOY.properties, "StageDescription": Structure(_STAGE_DESCRIPTION.properties)},
            required=("RestApiId",),
        ),
        _deploy,
        _change_deployment,
        _undeploy,
        replaced_by=("RestApiId",),
        attributes=("DeploymentId",),
    ),
    ResourceType(
        "AWS::ApiGateway::Stage",
        Structure(
            {
                **_STAGE.properties,
                "AccessLogSetting": Renamed(
                    {"DestinationArn": ("destinationArn", STRING), "Format": ("format", STRING)}
                ),
                "ClientCertificateId": STRING,
                "MethodSettings": ListOf(_METHOD_SETTING_SHAPE),
                "Tags": TAGS,
            },
            required=("DeploymentId", "RestApiId", "StageName"),
        ),
        _create_stage,
        _update_stage,
        _delete_stage,
        replaced_by=("RestApiId", "StageName"),
    ),
)
