"""REST APIs in front of Lambda functions: proxy, plain, authorizers (D3, D5, D7)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.conformance.apigateway_api import ACCOUNT, REGION, Api
from tests.conftest import Aws

# One function for all: what it does is in the event.
HANDLER = """
import json, time

def handler(event, context):
    if event.get("type") in ("TOKEN", "REQUEST"):
        return authorize(event)
    if "answer" in event or "fail" in event:
        given = event
    else:
        given = json.loads(event["body"]) if event.get("body") and event["body"].startswith("{") else {}
    if "fail" in given:
        raise ValueError(given["fail"])
    if "sleep" in given:
        time.sleep(given["sleep"])
    if "answer" in given:
        return given["answer"]
    return {"statusCode": 200, "body": json.dumps(event)}

def authorize(event):
    token = event.get("authorizationToken") or event["headers"].get("x-token")
    if token == "who":
        raise Exception("Unauthorized")
    if token == "crash":
        raise Exception("boom")
    if token == "nonsense":
        return {"principalId": "p"}
    effect = "Allow" if token == "allow" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    if token == "elsewhere":
        statement |= {"Effect": "Allow", "Resource": event["methodArn"] + "/other"}
    return {
        "principalId": "user",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"number": 1, "flag": True, "text": "t"},
    }
"""


@pytest.fixture
def function(aws: Aws) -> str:
    """The ARN of a function that API Gateway may invoke."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", HANDLER)
    client = aws.client("lambda")
    arn: str = client.create_function(
        FunctionName="backend",
        Runtime="python3.11",
        Handler="app.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/lambda",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )["FunctionArn"]
    permit(aws, f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*")
    return arn


def permit(aws: Aws, source_arn: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName="backend",
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=source_arn,
    )


def uri(arn: str) -> str:
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def proxy(arn: str, **members: Any) -> dict[str, Any]:
    return {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri(arn), **members}


@pytest.fixture
def api(aws: Aws, function: str) -> Api:
    """`ANY /{proxy+}` and `POST /` go to the function."""
    api = Api(aws)
    api.method("/{proxy+}", "ANY", proxy(function))
    api.method("/", "POST", proxy(function))
    api.deploy("dev", variables={"v": "1"})
    return api


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [1],
        {"wrong": "key"},
        {"statusCode": "x", "body": ""},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "multiValueHeaders": {"a": "b"}},
        {"statusCode": 200, "headers": ["a"]},
    ],
)
def test_a_malformed_answer_is_a_502(api: Api, answer: Any) -> None:
    """D5, F2 35: 502 Internal server error."""
    response = api.send("POST", "/dev/", json={"answer": answer})
    assert (response.status_code, response.text) == (502, '{"message": "Internal server error"}')
    assert response.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_a_failing_function_is_a_502(api: Api) -> None:
    """D5: function error."""
    assert api.send("POST", "/dev/", json={"fail": "x"}).status_code == 502


@pytest.mark.parametrize(
    ("answer", "status", "headers", "body"),
    [
        ({"headers": {"x-a": "1"}}, 200, {"x-a": "1", "content-type": "application/json"}, ""),
        ({"statusCode": "201", "body": "b"}, 201, {}, "b"),
        ({"statusCode": 200, "headers": {"x-flag": True, "x-n": 1}}, 200, {"x-flag": "true", "x-n": "1"}, ""),
        ({"statusCode": 200, "headers": None, "body": "b"}, 200, {}, "b"),
        (
            {"statusCode": 200, "headers": {"x-m": "c"}, "multiValueHeaders": {"x-m": ["a", "b"]}},
            200,
            {"x-m": "a, b, c"},
            "",
        ),
        ({"statusCode": 200, "body": "dGVzdC1kYXRh", "isBase64Encoded": True}, 200, {}, "dGVzdC1kYXRh"),
        ({"statusCode": 404, "headers": {"Content-Type": "text/plain"}}, 404, {"content-type": "text/plain"}, ""),
    ],
)
def test_answers(api: Api, answer: Any, status: int, headers: dict[str, str], body: str) -> None:
    """D5: what the proxy makes of good answers."""
    response = api.send("POST", "/dev/", json={"answer": answer})
    assert (response.status_code, response.text) == (status, body)
    assert {name: response.headers[name] for name in headers} == headers
    assert response.headers["x-amzn-trace-id"].startswith("Root=1-")


