"""The documents that the SAM transform writes for AWS::Serverless::Api, imported and called (D3, D5, D7).

Both forms: Swagger 2.0, which is SAM's default, and OpenAPI 3.0 (`OpenApiVersion: 3.0.1`).
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from harness.json_object import Json
from tests.conformance.test_apigateway_import import Imported
from tests.conftest import Aws

HANDLER = """
import json

def handler(event, context):
    if event.get("type") in ("TOKEN", "REQUEST"):
        token = event.get("authorizationToken") or event["headers"].get("x-token")
        effect = "Allow" if token == "allow" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": event["type"], "policyDocument": policy, "context": {"tier": "gold"}}
    return {
        "statusCode": 200,
        "headers": {"Access-Control-Allow-Origin": "*"},
        "body": json.dumps({"resource": event["resource"], "authorizer": event["requestContext"].get("authorizer")}),
    }
"""


@pytest.fixture
def uri(aws: Aws) -> str:
    """The integration URI of a function that API Gateway may invoke."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", HANDLER)
    client = aws.client("lambda")
    arn = client.create_function(
        FunctionName="backend",
        Runtime="python3.11",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/lambda",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    client.add_permission(
        FunctionName="backend",
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:000000000000:*",
    )
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


def proxy(uri: str, **members: Any) -> Json:
    return {
        "x-amazon-apigateway-integration": {"httpMethod": "POST", "type": "aws_proxy", "uri": uri},
        "responses": {},
        **members,
    }


def cors(headers: Json) -> Json:
    """SAM's preflight method. `headers`: the declarations, which differ by OpenAPI version."""
    return {
        "summary": "CORS support",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{\n  "statusCode" : 200\n}\n'},
            "responses": {
                "default": {
                    "statusCode": "200",
                    "responseParameters": {
                        "method.response.header.Access-Control-Allow-Origin": "'*'",
                        "method.response.header.Access-Control-Allow-Headers": "'X-Api-Key,Content-Type'",
                        "method.response.header.Access-Control-Allow-Methods": "'GET,OPTIONS'",
                    },
                    "responseTemplates": {"application/json": "{}\n"},
                }
            },
        },
        "responses": {"200": {"description": "Default response for CORS method", "headers": headers}},
    }


NAMES = ("Access-Control-Allow-Origin", "Access-Control-Allow-Headers", "Access-Control-Allow-Methods")


def document(uri: str, version: str) -> Json:
    schemes = {
        "Token": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "token",
                "authorizerUri": uri,
                "authorizerResultTtlInSeconds": 60,
                "identityValidationExpression": "[a-z]+",
            },
        },
        "Request": {
            "type": "apiKey",
            "name": "Unused",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "request",
                "authorizerUri": uri,
                "identitySource": "method.request.header.X-Token, method.request.querystring.who",
            },
        },
        "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    }
    swagger = version == "2.0"
    declared: Json = {"type": "string"} if swagger else {"schema": {"type": "string"}}
    open_method = proxy(uri, security=[{"NONE": []}])
    options = cors(dict.fromkeys(NAMES, declared)) | {"security": [{"NONE": []}]}
    found: Json = {
        "info": {"version": "1.0", "title": "stack"},
        "paths": {
            "/items/{id}": {"get": proxy(uri, security=[{"Token": []}]), "options": options},
            "/request": {"post": proxy(uri, security=[{"Request": []}])},
            "/key": {"get": proxy(uri, security=[{"NONE": []}, {"api_key": []}])},
            "/open": {"x-amazon-apigateway-any-method": open_method},
        },
        "x-amazon-apigateway-gateway-responses": {
            "UNAUTHORIZED": {
                "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
                "responseTemplates": {"application/json": '{"message":"who are you"}'},
                "statusCode": 401,
            }
        },
    }
    if swagger:
        return {"swagger": "2.0", **found, "securityDefinitions": schemes}
    return {"openapi": "3.0.1", **found, "components": {"securitySchemes": schemes}}


@pytest.mark.parametrize("version", ["2.0", "3.0.1"])
def test_what_sam_writes(aws: Aws, uri: str, version: str) -> None:
    """D7: no token, a token that does not match, a denied one; then preflight, API key, open and authorised calls."""
    api = Imported(aws, document(uri, version), failOnWarnings=True)
    api.deploy()

    missing = api.request("GET", "/items/1")
    assert (missing.status_code, missing.json()) == (401, {"message": "who are you"})
    assert missing.headers["access-control-allow-origin"] == "*"
    assert api.request("GET", "/items/1", headers={"Authorization": "N0"}).status_code == 401
    assert api.request("GET", "/items/1", headers={"Authorization": "deny"}).status_code == 403
    assert api.request("POST", "/request", headers={"X-Token": "allow"}).status_code == 401  # `who` is missing
    assert api.request("POST", "/request?who=me", headers={"X-Token": "deny"}).status_code == 403
    assert api.request("GET", "/key").json() == {"message": "Forbidden"}

    preflight = api.request("OPTIONS", "/items/1")
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-headers"] == "X-Api-Key,Content-Type"
    assert preflight.headers["access-control-allow-methods"] == "GET,OPTIONS"

    allowed = api.request("GET", "/items/1", headers={"Authorization": "allow"})
    assert allowed.json()["resource"] == "/items/{id}"
    assert allowed.json()["authorizer"]["principalId"] == "TOKEN"
    assert allowed.json()["authorizer"]["tier"] == "gold"
    requested = api.request("POST", "/request?who=me", headers={"X-Token": "allow"})
    assert requested.json()["authorizer"]["principalId"] == "REQUEST"
    assert api.request("DELETE", "/open").json() == {"resource": "/open", "authorizer": None}


def test_authorizers_by_name(aws: Aws, uri: str) -> None:
    """A document that is put again changes the authorizers of the same name; their ids stay."""
    given = document(uri, "2.0")
    api = Imported(aws, given)
    before = {item["name"]: item for item in api.client.get_authorizers(restApiId=api.id)["items"]}
    assert before["Token"]["identitySource"] == "method.request.header.Authorization"
    assert before["Token"]["authorizerResultTtlInSeconds"] == 60
    assert before["Request"]["authorizerResultTtlInSeconds"] == 300
    given["securityDefinitions"]["Token"]["x-amazon-apigateway-authorizer"]["authorizerResultTtlInSeconds"] = 0
    api.put(given)
    after = {item["name"]: item for item in api.client.get_authorizers(restApiId=api.id)["items"]}
    assert set(after) == {"Token", "Request"}
    assert after["Token"]["id"] == before["Token"]["id"]
    assert after["Token"]["authorizerResultTtlInSeconds"] == 0


def test_an_authorizer_without_a_uri(aws: Aws) -> None:
    given = document("", "2.0")
    with pytest.raises(Exception, match="Unable to create authorizer 'Token': Invalid Authorizer URI"):
        Imported(aws, given)
