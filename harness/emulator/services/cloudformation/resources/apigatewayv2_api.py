"""AWS::ApiGatewayV2::Api: an HTTP API, built from pieces or whole from an OpenAPI definition (`Body`)."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import JSON, STRING, MapOf, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_CREATE = Api(
    "apigatewayv2",
    "CreateApi",
    "ApiKeySelectionExpression",
    "CorsConfiguration",
    "CredentialsArn",
    "Description",
    "DisableExecuteApiEndpoint",
    "DisableSchemaValidation",
    "IpAddressType",
    "Name",
    "ProtocolType",
    "RouteKey",
    "RouteSelectionExpression",
    "Target",
    "Version",
)
_IMPORT = Api("apigatewayv2", "ImportApi", "FailOnWarnings", BasePath="Basepath")
_DEFINITION = ("Body", "BodyS3Location", *_IMPORT.properties)
_TAGGING = Tagging("apigatewayv2", "TagResource", "UntagResource", "ResourceArn")
_UNSET: Json = {"Description": "", "DisableExecuteApiEndpoint": False, "Version": ""}


async def _create(ctx: Context, props: Json) -> Created:
    body = await _body(ctx, props)
    if body is None:
        missing = [name for name in ("Name", "ProtocolType") if name not in props]
        if missing:
            raise ResourceFailed(f"{missing[0]} is required when an Api has no definition (Body or BodyS3Location)")
        answer = await ctx.call("apigatewayv2", "CreateApi", _CREATE.params(props))
    else:
        answer = await ctx.call("apigatewayv2", "ImportApi", {**_IMPORT.params(props), "Body": body})
    api_id = str(answer["ApiId"])
    attributes = {
        "ApiEndpoint": str(answer["ApiEndpoint"]),
        "ApiId": api_id,
        "ExecuteApiArn": ctx.arn("execute-api", api_id),
    }
    ctx.made(api_id, attributes)
    if body is not None:
        await _set(ctx, api_id, {}, props)
    await _TAGGING.change(ctx, _arn(ctx, api_id), {}, own_tags(props))
    return Created(api_id, attributes)


async def _update(ctx: Context, api: Resource, props: Json) -> Json:
    old = api.properties
    body = await _body(ctx, props)
    if body is not None and any(old.get(name) != props.get(name) for name in _DEFINITION):
        params = {**_IMPORT.params(props), "ApiId": api.physical_id, "Body": body}
        await ctx.call("apigatewayv2", "ReimportApi", params)
    await _set(ctx, api.physical_id, old, props)
    await _TAGGING.change(ctx, _arn(ctx, api.physical_id), own_tags(old), own_tags(props))
    return api.attributes


async def _delete(ctx: Context, api: Resource) -> None:
    await ctx.call("apigatewayv2", "DeleteApi", {"ApiId": api.physical_id})


async def _set(ctx: Context, api_id: str, old: Json, props: Json) -> None:
    """Bring the properties to an API whose definition has settings of its own: the properties win."""
    if "CorsConfiguration" in old and "CorsConfiguration" not in props:
        await ctx.call("apigatewayv2", "DeleteCorsConfiguration", {"ApiId": api_id})
    unset = {name: value for name, value in _UNSET.items() if name in old}
    params = _CREATE.params({name: value for name, value in {**unset, **props}.items() if name != "ProtocolType"})
    if params:
        await ctx.call("apigatewayv2", "UpdateApi", {**params, "ApiId": api_id})


async def _body(ctx: Context, props: Json) -> str | None:
    """The definition's text, None if there is none."""
    if "Body" in props:
        return props["Body"] if isinstance(props["Body"], str) else json.dumps(props["Body"])
    if "BodyS3Location" in props:
        location = props["BodyS3Location"]
        answer = await ctx.call("s3", "GetObject", {"Bucket": location["Bucket"], "Key": location["Key"]})
        return bytes(answer["Body"]).decode()
    return None


def _arn(ctx: Context, api_id: str) -> str:
    return f"arn:{ctx.partition}:apigateway:{ctx.region}::/apis/{api_id}"


TYPES = (
    ResourceType(
        "AWS::ApiGatewayV2::Api",
        Structure(
            {
                **_CREATE.properties,
                **_IMPORT.properties,
                "Body": JSON,
                "BodyS3Location": Structure({"Bucket": STRING, "Etag": STRING, "Key": STRING}, ("Bucket", "Key")),
                "Tags": MapOf(STRING),
            }
        ),
        _create,
        _update,
        _delete,
        replaced_by=("ProtocolType",),
        attributes=("ApiEndpoint", "ApiId", "ExecuteApiArn"),
    ),
)