def test_the_event(aws: Aws, api: Api) -> None:
    """D5: absent maps are null, single-valued maps hold the last value, the stage is in requestContext.path only."""
    answer = api.send(
        "PUT", "/dev/a%20b/c?x=1&x=2&y=", headers={"X-Own": "o", "content-type": "text/plain"}, content=b"body"
    )
    event = answer.json()
    assert set(event) == {
        "resource",
        "path",
        "httpMethod",
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "requestContext",
        "body",
        "isBase64Encoded",
    }
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/a b/c", "PUT")
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["pathParameters"] == {"proxy": "a b/c"}
    assert event["stageVariables"] == {"v": "1"}
    assert (event["body"], event["isBase64Encoded"]) == ("body", False)
    assert event["headers"]["Content-Type"] == "text/plain"
    assert event["multiValueHeaders"]["Content-Type"] == ["text/plain"]
    context = event["requestContext"]
    assert context["path"] == "/dev/a b/c"
    assert context["resourcePath"] == "/{proxy+}"
    assert context["stage"] == "dev"
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert context["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    assert context["requestTimeEpoch"] == int(aws.now() * 1000)
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["user"] is None
    assert "authorizer" not in context


def test_absent_maps_are_null(aws: Aws, function: str) -> None:
    """D5, F2 34."""
    api = Api(aws)
    api.method("/p", "GET", proxy(function))
    api.deploy()
    event = api.send("GET", "/test/p").json()
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body")
    assert {name: event[name] for name in names} == dict.fromkeys(names)


def test_binary_bodies_are_base64(aws: Aws, function: str) -> None:
    """D5: with a matching binary media type the event's body is base64, and a base64 answer is decoded."""
    api = Api(aws, binaryMediaTypes=["application/octet-stream", "image/*"])
    api.method("/p", "POST", proxy(function))
    api.deploy()
    headers = {"content-type": "application/octet-stream"}
    event = api.send("POST", "/test/p", content=b"\x00\xff", headers=headers).json()
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    answer = {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}
    decoded = api.send("POST", "/test/p", json={"answer": answer}, headers={"accept": "image/png"})
    assert decoded.content == b"\x00\xff"
    as_text = api.send("POST", "/test/p", json={"answer": answer}, headers={"accept": "text/plain"})
    assert as_text.content == b"AP8="


def test_without_permission_it_is_a_500(aws: Aws, function: str) -> None:
    """D5: API Gateway is not allowed to invoke; the source ARN has stage, method and path."""
    api = Api(aws)
    api.method("/p/{id}", "GET", proxy(function))
    api.deploy()
    aws.client("lambda").remove_permission(FunctionName="backend", StatementId="gateway")
    answer = api.send("GET", "/test/p/1")
    assert (answer.status_code, answer.text) == (500, '{"message": "Internal server error"}')
    permit(aws, f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/test/GET/p/*")
    assert api.send("GET", "/test/p/1").status_code == 200


def test_the_integration_timeout_is_a_504(aws: Aws, function: str) -> None:
    """D1: INTEGRATION_TIMEOUT after timeoutInMillis of real time."""
    api = Api(aws)
    api.method("/p", "POST", proxy(function, timeoutInMillis=300))
    api.deploy()
    answer = api.send("POST", "/test/p", json={"sleep": 1.5})
    assert (answer.status_code, answer.text) == (504, '{"message": "Endpoint request timed out"}')


def test_an_invocation_must_be_a_post(aws: Aws, function: str) -> None:
    """D5: other integration methods => 500."""
    api = Api(aws)
    api.method("/p", "GET", proxy(function) | {"integrationHttpMethod": "GET"})
    api.deploy()
    assert api.send("GET", "/test/p").status_code == 500


def test_plain_lambda_integration_matches_the_error_message(aws: Aws, function: str) -> None:
    """D3: the mapped body is the event; patterns match errorMessage, and only when the function failed."""
    api = Api(aws)
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": uri(function),
        "requestTemplates": {"application/json": "$input.body"},
    }
    failed = {"selectionPattern": "Bad: .*", "responseTemplates": {"application/json": "$input.path('$.errorMessage')"}}
    api.method("/p", "POST", integration, {"200": {}, "400": failed})
    api.deploy()
    good = api.send("POST", "/test/p", json={"answer": {"errorMessage": "Bad: but no failure"}})
    assert (good.status_code, good.json()) == (200, {"errorMessage": "Bad: but no failure"})
    bad = api.send("POST", "/test/p", json={"fail": "Bad: request"})
    assert (bad.status_code, bad.text) == (400, "Bad: request")
    other = api.send("POST", "/test/p", json={"fail": "unlike"})
    assert other.status_code == 200
    assert other.json()["errorType"] == "ValueError"


def test_stage_variable_names_the_function(aws: Aws, function: str) -> None:
    """D3: `${stageVariables.fn}` in the integration URI."""
    api = Api(aws)
    prefix = function.rpartition(":")[0]
    api.method("/p", "GET", proxy(f"{prefix}:${{stageVariables.fn}}"))
    api.deploy(variables={"fn": "backend"})
    assert api.send("GET", "/test/p").status_code == 200


@pytest.fixture
def guarded(aws: Aws, function: str) -> Api:
    """`GET /token` and `GET /request` behind authorizers, answering with what those said."""
    api = Api(aws)
    body = "$context.authorizer.principalId $context.authorizer.number $context.authorizer.flag"
    for kind, identity in (("TOKEN", "Authorization"), ("REQUEST", "x-token")):
        authorizer = api.client.create_authorizer(
            restApiId=api.id,
            name=kind,
            type=kind,
            authorizerUri=uri(function),
            identitySource=f"method.request.header.{identity}",
            identityValidationExpression="[a-z]+" if kind == "TOKEN" else "",
            authorizerResultTtlInSeconds=300 if kind == "TOKEN" else 0,
        )["id"]
        api.mock(f"/{kind.lower()}", body=body, authorizationType="CUSTOM", authorizerId=authorizer)
    api.deploy()
    return api


@pytest.mark.parametrize(
    ("token", "status", "body"),
    [
        (None, 401, '{"message":"Unauthorized"}'),
        ("who", 401, '{"message":"Unauthorized"}'),
        ("crash", 500, '{"message":null}'),
        ("nonsense", 500, '{"message":null}'),
        ("deny", 403, '{"Message":"User is not authorized to access this resource with an explicit deny"}'),
        ("elsewhere", 403, '{"Message":"User is not authorized to access this resource"}'),
        ("allow", 200, "user 1 true"),
    ],
)
def test_authorizers(guarded: Api, token: str | None, status: int, body: str) -> None:
    """D7, D1: outcomes of TOKEN and REQUEST authorizers."""
    for path, header in (("/test/token", "authorization"), ("/test/request", "x-token")):
        answer = guarded.send("GET", path, headers={header: token} if token else {})
        assert (answer.status_code, answer.text) == (status, body), path


def test_a_token_that_does_not_fit_never_reaches_the_function(aws: Aws, guarded: Api) -> None:
    """D7: identityValidationExpression mismatch => 401 without invoking."""
    aws.client("lambda").delete_function(FunctionName="backend")
    assert guarded.send("GET", "/test/token", headers={"authorization": "UPPER"}).status_code == 401
    assert guarded.send("GET", "/test/token", headers={"authorization": "allow"}).status_code == 500


def test_authorizations_are_remembered_for_their_ttl(aws: Aws, guarded: Api) -> None:
    """D7: the TTL runs on the clock."""
    headers = {"authorization": "allow"}
    assert guarded.send("GET", "/test/token", headers=headers).status_code == 200
    aws.client("lambda").delete_function(FunctionName="backend")
    aws.advance(299)
    assert guarded.send("GET", "/test/token", headers=headers).status_code == 200
    aws.advance(2)
    assert guarded.send("GET", "/test/token", headers=headers).status_code == 500


def test_proxy_event_has_the_authorizers_context(aws: Aws, guarded: Api, function: str) -> None:
    """D5, D7: `requestContext.authorizer` with its values as text."""
    authorizer = guarded.client.get_authorizers(restApiId=guarded.id)["items"][0]["id"]
    guarded.method("/event", "GET", proxy(function), authorizationType="CUSTOM", authorizerId=authorizer)
    guarded.deploy()
    event = guarded.send("GET", "/test/event", headers={"authorization": "allow"}).json()
    assert event["requestContext"]["authorizer"] == {
        "principalId": "user",
        "number": "1",
        "flag": "true",
        "text": "t",
    }
    assert json.dumps(event)
