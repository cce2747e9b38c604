"""AWS::Lambda::Version and AWS::Lambda::Alias, what `AutoPublishAlias` of a SAM function becomes; AWS::Lambda::Url."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import INTEGER, NUMBER, STRING, ListOf, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.json_object import Json

_PUBLISH = Api("lambda", "PublishVersion", "CodeSha256", "Description", "FunctionName")


async def _publish(ctx: Context, props: Json) -> Created:
    name = props["FunctionName"]
    before = {version["Version"] for version in await _versions(ctx, name)}
    published = await ctx.call("lambda", "PublishVersion", _PUBLISH.params(props))
    version = str(published["Version"])
    if version in before:
        raise ResourceFailed(
            f"A version for this Lambda function exists ( {version} ). Modify the function to create a new version."
        )
    arn = str(published["FunctionArn"])
    return Created(arn, {"FunctionArn": arn, "Version": version})


async def _versions(ctx: Context, name: str) -> list[Json]:
    found: list[Json] = []
    params = {"FunctionName": name}
    while True:
        answer = await ctx.call("lambda", "ListVersionsByFunction", params)
        found += answer["Versions"]
        if not answer.get("NextMarker"):
            return found
        params = {"FunctionName": name, "Marker": answer["NextMarker"]}


async def _unpublish(ctx: Context, version: Resource) -> None:
    await ctx.call("lambda", "DeleteFunction", {"FunctionName": version.physical_id})


_EXECUTIONS = "ProvisionedConcurrentExecutions"
_PROVISIONED = {"ProvisionedConcurrencyConfig": Structure({_EXECUTIONS: INTEGER}, (_EXECUTIONS,))}


async def _provision(ctx: Context, arn: str, props: Json) -> None:
    """Give the version or alias of this ARN its provisioned concurrency, if it shall have some."""
    if config := props.get("ProvisionedConcurrencyConfig"):
        name, _, qualifier = arn.rpartition(":")
        params = {"FunctionName": name, "Qualifier": qualifier, **config}
        await ctx.call("lambda", "PutProvisionedConcurrencyConfig", params)


def _with_provisioned(entry: ResourceType) -> ResourceType:
    """The type with the property ProvisionedConcurrencyConfig, which is an operation of its own."""

    async def create(ctx: Context, props: Json) -> Created:
        made = await entry.create(ctx, props)
        ctx.made(made.physical_id, made.attributes)
        await _provision(ctx, made.physical_id, props)
        return made

    async def update(ctx: Context, resource: Resource, props: Json) -> Json:
        assert entry.update is not None
        attributes = await entry.update(ctx, resource, props)
        before, now = (each.get("ProvisionedConcurrencyConfig") for each in (resource.properties, props))
        if before and not now:
            name, _, qualifier = resource.physical_id.rpartition(":")
            params = {"FunctionName": name, "Qualifier": qualifier}
            await ctx.call("lambda", "DeleteProvisionedConcurrencyConfig", params)
        elif before != now:
            await _provision(ctx, resource.physical_id, props)
        return attributes

    properties = Structure({**entry.properties.members, **_PROVISIONED}, entry.properties.required)
    return replace(entry, properties=properties, create=create, update=update if entry.update else None)


@dataclass(frozen=True, slots=True)
class _Routing:
    """A list of weights in a template, a map in the API."""

    def read(self, value: Any, path: str) -> Json:
        weight = Structure({"FunctionVersion": STRING, "FunctionWeight": NUMBER}, ("FunctionVersion", "FunctionWeight"))
        read: Json = Structure({"AdditionalVersionWeights": ListOf(weight)}).read(value, path)
        weights = read.get("AdditionalVersionWeights", ())
        return {"AdditionalVersionWeights": {w["FunctionVersion"]: w["FunctionWeight"] for w in weights}}


TYPES = (
    _with_provisioned(
        ResourceType(
            "AWS::Lambda::Version",
            Structure(_PUBLISH.properties, ("FunctionName",)),
            _publish,
            None,
            _unpublish,
            attributes=("FunctionArn", "Version"),
        )
    ),
    simple(
        "AWS::Lambda::Url",
        Api(
            "lambda",
            "CreateFunctionUrlConfig",
            "AuthType",
            "Cors",
            "InvokeMode",
            "Qualifier",
            TargetFunctionArn="FunctionName",
        ),
        update="UpdateFunctionUrlConfig",
        delete="DeleteFunctionUrlConfig",
        key={"FunctionName": REF},
        ref="{FunctionArn}",
        attributes={"FunctionArn": "{FunctionArn}", "FunctionUrl": "{FunctionUrl}"},
        required=("AuthType", "TargetFunctionArn"),
        replaced_by=("Qualifier", "TargetFunctionArn"),
        reset={"Cors": {}, "InvokeMode": "BUFFERED"},
    ),
    _with_provisioned(
        simple(
            "AWS::Lambda::Alias",
            Api("lambda", "CreateAlias", "Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"),
            update="UpdateAlias",
            delete="DeleteAlias",
            key={"FunctionName": "FunctionName", "Name": "Name"},
            ref="{AliasArn}",
            attributes={"AliasArn": "{AliasArn}"},
            required=("FunctionName", "FunctionVersion", "Name"),
            replaced_by=("FunctionName", "Name"),
            reset={"Description": "", "RoutingConfig": {"AdditionalVersionWeights": {}}},
            shapes={"RoutingConfig": _Routing()},
        )
    ),
    simple(
        "AWS::Lambda::CodeSigningConfig",
        Api("lambda", "CreateCodeSigningConfig", "AllowedPublishers", "CodeSigningPolicies", "Description"),
        update="UpdateCodeSigningConfig",
        delete="DeleteCodeSigningConfig",
        key={"CodeSigningConfigArn": REF},
        ref="{CodeSigningConfig[CodeSigningConfigArn]}",
        attributes={
            "CodeSigningConfigArn": "{CodeSigningConfig[CodeSigningConfigArn]}",
            "CodeSigningConfigId": "{CodeSigningConfig[CodeSigningConfigId]}",
        },
        required=("AllowedPublishers",),
        reset={"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}, "Description": ""},
    ),
)
