"""AWS::ApiGateway::Resource and AWS::ApiGateway::Method."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import ListOf, Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.json_object import Json

_METHOD = Api(
    "apigateway",
    "PutMethod",
    "ApiKeyRequired",
    "AuthorizationScopes",
    "AuthorizationType",
    "AuthorizerId",
    "HttpMethod",
    "OperationName",
    "RequestModels",
    "RequestParameters",
    "RequestValidatorId",
    "ResourceId",
    "RestApiId",
)
_INTEGRATION = Api(
    "apigateway",
    "PutIntegration",
    "CacheKeyParameters",
    "CacheNamespace",
    "ConnectionId",
    "ConnectionType",
    "ContentHandling",
    "Credentials",
    "IntegrationHttpMethod",
    "PassthroughBehavior",
    "RequestParameters",
    "RequestTemplates",
    "TimeoutInMillis",
    "Type",
    "Uri",
)
_INTEGRATION_RESPONSE = Api(
    "apigateway",
    "PutIntegrationResponse",
    "ContentHandling",
    "ResponseParameters",
    "ResponseTemplates",
    "SelectionPattern",
    "StatusCode",
)
_METHOD_RESPONSE = Api("apigateway", "PutMethodResponse", "ResponseModels", "ResponseParameters", "StatusCode")

_INTEGRATION_SHAPE = Structure(
    {
        **_INTEGRATION.properties,
        "IntegrationResponses": ListOf(Structure(_INTEGRATION_RESPONSE.properties, ("StatusCode",))),
    },
    required=("Type",),
)


async def _create(ctx: Context, props: Json) -> Created:
    physical_id = ctx.physical_name(24)
    await ctx.call("apigateway", "PutMethod", _METHOD.params({"AuthorizationType": "NONE", **props}))
    ctx.made(physical_id)
    await _fill(ctx, props)
    return Created(physical_id)


async def _fill(ctx: Context, props: Json) -> None:
    """The method's responses, its integration and that one's responses, in the order in which they need each other."""
    method = _method(props)
    for response in props.get("MethodResponses", ()):
        await ctx.call("apigateway", "PutMethodResponse", {**method, **_METHOD_RESPONSE.params(response)})
    integration = props.get("Integration")
    if integration is None:
        return
    await ctx.call("apigateway", "PutIntegration", {**method, **_INTEGRATION.params(integration)})
    for response in integration.get("IntegrationResponses", ()):
        await ctx.call("apigateway", "PutIntegrationResponse", {**method, **_INTEGRATION_RESPONSE.params(response)})


async def _update(ctx: Context, resource: Resource, props: Json) -> Json:
    """The method is made anew: what is served does not change until a deployment."""
    await ctx.call("apigateway", "DeleteMethod", _method(props))
    await ctx.call("apigateway", "PutMethod", _METHOD.params({"AuthorizationType": "NONE", **props}))
    await _fill(ctx, props)
    return {}


async def _delete(ctx: Context, resource: Resource) -> None:
    await ctx.call("apigateway", "DeleteMethod", _method(resource.properties))


def _method(props: Json) -> Json:
    return _METHOD.params({name: props[name] for name in ("HttpMethod", "ResourceId", "RestApiId")})


TYPES = (
    simple(
        "AWS::ApiGateway::Resource",
        Api("apigateway", "CreateResource", "ParentId", "PathPart", "RestApiId"),
        delete="DeleteResource",
        key={"restApiId": "RestApiId", "resourceId": REF},
        ref="{id}",
        attributes={"ResourceId": "{id}"},
        required=("ParentId", "PathPart", "RestApiId"),
    ),
    ResourceType(
        "AWS::ApiGateway::Method",
        Structure(
            {
                **_METHOD.properties,
                "Integration": _INTEGRATION_SHAPE,
                "MethodResponses": ListOf(Structure(_METHOD_RESPONSE.properties, ("StatusCode",))),
            },
            required=("HttpMethod", "ResourceId", "RestApiId"),
        ),
        _create,
        _update,
        _delete,
        replaced_by=("HttpMethod", "ResourceId", "RestApiId"),
    ),
)
