"""AWS::ApiGateway::RestApi: built piece by piece by other resources, or whole from an OpenAPI definition (`Body`)."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.patches import patches
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import JSON, STRING, TAGS, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_CREATE = Api(
    "apigateway",
    "CreateRestApi",
    "BinaryMediaTypes",
    "CloneFrom",
    "Description",
    "DisableExecuteApiEndpoint",
    "EndpointConfiguration",
    "MinimumCompressionSize",
    "Name",
    "Policy",
    "Version",
    ApiKeySourceType="apiKeySource",
)
_IMPORT = Api("apigateway", "PutRestApi", "FailOnWarnings", "Mode", "Parameters")
_BODY = ("Body", "BodyS3Location")
_TAGGING = Tagging("apigateway", "TagResource", "UntagResource", "resourceArn", "tags", "tagKeys")
_PATHS = {
    "ApiKeySourceType": "/apiKeySource",
    "BinaryMediaTypes": "/binaryMediaTypes",
    "Description": "/description",
    "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
    "EndpointConfiguration": "/endpointConfiguration",
    "MinimumCompressionSize": "/minimumCompressionSize",
    "Name": "/name",
    "Policy": "/policy",
    "Version": "/version",
}
# What stands for a property that was taken away, where the API knows no removal.
_UNSET: Json = {
    "ApiKeySourceType": "HEADER",
    "BinaryMediaTypes": [],
    "DisableExecuteApiEndpoint": False,
    "EndpointConfiguration": {"types": ["EDGE"]},
    "MinimumCompressionSize": "",
    "Version": "",
}


async def _create(ctx: Context, props: Json) -> Created:
    body = await _body(ctx, props)
    if "Name" not in props and body is None:
        raise ResourceFailed("Name is required when a RestApi has no definition (Body or BodyS3Location)")
    params = _CREATE.params({"Name": ctx.logical_id, **props})
    if types := (props.get("Parameters") or {}).get("endpointConfigurationTypes"):
        params["endpointConfiguration"] = {"types": types.split(","), **params.get("endpointConfiguration", {})}
    if tags := own_tags(props):
        params["tags"] = tags
    answer = await ctx.call("apigateway", "CreateRestApi", params)
    api_id = str(answer["id"])
    attributes = {"RestApiId": api_id, "RootResourceId": str(answer["rootResourceId"])}
    ctx.made(api_id, attributes)
    if body is not None:
        await _import(ctx, api_id, body, props)
        await _patch(ctx, api_id, {}, props)
    return Created(api_id, attributes)


async def _update(ctx: Context, api: Resource, props: Json) -> Json:
    old = api.properties
    body = await _body(ctx, props)
    if body is not None and any(old.get(name) != props.get(name) for name in (*_BODY, *_IMPORT.properties)):
        await _import(ctx, api.physical_id, body, props)
    await _patch(ctx, api.physical_id, old, props)
    arn = f"arn:{ctx.partition}:apigateway:{ctx.region}::/restapis/{api.physical_id}"
    await _TAGGING.change(ctx, arn, own_tags(old), own_tags(props))
    return api.attributes


async def _delete(ctx: Context, api: Resource) -> None:
    await ctx.call("apigateway", "DeleteRestApi", {"restApiId": api.physical_id})


async def _import(ctx: Context, api_id: str, body: bytes, props: Json) -> None:
    params = {"mode": "overwrite", **_IMPORT.params(props), "restApiId": api_id, "body": body}
    await ctx.call("apigateway", "PutRestApi", params)


async def _patch(ctx: Context, api_id: str, old: Json, props: Json) -> None:
    """Make the API's own settings be what the properties say, whatever a definition brought."""
    wanted = {prop: props[prop] for prop in _PATHS if prop in props}
    wanted |= {prop: _UNSET.get(prop) for prop in _PATHS if prop in old and prop not in props}
    described = await ctx.call("apigateway", "GetRestApi", {"restApiId": api_id})
    now = {prop: described.get(_CREATE.member(prop)) for prop in wanted}
    if endpoint := wanted.get("EndpointConfiguration"):
        now["EndpointConfiguration"] = {key: described["endpointConfiguration"].get(key) for key in endpoint}
    if operations := patches(now, wanted, _PATHS):
        await ctx.call("apigateway", "UpdateRestApi", {"restApiId": api_id, "patchOperations": operations})


async def _body(ctx: Context, props: Json) -> bytes | None:
    """The definition's bytes, None if there is none."""
    if "Body" in props:
        body = props["Body"]
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if "BodyS3Location" in props:
        location = props["BodyS3Location"]
        answer = await ctx.call("s3", "GetObject", {"Bucket": location["Bucket"], "Key": location["Key"]})
        return bytes(answer["Body"])
    return None


TYPES = (
    ResourceType(
        "AWS::ApiGateway::RestApi",
        Structure(
            {
                **_CREATE.properties,
                **_IMPORT.properties,
                "Body": JSON,
                "BodyS3Location": Structure({"Bucket": STRING, "Key": STRING, "ETag": STRING}, ("Bucket", "Key")),
                "Policy": JsonText(),
                "Tags": TAGS,
            }
        ),
        _create,
        _update,
        _delete,
        attributes=("RestApiId", "RootResourceId"),
    ),
)
