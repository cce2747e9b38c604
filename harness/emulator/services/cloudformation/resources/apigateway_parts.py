"""What methods of a RestApi refer to: models, request validators, authorizers, gateway responses."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api, JsonText
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import Structure
from harness.emulator.services.cloudformation.resources.simple import REF, simple
from harness.json_object import Json

_GATEWAY_RESPONSE = Api(
    "apigateway",
    "PutGatewayResponse",
    "ResponseParameters",
    "ResponseTemplates",
    "ResponseType",
    "RestApiId",
    "StatusCode",
)


async def _put_response(ctx: Context, props: Json) -> Created:
    await ctx.call("apigateway", "PutGatewayResponse", _GATEWAY_RESPONSE.params(props))
    physical_id = ctx.physical_name(24)
    return Created(physical_id, {"Id": physical_id})


async def _change_response(ctx: Context, response: Resource, props: Json) -> Json:
    await ctx.call("apigateway", "PutGatewayResponse", _GATEWAY_RESPONSE.params(props))
    return response.attributes


async def _delete_response(ctx: Context, response: Resource) -> None:
    key = {name: response.properties[name] for name in ("ResponseType", "RestApiId")}
    await ctx.call("apigateway", "DeleteGatewayResponse", _GATEWAY_RESPONSE.params(key))


TYPES = (
    simple(
        "AWS::ApiGateway::Model",
        Api("apigateway", "CreateModel", "ContentType", "Description", "Name", "RestApiId", "Schema"),
        update="UpdateModel",
        patch={"Description": "/description", "Schema": "/schema"},
        delete="DeleteModel",
        key={"restApiId": "RestApiId", "modelName": REF},
        ref="{name}",
        required=("RestApiId",),
        replaced_by=("ContentType", "Name", "RestApiId"),
        default={"ContentType": "application/json", "Schema": "{}"},
        generated=("Name", 128),
        shapes={"Schema": JsonText()},
    ),
    simple(
        "AWS::ApiGateway::RequestValidator",
        Api(
            "apigateway",
            "CreateRequestValidator",
            "Name",
            "RestApiId",
            "ValidateRequestBody",
            "ValidateRequestParameters",
        ),
        update="UpdateRequestValidator",
        patch={
            "ValidateRequestBody": "/validateRequestBody",
            "ValidateRequestParameters": "/validateRequestParameters",
        },
        delete="DeleteRequestValidator",
        key={"restApiId": "RestApiId", "requestValidatorId": REF},
        ref="{id}",
        attributes={"RequestValidatorId": "{id}"},
        required=("RestApiId",),
        replaced_by=("Name", "RestApiId"),
        reset={"ValidateRequestBody": False, "ValidateRequestParameters": False},
    ),
    simple(
        "AWS::ApiGateway::Authorizer",
        Api(
            "apigateway",
            "CreateAuthorizer",
            "AuthType",
            "AuthorizerCredentials",
            "AuthorizerResultTtlInSeconds",
            "AuthorizerUri",
            "IdentitySource",
            "IdentityValidationExpression",
            "Name",
            "ProviderARNs",
            "RestApiId",
            "Type",
        ),
        update="UpdateAuthorizer",
        patch={
            "AuthType": "/authType",
            "AuthorizerCredentials": "/authorizerCredentials",
            "AuthorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds",
            "AuthorizerUri": "/authorizerUri",
            "IdentitySource": "/identitySource",
            "IdentityValidationExpression": "/identityValidationExpression",
            "Name": "/name",
            "ProviderARNs": "/providerARNs",
            "Type": "/type",
        },
        delete="DeleteAuthorizer",
        key={"restApiId": "RestApiId", "authorizerId": REF},
        ref="{id}",
        attributes={"AuthorizerId": "{id}"},
        required=("Name", "RestApiId", "Type"),
        replaced_by=("RestApiId",),
        reset={"AuthorizerResultTtlInSeconds": 300},
    ),
    ResourceType(
        "AWS::ApiGateway::GatewayResponse",
        Structure(_GATEWAY_RESPONSE.properties, ("ResponseType", "RestApiId")),
        _put_response,
        _change_response,
        _delete_response,
        replaced_by=("ResponseType", "RestApiId"),
        attributes=("Id",),
    ),
)
