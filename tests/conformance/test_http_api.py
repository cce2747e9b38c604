"""HTTP APIs (API Gateway v2) against section D9 of the behaviour reference."""

from __future__ import annotations

import base64
import io
import json
import textwrap
import uuid
import zipfile
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.conftest import Aws

ROLE = "arn:aws:iam::000000000000:role/test"

ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
"""


def name() -> str:
    return f"t{uuid.uuid4().hex[:10]}"


def refused(call: Any, **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return {**caught.value.response["Error"], "status": caught.value.response["ResponseMetadata"]["HTTPStatusCode"]}


class Api:
    """An API with one function behind it, and requests to it."""

    def __init__(self, aws: Aws, stage: str = "$default", **attributes: Any) -> None:
        self.aws = aws
        self.v2 = aws.client("apigatewayv2")
        self.api_id = self.v2.create_api(Name=name(), ProtocolType="HTTP", **attributes)["ApiId"]
        self.stage = stage
        self.v2.create_stage(ApiId=self.api_id, StageName=stage, AutoDeploy=True)

    def function(self, source: str = ECHO, *, allowed: bool = True, version: str = "2.0", **settings: Any) -> str:
        """A function as integration; returns the integration's id."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("f.py", textwrap.dedent(source))
        function = name()
        client = self.aws.client("lambda")
        arn = client.create_function(
            FunctionName=function,
            Runtime="python3.11",
            Role=ROLE,
            Handler="f.handler",
            Code={"ZipFile": archive.getvalue()},
        )["FunctionArn"]
        if allowed:
            client.add_permission(
                FunctionName=function,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{self.api_id}/*",
            )
        return str(
            self.v2.create_integration(
                ApiId=self.api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=arn,
                PayloadFormatVersion=version,
                **settings,
            )["IntegrationId"]
        )

    def route(self, key: str, integration: str) -> str:
        return str(
            self.v2.create_route(ApiId=self.api_id, RouteKey=key, Target=f"integrations/{integration}")["RouteId"]
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.aws.http.request(method, f"/_aws/execute-api/{self.api_id}{path}", **options)


# -- failures ----------------------------------------------------------------------------------------------------


def test_no_route_is_404_not_found(aws: Aws) -> None:
    """D9: No route."""
    api = Api(aws)
    answer = api.request("GET", "/nowhere")
    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert "apigw-requestid" in answer.headers


def test_unknown_api_and_undeployed_stage(aws: Aws) -> None:
    """D9: an API that does not exist answers 403, a stage without deployment 404."""
    assert aws.http.get("/_aws/execute-api/nope123456/x").status_code == 403
    v2 = aws.client("apigatewayv2")
    api_id = v2.create_api(Name=name(), ProtocolType="HTTP")["ApiId"]
    v2.create_stage(ApiId=api_id, StageName="v1")
    assert aws.http.get(f"/_aws/execute-api/{api_id}/v1/x").status_code == 404


@pytest.mark.parametrize(
    "source",
    [
        "def handler(e, c): raise RuntimeError('boom')",
        "def handler(e, c): return {'statusCode': 'abc'}",
        "def handler(e, c): return {'statusCode': 200, 'headers': [1]}",
        "def handler(e, c): return {'statusCode': 200, 'isBase64Encoded': True, 'body': '***'}",
        "import nothing_like_this",
    ],
)
def test_function_failure_or_bad_answer_is_500(aws: Aws, source: str) -> None:
    """D9: Integration error / bad Lambda output."""
    api = Api(aws)
    api.route("POST /x", api.function(source))
    answer = api.request("POST", "/x")
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_function_without_permission_for_the_gateway_is_500(aws: Aws) -> None:
    """D5/D9: the function's resource policy is enforced."""
    api = Api(aws)
    api.route("GET /x", api.function(allowed=False))
    assert api.request("GET", "/x").status_code == 500


def test_integration_timeout_is_503(aws: Aws) -> None:
    """D9: Integration timeout."""
    api = Api(aws)
    integration = api.function("import time\ndef handler(e, c): time.sleep(2)", TimeoutInMillis=50)
    api.route("GET /slow", integration)
    answer = api.request("GET", "/slow")
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_route_throttling_is_429_and_recovers_on_the_clock(aws: Aws) -> None:
    """D9: Throttled."""
    api = Api(aws)
    api.route("GET /x", api.function())
    settings = {"ThrottlingRateLimit": 1.0, "ThrottlingBurstLimit": 2}
    api.v2.update_stage(ApiId=api.api_id, StageName="$default", DefaultRouteSettings=settings)
    assert [api.request("GET", "/x").status_code for _ in range(3)] == [200, 200, 429]
    assert api.request("GET", "/x").json() == {"message": "Too Many Requests"}
    aws.advance(1)
    assert api.request("GET", "/x").status_code == 200


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("create_api", {"ProtocolType": "WEBSOCKET"}, "NotEmulated"),
        ("get_api", {"ApiId": "missing"}, "NotFoundException"),
    ],
)
def test_api_refusals(aws: Aws, operation: str, params: dict[str, Any], code: str) -> None:
    """Law 1, and the service's own codes."""
    call = getattr(aws.client("apigatewayv2"), operation)
    error = refused(call, **({"Name": "x"} if operation == "create_api" else {}), **params)
    assert error["Code"] == code


def test_route_refusals(aws: Aws) -> None:
    """D9: duplicate keys conflict, malformed keys and unknown targets are bad requests."""
    api = Api(aws)
    integration = api.function()
    api.route("GET /x", integration)
    create = api.v2.create_route
    assert refused(create, ApiId=api.api_id, RouteKey="GET /x")["Code"] == "ConflictException"
    for key in ("GET x", "FETCH /x", "GET /{p+}/more", "GET /{", ""):
        assert refused(create, ApiId=api.api_id, RouteKey=key)["Code"] == "BadRequestException", key
    target = "integrations/nope"
    assert refused(create, ApiId=api.api_id, RouteKey="GET /y", Target=target)["Code"] == "BadRequestException"


def test_integration_refusals(aws: Aws) -> None:
    """Law 1: integration types and subtypes that are not executed here are refused by name."""
    api = Api(aws)
    create = api.v2.create_integration
    error = refused(create, ApiId=api.api_id, IntegrationType="HTTP_PROXY", IntegrationUri="https://example.com")
    assert error["Code"] == "NotEmulated" and "HTTP_PROXY to https://example.com" in error["Message"]
    error = refused(
        create,
        ApiId=api.api_id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="SQS-SendMessage",
        PayloadFormatVersion="1.0",
        CredentialsArn=ROLE,
    )
    assert error["Code"] == "NotEmulated" and "SQS-SendMessage" in error["Message"]
    integration = api.function()
    api.route("GET /x", integration)
    error = refused(api.v2.delete_integration, ApiId=api.api_id, IntegrationId=integration)
    assert error["Code"] == "ConflictException"


# -- requests ----------------------------------------------------------------------------------------------------


def test_payload_2_event(aws: Aws) -> None:
    """D9: keys of payload 2.0; absent members are omitted, duplicates joined, cookies apart."""
    api = Api(aws)
    api.route("POST /items/{id}", api.function())
    event = api.request(
        "POST",
        "/items/a%20b?x=1&x=2&y=",
        content=b'{"k": 1}',
        headers=[
            ("content-type", "application/json"),
            ("X-Twice", "1"),
            ("X-Twice", "2"),
            ("cookie", "a=1; b=2"),
        ],
    ).json()
    assert list(event) == [
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "cookies",
        "headers",
        "queryStringParameters",
        "requestContext",
        "body",
        "pathParameters",
        "isBase64Encoded",
    ]
    assert event["version"] == "2.0" and event["routeKey"] == "POST /items/{id}"
    assert event["rawPath"] == "/items/a%20b" and event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["a=1", "b=2"] and "cookie" not in event["headers"]
    assert event["headers"]["x-twice"] == "1,2"
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    context = event["requestContext"]
    assert context["http"]["method"] == "POST" and context["stage"] == "$default"
    assert context["timeEpoch"] == int(aws.now() * 1000)


def test_payload_2_of_a_bare_get_omits_what_is_absent(aws: Aws) -> None:
    """D9: absent optional members are omitted, not null; rawPath holds a named stage."""
    api = Api(aws, stage="v1")
    api.route("GET /x", api.function())
    event = api.request("GET", "/v1/x").json()
    for member in ("cookies", "queryStringParameters", "pathParameters", "body", "stageVariables"):
        assert member not in event
    assert event["rawPath"] == "/v1/x" and event["requestContext"]["stage"] == "v1"


def test_binary_bodies_arrive_as_base64(aws: Aws) -> None:
    """D9: isBase64Encoded."""
    api = Api(aws)
    api.route("POST /x", api.function())
    event = api.request("POST", "/x", content=b"\x00\xff", headers={"content-type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\x00\xff", True)


def test_payload_1_event(aws: Aws) -> None:
    """D9: format 1.0 is like REST with a version; absent maps are null."""
    api = Api(aws)
    api.route("GET /x/{p}", api.function(version="1.0"))
    event = api.request("GET", "/x/1").json()
    assert event["version"] == "1.0" and event["resource"] == "/x/{p}" and event["pathParameters"] == {"p": "1"}
    assert event["queryStringParameters"] is None and event["body"] is None and event["stageVariables"] is None


def test_route_specificity(aws: Aws) -> None:
    """D9: full match before variables before greedy before $default; a named method before ANY."""
    api = Api(aws)
    integration = api.function()
    keys = ["$default", "ANY /{proxy+}", "GET /a/{id}", "GET /a/b", "ANY /a/{id}", "POST /a/{rest+}"]
    for key in keys:
        api.route(key, integration)

    def took(method: str, path: str) -> str:
        return str(api.request(method, path).json()["routeKey"])

    assert took("GET", "/a/b") == "GET /a/b"
    assert took("GET", "/a/c") == "GET /a/{id}"
    assert took("PUT", "/a/c") == "ANY /a/{id}"
    assert took("POST", "/a/b/c") == "POST /a/{rest+}"
    assert took("GET", "/z/z") == "ANY /{proxy+}"
    assert took("GET", "/") == "$default"


def test_inferred_and_full_responses(aws: Aws) -> None:
    """D9: Response 2.0: anything without statusCode is the body of a 200; cookies become set-cookie headers."""
    api = Api(aws)
    api.route("GET /plain", api.function("def handler(e, c): return {'hello': 'world'}"))
    answer = api.request("GET", "/plain")
    assert (answer.status_code, answer.json()) == (200, {"hello": "world"})
    assert answer.headers["content-type"] == "application/json"
    api.route(
        "GET /full",
        api.function(
            "def handler(e, c): return {'statusCode': 201, 'headers': {'X-A': 'b'}, 'cookies': ['a=1', 'b=2'],"
            " 'body': 'aGk=', 'isBase64Encoded': True}"
        ),
    )
    answer = api.request("GET", "/full")
    assert (answer.status_code, answer.content, answer.headers["x-a"]) == (201, b"hi", "b")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_cors_preflight_and_backend_headers(aws: Aws) -> None:
    """D9: CORS: preflight answered 204 by the gateway, backend CORS headers ignored, foreign origins get none."""
    cors = {
        "AllowOrigins": ["https://app.example.com"],
        "AllowMethods": ["POST"],
        "AllowHeaders": ["x-a"],
        "MaxAge": 60,
    }
    api = Api(aws, CorsConfiguration=cors)
    api.route(
        "POST /x",
        api.function("def handler(e, c): return {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'no'}}"),
    )
    asked = {"origin": "https://app.example.com", "access-control-request-method": "POST"}
    answer = api.request("OPTIONS", "/x", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert answer.headers["access-control-allow-methods"] == "POST"
    foreign = api.request("OPTIONS", "/x", headers={**asked, "origin": "https://evil.example.com"})
    assert "access-control-allow-origin" not in foreign.headers
    posted = api.request("POST", "/x", headers={"origin": "https://app.example.com"})
    assert posted.headers["access-control-allow-origin"] == "https://app.example.com"


def test_changes_are_invisible_until_deployed_without_auto_deploy(aws: Aws) -> None:
    """D9: autoDeploy; a manual stage serves its deployment's frozen routes."""
    api = Api(aws)
    integration = api.function()
    route = api.route("GET /x", integration)
    deployment = api.v2.create_deployment(ApiId=api.api_id)["DeploymentId"]
    api.v2.create_stage(ApiId=api.api_id, StageName="fixed", DeploymentId=deployment)
    api.v2.update_route(ApiId=api.api_id, RouteId=route, RouteKey="GET /y")
    assert api.request("GET", "/fixed/x").status_code == 200
    assert api.request("GET", "/fixed/y").status_code == 404
    assert api.request("GET", "/x").status_code == 404
    assert api.request("GET", "/y").status_code == 200


def test_a_stage_points_to_a_deployment_that_is_there(aws: Aws) -> None:
    """With AutoDeploy as without: requests to a stage without its deployment failed with a stack trace in the log."""
    api = Api(aws)
    for changes in ({"StageName": "$default"}, {"StageName": "$default", "AutoDeploy": True}):
        error = refused(api.v2.update_stage, ApiId=api.api_id, DeploymentId="none12", **changes)
        assert (error["Code"], error["status"]) == ("BadRequestException", 400)
        assert error["Message"] == "Invalid deployment identifier specified none12"
    error = refused(api.v2.create_stage, ApiId=api.api_id, StageName="s", AutoDeploy=True, DeploymentId="none12")
    assert error["Code"] == "BadRequestException"


def test_first_class_kinesis_integration(aws: Aws) -> None:
    """D9: Kinesis-PutRecord: 200 with the service's JSON; an unresolved parameter 400; a missing stream 500."""
    stream = name()
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    api = Api(aws)

    def integration(target: str) -> str:
        return str(
            api.v2.create_integration(
                ApiId=api.api_id,
                IntegrationType="AWS_PROXY",
                IntegrationSubtype="Kinesis-PutRecord",
                PayloadFormatVersion="1.0",
                CredentialsArn=ROLE,
                RequestParameters={
                    "StreamName": target,
                    "Data": "$request.body.payload",
                    "PartitionKey": "$request.body.key",
                },
            )["IntegrationId"]
        )

    api.route("POST /x", integration(stream))
    api.route("POST /gone", integration("no-such-stream"))
    body = {"payload": base64.b64encode(b"hello").decode(), "key": "k"}
    answer = api.request("POST", "/x", json=body)
    assert answer.status_code == 200 and set(answer.json()) >= {"SequenceNumber", "ShardId"}
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert kinesis.get_records(ShardIterator=iterator)["Records"][0]["Data"] == b"hello"
    assert api.request("POST", "/x", json={"key": "k"}).status_code == 400
    assert api.request("POST", "/gone", json=body).json() == {"message": "Internal Server Error"}


def test_access_log_line(aws: Aws) -> None:
    """D9: access logs carry $context variables, written to the stage's log group."""
    logs = aws.client("logs")
    group = f"/access/{name()}"
    logs.create_log_group(logGroupName=group)
    api = Api(aws)
    api.v2.update_stage(
        ApiId=api.api_id,
        StageName="$default",
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
            "Format": '{"id":"$context.requestId","route":"$context.routeKey","status":"$context.status"}',
        },
    )
    api.route("GET /x", api.function())
    answer = api.request("GET", "/x")
    aws.settle()
    lines = [json.loads(e["message"]) for e in logs.filter_log_events(logGroupName=group)["events"]]
    assert lines == [{"id": answer.headers["apigw-requestid"], "route": "GET /x", "status": "200"}]


def test_control_plane_echoes_what_terraform_reads(aws: Aws) -> None:
    """Describe answers hold what was set and AWS's defaults; tags by ARN; paging."""
    v2 = aws.client("apigatewayv2")
    api = v2.create_api(Name="n", ProtocolType="HTTP", Description="d", Tags={"a": "b"})
    read = v2.get_api(ApiId=api["ApiId"])
    assert read["ApiEndpoint"] == f"https://{api['ApiId']}.execute-api.us-east-1.amazonaws.com"
    assert read["RouteSelectionExpression"] == "$request.method $request.path"
    assert read["ApiKeySelectionExpression"] == "$request.header.x-api-key"
    arn = f"arn:aws:apigateway:us-east-1::/apis/{api['ApiId']}"
    v2.tag_resource(ResourceArn=arn, Tags={"c": "d"})
    v2.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert v2.get_tags(ResourceArn=arn)["Tags"] == {"c": "d"}
    v2.create_api(Name="m", ProtocolType="HTTP")
    first = v2.get_apis(MaxResults="1")
    second = v2.get_apis(MaxResults="1", NextToken=first["NextToken"])
    assert [first["Items"][0]["Name"], second["Items"][0]["Name"]] == ["n", "m"]
    v2.delete_api(ApiId=api["ApiId"])
    assert refused(v2.get_api, ApiId=api["ApiId"])["Code"] == "NotFoundException"


def test_snapshot_keeps_apis(aws: Aws) -> None:
    """An API answers as before after a snapshot is restored."""
    api = Api(aws)
    api.route("GET /x", api.function("def handler(e, c): return 'still here'"))
    aws.admin("PUT", "snapshots/http-api-test")
    try:
        aws.admin("POST", "reset")
        assert api.request("GET", "/x").status_code == 403
        aws.admin("POST", "snapshots/http-api-test")
        assert api.request("GET", "/x").text == "still here"
    finally:
        aws.admin("DELETE", "snapshots/http-api-test")
