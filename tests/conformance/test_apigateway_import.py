"""REST APIs out of OpenAPI documents: ImportRestApi and PutRestApi (D1, D2, D3, D7)."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from tests.conftest import Aws

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": "ok"}}},
}


def swagger(paths: Json | None = None, **members: Any) -> Json:
    return {
        "swagger": "2.0",
        "info": {"title": "imported", "version": "1.0"},
        "paths": paths if paths is not None else {"/": {"get": mocked()}},
        **members,
    }


def openapi(paths: Json | None = None, **members: Any) -> Json:
    document = {**swagger(paths, **members), "openapi": "3.0.1"}
    del document["swagger"]
    return document


def mocked(**members: Any) -> Json:
    return {
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": copy.deepcopy(MOCK),
        **members,
    }


class Imported:
    """An API made of a document, and requests to it."""

    def __init__(self, aws: Aws, document: Json | str, **members: Any) -> None:
        self.aws = aws
        self.client = aws.client("apigateway")
        body = document if isinstance(document, str) else json.dumps(document)
        self.answer = self.client.import_rest_api(body=body, **members)
        self.id: str = self.answer["id"]

    def put(self, document: Json, **members: Any) -> Json:
        answer: Json = self.client.put_rest_api(restApiId=self.id, body=json.dumps(document), **members)
        return answer

    def resources(self) -> dict[str, Json]:
        """Path → resource with its methods."""
        items = self.client.get_resources(restApiId=self.id, embed=["methods"], limit=500)["items"]
        return {item["path"]: item for item in items}

    def methods(self) -> set[str]:
        return {f"{name} {path}" for path, item in self.resources().items() for name in item.get("resourceMethods", {})}

    def method(self, name: str, path: str) -> Json:
        resource: Json = self.resources()[path]
        method: Json = resource["resourceMethods"][name]
        return method

    def models(self) -> dict[str, Json]:
        items = self.client.get_models(restApiId=self.id, limit=500)["items"]
        return {item["name"]: json.loads(item["schema"]) for item in items}

    def deploy(self) -> None:
        self.client.create_deployment(restApiId=self.id, stageName="dev")

    def request(self, method: str, path: str, **members: Any) -> httpx.Response:
        return httpx.request(method, f"{self.aws.url}/_aws/execute-api/{self.id}/dev{path}", **members)


def refused(aws: Aws, document: Json | str, **members: Any) -> tuple[str, str]:
    """(code, message) of the error that an import ends with; nothing may be left of it."""
    client = aws.client("apigateway")
    before = [item["id"] for item in client.get_rest_apis(limit=500)["items"]]
    with pytest.raises(ClientError) as caught:
        Imported(aws, document, **members)
    assert [item["id"] for item in client.get_rest_apis(limit=500)["items"]] == before
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


# -- documents that are refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "nonsense",
        "[1]",
        "{",
        "swagger: '2.0'\npaths: !Sub x\n",
        json.dumps({"info": {"title": "t"}, "paths": {}}),
        json.dumps(openapi() | {"openapi": "3.1.0"}),
        json.dumps(swagger() | {"paths": [1]}),
        json.dumps(swagger({"/": [1]})),
        json.dumps(swagger({"/": {"get": {"parameters": {"in": "query"}}}})),
        json.dumps(swagger({"/": {"get": {"$ref": "#/nowhere"}}})),
        json.dumps(swagger({"/": {"get": {"parameters": [{"$ref": "other.json#/x"}]}}})),
        json.dumps(swagger({"/": {"get": {"x-amazon-apigateway-integration": "x"}}})),
        "swagger: '2.0'\ninfo: &a\n  title: t\n  more: *a\npaths: {}\n",
    ],
)
def test_what_is_no_document(aws: Aws, body: str) -> None:
    """D1: a BadRequestException, whatever is wrong with the text."""
    assert refused(aws, body) == ("BadRequestException", "Invalid OpenAPI input.")


def test_errors_are_reported_together(aws: Aws) -> None:
    """D3: each integration that API Gateway does not take is named with its method and path."""
    bad = mocked() | {"x-amazon-apigateway-integration": {"type": "http_proxy", "httpMethod": "GET", "uri": "ftp://x"}}
    arn = mocked() | {"x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": "x"}}
    code, message = refused(aws, swagger({"/": {"get": bad}, "/a": {"x-amazon-apigateway-any-method": arn}}))
    assert code == "BadRequestException"
    assert message == (
        "Errors found during import:\n"
        "\tUnable to put integration on 'GET' for resource at path '/': Invalid HTTP endpoint specified for URI\n"
        "\tUnable to put integration on 'ANY' for resource at path '/a': Invalid ARN specified in the request"
    )


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (swagger({"/a b": {"get": mocked()}}), "Unable to create resource at path '/a b': Resource's path part only"),
        (swagger({"/{a}": {"get": mocked()}, "/{b}": {"get": mocked()}}), "already has a variable path part"),
        (swagger(definitions={"a-b": {"type": "object"}}), "Model name must be alphanumeric: a-b"),
        (
            swagger({"/": {"get": mocked(**{"x-amazon-apigateway-request-validator": "x"})}}),
            "Unable to put method 'GET' on resource at path '/': Invalid Request Validator name specified: x",
        ),
        (swagger(**{"x-amazon-apigateway-gateway-responses": {"NEVER": {}}}), "Invalid response type specified: NEVER"),
        (
            swagger({"/": {"get": {"x-amazon-apigateway-integration": MOCK | {"type": "odd"}}}}),
            "Invalid integration type specified: odd",
        ),
    ],
)
def test_errors_by_kind(aws: Aws, document: Json, text: str) -> None:
    """D2, D3: what the operation that sets it alone would refuse is refused in a document."""
    code, message = refused(aws, document)
    assert code == "BadRequestException"
    assert message.startswith("Errors found during import:\n\t")
    assert text in message


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (swagger(**{"x-amazon-apigateway-documentation": {}}), "x-amazon-apigateway-documentation"),
        (swagger(**{"x-amazon-apigateway-future": {}}), "x-amazon-apigateway-future of an API"),
        (swagger({"/": {"get": mocked(**{"x-amazon-apigateway-future": 1})}}), "x-amazon-apigateway-future of GET /"),
        (
            swagger({"/": {"get": mocked() | {"x-amazon-apigateway-integration": MOCK | {"cache": 1}}}}),
            "x-amazon-apigateway-integration with cache",
        ),
        (
            swagger(
                securityDefinitions={
                    "pool": {
                        "type": "apiKey",
                        "name": "Authorization",
                        "in": "header",
                        "x-amazon-apigateway-authtype": "cognito_user_pools",
                        "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": ["arn"]},
                    }
                }
            ),
            "authorizer type COGNITO_USER_POOLS",
        ),
        (swagger(**{"x-amazon-apigateway-endpoint-configuration": {"types": ["PRIVATE"]}}), "PRIVATE"),
        (swagger({"/": {"x-amazon-apigateway-future": {}}}), "x-amazon-apigateway-future of the path /"),
        (
            swagger(securityDefinitions={"a": {"x-amazon-apigateway-authorizer": {"type": "token", "future": 1}}}),
            "x-amazon-apigateway-authorizer with future",
        ),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(aws: Aws, document: Json, what: str) -> None:
    code, message = refused(aws, document)
    assert code == "NotEmulated"
    assert what in message


def test_an_import_parameter_is_refused_by_name(aws: Aws) -> None:
    assert "the import parameter odd" in refused(aws, swagger(), parameters={"odd": "1"})[1]
    code, message = refused(aws, swagger(), parameters={"basepath": "odd"})
    assert (code, "basepath" in message) == ("BadRequestException", True)


def test_a_put_that_fails_changes_nothing(aws: Aws) -> None:
    api = Imported(aws, swagger({"/a": {"get": mocked()}}))
    bad = swagger({"/b": {"get": mocked()}, "/c d": {"get": mocked()}})
    with pytest.raises(ClientError, match="Errors found during import"):
        api.put(bad, mode="overwrite")
    assert api.methods() == {"GET /a"}
    assert api.client.get_rest_api(restApiId=api.id)["name"] == api.answer["name"]


def test_an_unknown_api(aws: Aws) -> None:
    with pytest.raises(ClientError, match="Invalid API identifier specified") as caught:
        aws.client("apigateway").put_rest_api(restApiId="nothere", body=json.dumps(swagger()))
    assert caught.value.response["Error"]["Code"] == "NotFoundException"


def test_warnings(aws: Aws) -> None:
    """A reference to no model is left out with a warning; with failonwarnings nothing is imported."""
    body = {"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Gone"}}
    document = swagger({"/": {"post": mocked(parameters=[body], security=[{"who": []}])}})
    texts = ["Security scheme 'who' not found. Ignoring.", "Reference to model 'Gone' not found. Ignoring."]
    code, message = refused(aws, document, failOnWarnings=True)
    assert (code, message) == ("BadRequestException", "Warnings found during import:\n\t" + "\n\t".join(texts))
    api = Imported(aws, document)
    assert api.answer["warnings"] == texts
    assert "requestModels" not in api.method("POST", "/")


# -- what a document becomes ---------------------------------------------------------------------------------------


def test_an_api_of_yaml(aws: Aws) -> None:
    """Numbers as keys, dates that are text, path parameters shared by the methods."""
    api = Imported(
        aws,
        """
