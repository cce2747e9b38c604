"""HTTP APIs out of OpenAPI documents: ImportApi and ReimportApi (D9). The documents are of the form that SAM writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from tests.conformance.test_http_api import ECHO, Api, name
from tests.conftest import Aws
from tests.local_issuer import LocalIssuer

LAMBDA = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
URI = LAMBDA.format("arn:aws:lambda:us-east-1:000000000000:function:f")

AUTHORIZER = """
def handler(event, context):
    return {"isAuthorized": event["headers"].get("x-token") == "allow", "context": {"tier": "gold"}}
"""


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    made = LocalIssuer()
    yield made
    made.close()


def proxy(uri: str = URI, **members: Any) -> Json:
    integration = {"httpMethod": "POST", "type": "aws_proxy", "uri": uri, "payloadFormatVersion": "2.0"}
    return {"x-amazon-apigateway-integration": integration, "responses": {}, **members}


def document(paths: Json | None = None, **members: Any) -> Json:
    found = paths if paths is not None else {"/x": {"get": proxy()}}
    return {"openapi": "3.0.1", "info": {"title": "imported", "version": "1.0"}, "paths": found, **members}


def jwt_scheme(issuer: str) -> Json:
    return {
        "type": "oauth2",
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "jwtConfiguration": {"issuer": issuer, "audience": ["api"]},
            "identitySource": "$request.header.Authorization",
        },
    }


def lambda_scheme(uri: str, **changes: Any) -> Json:
    authorizer = {
        "type": "request",
        "authorizerUri": uri,
        "identitySource": ["$request.header.X-Token"],
        "authorizerPayloadFormatVersion": 2.0,
        "authorizerResultTtlInSeconds": 30,
        "enableSimpleResponses": True,
    }
    return {
        "type": "apiKey",
        "name": "Unused",
        "in": "header",
        "x-amazon-apigateway-authorizer": {**authorizer, **changes},
    }


def refused(aws: Aws, body: Json | str, **members: Any) -> tuple[str, str]:
    """(code, message) of the error that an import ends with; nothing may be left of it."""
    client = aws.client("apigatewayv2")
    before = [item["ApiId"] for item in client.get_apis()["Items"]]
    with pytest.raises(ClientError) as caught:
        client.import_api(Body=body if isinstance(body, str) else json.dumps(body), **members)
    assert [item["ApiId"] for item in client.get_apis()["Items"]] == before
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# -- failures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "nonsense",
        json.dumps({"swagger": "2.0", "info": {"title": "t"}, "paths": {}}),
        json.dumps(document({"/x": {"get": {"x-amazon-apigateway-integration": []}}})),
        json.dumps(document(tags={"a": 1})),
        json.dumps(document(components={"securitySchemes": {"a": lambda_scheme(URI, enableSimpleResponses=1)}})),
    ],
)
def test_what_is_no_document(aws: Aws, body: str) -> None:
    """HTTP APIs are imported from OpenAPI 3.0."""
    assert refused(aws, body) == ("BadRequestException", "Invalid OpenAPI input.")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (document(**{"x-amazon-apigateway-policy": {}}), "x-amazon-apigateway-policy of an API"),
        (document({"/x": {"get": proxy(**{"x-amazon-apigateway-request-validator": "a"})}}), "of GET /x"),
        (document({"/x": {"x-amazon-apigateway-future": {}}}), "x-amazon-apigateway-future of the path /x"),
        (
            document(components={"securitySchemes": {"a": lambda_scheme(URI, future=1)}}),
            "x-amazon-apigateway-authorizer with future",
        ),
        (
            document({"/x": {"get": {"x-amazon-apigateway-integration": {"type": "http_proxy", "uri": "http://a"}}}}),
            "HTTP_PROXY to http://a",
        ),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(aws: Aws, body: Json, what: str) -> None:
    code, message = refused(aws, body)
    assert code == "NotEmulated"
    assert what in message


def test_errors_are_reported_together(aws: Aws) -> None:
    body = document({"/x": {"get": proxy("nonsense")}, "/{a+}/b": {"post": proxy()}})
    code, message = refused(aws, body)
    assert code == "BadRequestException"
    assert message.startswith("Errors found during import:\n\tUnable to create route 'GET /x': Invalid integration URI")
    assert "\n\tUnable to create route 'POST /{a+}/b': The provided route key is not formatted properly" in message


def test_warnings(aws: Aws) -> None:
    """D9: an issuer that can't be reached is a warning: its authorizer and the routes behind it are left out."""
    body = document(
        {"/open": {"get": proxy()}, "/closed": {"get": proxy(security=[{"jwt": []}])}},
        components={"securitySchemes": {"jwt": jwt_scheme("http://127.0.0.1:1")}},
        **{"x-amazon-apigateway-cors": ["*"]},
    )
    code, message = refused(aws, body, FailOnWarnings=True)
    assert code == "BadRequestException"
    assert message.startswith(
        "Warnings found during import:\n\tCORS Scheme is malformed, ignoring.\n\tUnable to create authorizer 'jwt': "
        "Caught exception when connecting to http://127.0.0.1:1/.well-known/openid-configuration"
    )
    v2 = aws.client("apigatewayv2")
    api = v2.import_api(Body=json.dumps(body))
    assert len(api["Warnings"]) == 3
    assert [route["RouteKey"] for route in v2.get_routes(ApiId=api["ApiId"])["Items"]] == ["GET /open"]
    assert v2.get_authorizers(ApiId=api["ApiId"])["Items"] == []