swagger: "2.0"
info: {title: pets, version: 2026-11-20, description: All pets}
x-amazon-apigateway-binary-media-types: ["image/*"]
x-amazon-apigateway-api-key-source: AUTHORIZER
x-amazon-apigateway-minimum-compression-size: 1024
x-amazon-apigateway-endpoint-configuration: {types: [REGIONAL], disableExecuteApiEndpoint: true}
paths:
  /pets/{id}:
    parameters:
      - {in: path, name: id, required: true, type: string}
      - {in: query, name: full, type: boolean}
    get:
      operationId: getPet
      parameters:
        - {in: query, name: full, required: true, type: boolean}
        - {in: header, name: X-One, type: string}
      responses:
        200:
          description: ok
          headers: {X-Two: {type: string}}
          schema: {$ref: "#/definitions/Pet"}
      x-amazon-apigateway-integration:
        type: mock
        responses:
          default:
            statusCode: 200
            responseParameters: {method.response.header.X-Two: "'two'"}
definitions:
  Pet: {type: object, properties: {kind: {$ref: "#/definitions/Kind"}}}
  Kind: {type: string}
""",
    )
    document = api.client.get_rest_api(restApiId=api.id)
    assert {key: document[key] for key in ("name", "version", "description", "binaryMediaTypes", "apiKeySource")} == {
        "name": "pets",
        "version": "2026-11-20",
        "description": "All pets",
        "binaryMediaTypes": ["image/*"],
        "apiKeySource": "AUTHORIZER",
    }
    assert document["minimumCompressionSize"] == 1024
    assert document["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert document["disableExecuteApiEndpoint"] is True
    method = api.method("GET", "/pets/{id}")
    assert method["operationName"] == "getPet"
    assert method["requestParameters"] == {
        "method.request.path.id": True,
        "method.request.querystring.full": True,
        "method.request.header.X-One": False,
    }
    assert method["methodResponses"]["200"]["responseModels"] == {"application/json": "Pet"}
    assert method["methodResponses"]["200"]["responseParameters"] == {"method.response.header.X-Two": False}
    integration = method["methodIntegration"]
    assert (integration["type"], integration["passthroughBehavior"], integration["timeoutInMillis"]) == (
        "MOCK",
        "WHEN_NO_MATCH",
        29000,
    )
    assert "selectionPattern" not in integration["integrationResponses"]["200"]
    reference = api.models()["Pet"]["properties"]["kind"]["$ref"]
    assert reference == f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Kind"


def test_an_openapi_3_document(aws: Aws) -> None:
    """requestBody, components, inline schemas, references to parameters, responses and integrations."""
    document = openapi(
        {
            "/events": {
                "post": mocked(
                    parameters=[{"$ref": "#/components/parameters/Trace"}],
                    requestBody={
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Event"}},
                            "text/xml": {"schema": {"type": "object"}},
                        }
                    },
                    responses={
                        "200": {"$ref": "#/components/responses/Ok"},
                        "default": {"description": "else"},
                    },
                )
            }
        },
        components={
            "parameters": {"Trace": {"in": "header", "name": "X-Trace", "required": True, "schema": {}}},
            "responses": {
                "Ok": {
                    "description": "ok",
                    "headers": {"X-Two": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}}},
                }
            },
            "schemas": {"Event": {"type": "object", "required": ["id"]}},
        },
    )
    api = Imported(aws, document)
    method = api.method("POST", "/events")
    assert method["requestParameters"] == {"method.request.header.X-Trace": True}
    assert method["requestModels"]["application/json"] == "Event"
    inline = method["requestModels"]["text/xml"]
    assert inline.startswith("MODEL")
    assert api.models()[inline] == {"type": "object"}
    assert method["methodResponses"] == {
        "200": {
            "statusCode": "200",
            "responseParameters": {"method.response.header.X-Two": False},
            "responseModels": {"application/json": "Event"},
        }
    }


def test_an_integration_with_everything(aws: Aws) -> None:
    """D3: credentials, mappings, templates, selection patterns, passthrough, content handling, time-out."""
    integration = {
        "type": "AWS",
        "httpMethod": "post",
        "uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord",
        "credentials": "arn:aws:iam::000000000000:role/api",
        "passthroughBehavior": "never",
        "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 1000,
        "requestParameters": {"integration.request.header.X": "method.request.header.X-One"},
        "requestTemplates": {"application/json": "{}"},
        "cacheNamespace": "n",
        "cacheKeyParameters": ["method.request.header.X-One"],
        "responses": {
            "default": {"statusCode": "200"},
            "4\\d{2}": {"statusCode": 400, "responseTemplates": {"application/json": "no"}},
        },
    }
    operation = mocked(
        parameters=[{"in": "header", "name": "X-One", "type": "string"}],
        responses={"200": {"description": ""}, "400": {"description": ""}},
    ) | {"x-amazon-apigateway-integration": integration}
    api = Imported(aws, swagger({"/": {"post": operation}}))
    assert api.method("POST", "/")["methodIntegration"] == {
        "type": "AWS",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord",
        "credentials": "arn:aws:iam::000000000000:role/api",
        "passthroughBehavior": "NEVER",
        "contentHandling": "CONVERT_TO_TEXT",
        "timeoutInMillis": 1000,
        "requestParameters": {"integration.request.header.X": "method.request.header.X-One"},
        "requestTemplates": {"application/json": "{}"},
        "cacheNamespace": "n",
        "cacheKeyParameters": ["method.request.header.X-One"],
        "integrationResponses": {
            "200": {"statusCode": "200"},
            "400": {
                "statusCode": "400",
                "selectionPattern": "4\\d{2}",
                "responseTemplates": {"application/json": "no"},
            },
        },
    }


@pytest.mark.parametrize(
    ("mode", "paths"),
    [("ignore", {"/x", "/"}), ("prepend", {"/", "/a", "/a/b", "/a/b/x"}), ("split", {"/", "/b", "/b/x"})],
)
def test_base_path_modes(aws: Aws, mode: str, paths: set[str]) -> None:
    api = Imported(aws, swagger({"/x": {"get": mocked()}}, basePath="/a/b"), parameters={"basepath": mode})
    assert set(api.resources()) == paths
    servers = [{"url": "https://x/{basePath}", "variables": {"basePath": {"default": "/a/b"}}}]
    api = Imported(aws, openapi({"/x": {"get": mocked()}}, servers=servers), parameters={"basepath": mode})
    assert set(api.resources()) == paths


def test_merge_and_overwrite(aws: Aws) -> None:
    """Merge adds and replaces; overwrite leaves nothing of the old definition, but the API keeps its id and root."""
    first = swagger(
        {"/a": {"get": mocked()}, "/b": {"get": mocked(operationId="one")}},
        definitions={"A": {"type": "object"}, "B": {"type": "object"}},
        **{
            "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
            "x-amazon-apigateway-gateway-responses": {"THROTTLED": {"statusCode": 430}},
        },
    )
    second = swagger(
        {"/b": {"get": mocked(operationId="two")}, "/c": {"get": mocked()}}, definitions={"B": {"type": "string"}}
    )
    api = Imported(aws, first)
    root = api.resources()["/"]["id"]
    api.put(second)  # merge is the default
    assert api.methods() == {"GET /a", "GET /b", "GET /c"}
    assert api.method("GET", "/b")["operationName"] == "two"
    assert api.models()["B"] == {"type": "string"}
    assert "A" in api.models()
    answer = api.put(second, mode="overwrite")
    assert (answer["id"], answer["name"]) == (api.id, second["info"]["title"])
    assert api.methods() == {"GET /b", "GET /c"}
    assert set(api.models()) == {"B", "Empty", "Error"}
    assert api.resources()["/"]["id"] == root
    assert api.client.get_request_validators(restApiId=api.id)["items"] == []
    assert api.client.get_gateway_response(restApiId=api.id, responseType="THROTTLED")["statusCode"] == "429"


def test_a_put_is_not_seen_before_it_is_deployed(aws: Aws) -> None:
    """D8: changes are invisible until CreateDeployment."""
    api = Imported(aws, swagger({"/a": {"get": mocked()}}))
    api.deploy()
    api.put(swagger({"/b": {"get": mocked()}}), mode="overwrite")
    assert api.request("GET", "/a").text == "ok"
    assert api.request("GET", "/b").status_code == 403
    api.deploy()
    assert api.request("GET", "/a").status_code == 403
    assert api.request("GET", "/b").text == "ok"


# -- what imported APIs do -----------------------------------------------------------------------------------------


def test_validators_and_models_work(aws: Aws) -> None:
    """D2: the API's validator, an operation's own, models that refer to models."""
    body = {"in": "body", "name": "pet", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
    kinds = {"in": "query", "name": "kind", "required": True, "type": "string"}
    api = Imported(
        aws,
        swagger(
            {
                "/": {
                    "post": mocked(parameters=[body]),
                    "get": mocked(parameters=[kinds], **{"x-amazon-apigateway-request-validator": "params"}),
                }
            },
            definitions={
                "Pet": {"type": "object", "required": ["kind"], "properties": {"kind": {"$ref": "#/definitions/Kind"}}},
                "Kind": {"type": "string", "enum": ["cat", "dog"]},
            },
            **{
                "x-amazon-apigateway-request-validators": {
                    "body": {"validateRequestBody": True, "validateRequestParameters": False},
                    "params": {"validateRequestBody": False, "validateRequestParameters": True},
                },
                "x-amazon-apigateway-request-validator": "body",
            },
        ),
    )
    api.deploy()
    assert api.request("POST", "/", json={"kind": "cow"}).json() == {"message": "Invalid request body"}
    assert api.request("POST", "/", json={}).status_code == 400
    assert api.request("POST", "/", json={"kind": "cat"}).text == "ok"
    assert api.request("GET", "/").json() == {"message": "Missing required request parameters: [kind]"}
    assert api.request("GET", "/?kind=cat").text == "ok"


def test_gateway_responses_and_policy_work(aws: Aws) -> None:
    """D1: a DEFAULT_4XX with CORS headers; a resource policy that allows one path."""
    headers = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/GET/a"}
        ],
    }
    api = Imported(
        aws,
        swagger(
            {"/a": {"get": mocked()}, "/b": {"get": mocked()}},
            **{
                "x-amazon-apigateway-gateway-responses": {"DEFAULT_4XX": {"responseParameters": headers}},
                "x-amazon-apigateway-policy": policy,
            },
        ),
    )
    api.deploy()
    assert api.request("GET", "/a").text == "ok"
    denied = api.request("GET", "/b")
    assert (denied.status_code, denied.headers["access-control-allow-origin"]) == (403, "*")
    assert api.request("GET", "/missing").headers["access-control-allow-origin"] == "*"


def test_api_keys_by_scheme(aws: Aws) -> None:
    """D6: a scheme for `x-api-key` asks for a key; an operation with an empty list of requirements is open."""
    api = Imported(
        aws,
        swagger(
            {"/": {"get": mocked()}, "/open": {"get": mocked(security=[])}},
            securityDefinitions={"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
            security=[{"api_key": []}],
        ),
    )
    assert api.method("GET", "/")["apiKeyRequired"] is True
    assert api.method("GET", "/open")["apiKeyRequired"] is False
    api.deploy()
    assert api.request("GET", "/").json() == {"message": "Forbidden"}
    assert api.request("GET", "/open").text == "ok"