def test_a_reimport_that_fails_changes_nothing(aws: Aws) -> None:
    v2 = aws.client("apigatewayv2")
    api_id = v2.import_api(Body=json.dumps(document()))["ApiId"]
    with pytest.raises(ClientError, match="Errors found during import"):
        v2.reimport_api(ApiId=api_id, Body=json.dumps(document({"/y": {"get": proxy()}, "/z": {"get": proxy("z")}})))
    assert [route["RouteKey"] for route in v2.get_routes(ApiId=api_id)["Items"]] == ["GET /x"]
    with pytest.raises(ClientError, match="Invalid API identifier"):
        v2.reimport_api(ApiId="nothere", Body=json.dumps(document()))


# -- what a document becomes -------------------------------------------------------------------------------------


def test_what_sam_writes(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: routes, integrations, CORS, tags, a JWT and a Lambda authorizer, an open route; and what they do."""
    functions = Api(aws)  # only to make functions with
    arns = [
        functions.v2.get_integration(ApiId=functions.api_id, IntegrationId=functions.function(source))["IntegrationUri"]
        for source in (ECHO, AUTHORIZER)
    ]
    echo, decides = (LAMBDA.format(arn) for arn in arns)
    body = document(
        {
            "/items/{id}": {"get": proxy(echo, security=[{"jwt": ["read"]}], operationId="getItem")},
            "/lambda": {"post": proxy(echo, security=[{"lambda": []}])},
            "/open": {"x-amazon-apigateway-any-method": proxy(echo, security=[{"NONE": []}])},
            "$default": {"x-amazon-apigateway-any-method": proxy(echo, isDefaultRoute=True)},
        },
        components={"securitySchemes": {"jwt": jwt_scheme(issuer.url), "lambda": lambda_scheme(decides)}},
        tags=[{"name": "httpapi:createdBy", "x-amazon-apigateway-tag-value": "SAM"}, {"name": "docs"}],
        **{"x-amazon-apigateway-cors": {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"], "maxAge": 5}},
    )
    v2 = aws.client("apigatewayv2")
    api = v2.import_api(Body=json.dumps(body), FailOnWarnings=True)
    api_id = api["ApiId"]
    assert api["Name"] == "imported"
    assert api["Tags"] == {"httpapi:createdBy": "SAM"}
    assert api["CorsConfiguration"] == {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"], "MaxAge": 5}
    routes = {route["RouteKey"]: route for route in v2.get_routes(ApiId=api_id)["Items"]}
    assert set(routes) == {"GET /items/{id}", "POST /lambda", "ANY /open", "$default"}
    assert routes["GET /items/{id}"]["AuthorizationScopes"] == ["read"]
    assert routes["GET /items/{id}"]["OperationName"] == "getItem"
    found = {item["Name"]: item for item in v2.get_authorizers(ApiId=api_id)["Items"]}
    assert found["lambda"]["AuthorizerPayloadFormatVersion"] == "2.0"
    assert found["lambda"]["AuthorizerResultTtlInSeconds"] == 30

    v2.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    for arn in arns:
        aws.client("lambda").add_permission(
            FunctionName=arn,
            StatementId=name(),
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api_id}/*",
        )

    def request(method: str, path: str, **headers: str) -> httpx.Response:
        return aws.http.request(method, f"/_aws/execute-api/{api_id}{path}", headers=headers)

    assert request("GET", "/items/1").status_code == 401
    assert request("GET", "/items/1", authorization=issuer.token(aws.now())).status_code == 403
    assert request("POST", "/lambda").status_code == 401
    assert request("POST", "/lambda", **{"x-token": "no"}).status_code == 403
    allowed = request("GET", "/items/1", authorization=issuer.token(aws.now(), scope="read")).json()
    assert allowed["pathParameters"] == {"id": "1"}
    assert allowed["requestContext"]["authorizer"]["jwt"]["scopes"] == ["read"]
    allowed = request("POST", "/lambda", **{"x-token": "allow"}).json()
    assert allowed["requestContext"]["authorizer"] == {"lambda": {"tier": "gold"}}
    assert request("DELETE", "/open").json()["routeKey"] == "ANY /open"
    assert request("GET", "/else").json()["routeKey"] == "$default"


def test_iam_authorization(aws: Aws) -> None:
    """D7: by a security scheme for SigV4, or by `x-amazon-apigateway-auth`."""
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    body = document(
        {
            "/scheme": {"get": proxy(security=[{"iam": []}])},
            "/auth": {"get": proxy() | {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}},
        },
        components={"securitySchemes": {"iam": scheme}},
    )
    v2 = aws.client("apigatewayv2")
    api_id = v2.import_api(Body=json.dumps(body), FailOnWarnings=True)["ApiId"]
    types = [route["AuthorizationType"] for route in v2.get_routes(ApiId=api_id)["Items"]]
    assert types == ["AWS_IAM", "AWS_IAM"]


def test_reimport_replaces_the_definition(aws: Aws) -> None:
    """D9: the id, the stages and the API's other members stay; a stage with auto-deploy serves the new routes."""
    v2 = aws.client("apigatewayv2")
    scheme = {"securitySchemes": {"lambda": lambda_scheme(URI)}}
    cors = {"x-amazon-apigateway-cors": {"allowOrigins": ["*"]}}
    api_id = v2.import_api(Body=json.dumps(document(components=scheme, **cors)))["ApiId"]
    v2.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    body = document({"/y": {"put": proxy()}}) | {"info": {"title": "second", "description": "new"}}
    answer = v2.reimport_api(ApiId=api_id, Body=json.dumps(body))
    assert (answer["ApiId"], answer["Name"], answer["Description"]) == (api_id, "second", "new")
    assert "CorsConfiguration" not in answer
    assert [route["RouteKey"] for route in v2.get_routes(ApiId=api_id)["Items"]] == ["PUT /y"]
    assert len(v2.get_integrations(ApiId=api_id)["Items"]) == 1
    assert v2.get_authorizers(ApiId=api_id)["Items"] == []
    assert aws.http.get(f"/_aws/execute-api/{api_id}/x").status_code == 404
    assert aws.http.put(f"/_aws/execute-api/{api_id}/y").status_code == 500  # no such function


@pytest.mark.parametrize(("mode", "key"), [("ignore", "GET /x"), ("prepend", "GET /a/b/x"), ("split", "GET /b/x")])
def test_base_path_modes(aws: Aws, mode: str, key: str) -> None:
    v2 = aws.client("apigatewayv2")
    servers = [{"url": "https://h/{basePath}", "variables": {"basePath": {"default": "a/b"}}}]
    api_id = v2.import_api(Body=json.dumps(document(servers=servers)), Basepath=mode)["ApiId"]
    assert [route["RouteKey"] for route in v2.get_routes(ApiId=api_id)["Items"]] == [key]


def test_yaml_and_integrations_by_reference(aws: Aws) -> None:
    body = """
openapi: 3.0.1
info: {title: yaml, version: 2026-11-20}
paths:
  /x:
    get:
      x-amazon-apigateway-integration:
        $ref: '#/components/x-amazon-apigateway-integrations/kinesis'
components:
  x-amazon-apigateway-integrations:
    kinesis:
      type: aws_proxy
      integrationSubtype: Kinesis-PutRecord
      credentials: arn:aws:iam::000000000000:role/api
      timeoutInMillis: "5000"
      requestParameters: {StreamName: s, Data: $request.body, PartitionKey: k}
"""
    v2 = aws.client("apigatewayv2")
    api = v2.import_api(Body=body)
    assert api["Version"] == "2026-11-20"
    [integration] = v2.get_integrations(ApiId=api["ApiId"])["Items"]
    assert integration["IntegrationSubtype"] == "Kinesis-PutRecord"
    assert integration["TimeoutInMillis"] == 5000
    assert integration["CredentialsArn"] == "arn:aws:iam::000000000000:role/api"
