"""What fails in the gateway itself, and how it is answered (D1, D2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.apigateway_api import ACCOUNT, REGION, Api, patches
from tests.conftest import Aws


@pytest.fixture
def api(aws: Aws) -> Api:
    return Api(aws)


def test_unknown_paths_and_methods_are_403(api: Api) -> None:
    """D1, F2 31: MISSING_AUTHENTICATION_TOKEN for an unknown path and for a wrong method."""
    api.mock("/known/deep")
    api.deploy()
    for method, path in (
        ("GET", "/test/unknown"),
        ("POST", "/test/known/deep"),
        ("GET", "/test/known"),
        ("GET", "/test"),
    ):
        answer = api.send(method, path)
        assert answer.status_code == 403, path
        assert answer.text == '{"message":"Missing Authentication Token"}'
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
        assert answer.headers["content-type"] == "application/json"


def test_unknown_stage_is_forbidden(api: Api) -> None:
    """D1: a stage that does not exist is 403 Forbidden."""
    api.mock("/")
    api.deploy()
    answer = api.send("GET", "/other/")
    assert (answer.status_code, answer.text) == (403, '{"message":"Forbidden"}')


def test_static_parts_win_over_parameters_over_greedy(api: Api) -> None:
    """D1: resource matching; path parameters are decoded, greedy ones keep slashes."""
    api.mock("/a/static", body="static")
    api.mock("/a/{id}", body="id=$input.params('id')")
    api.mock("/{proxy+}", body="proxy=$input.params('proxy')")
    api.mock("/", body="root")
    api.deploy()
    expected = {
        "/test/a/static": "static",
        "/test/a/static/": "static",
        "/test/a/x%20y": "id=x y",
        "/test/a/x/y": "proxy=a/x/y",
        "/test/b": "proxy=b",
        "/test/": "root",
        "/test": "root",
    }
    assert {path: api.send("GET", path).text for path in expected} == expected


def test_any_answers_every_method_but_its_own_wins(api: Api) -> None:
    """D1: ANY catches what has no method of its own."""
    api.mock("/x", "ANY", body="any")
    api.mock("/x", "POST", body="post")
    api.deploy()
    assert [api.send(method, "/test/x").text for method in ("GET", "POST", "DELETE")] == ["any", "post", "any"]


def test_required_parameters(api: Api) -> None:
    """D2: missing names in the order headers, path, query; present means not empty."""
    validator = api.client.create_request_validator(restApiId=api.id, name="v", validateRequestParameters=True)["id"]
    declared = {
        "method.request.querystring.qs1": True,
        "method.request.querystring.optional": False,
        "method.request.header.x-header-param": True,
    }
    api.mock("/p", requestParameters=declared, requestValidatorId=validator)
    api.deploy()
    answer = api.send("GET", "/test/p")
    assert answer.status_code == 400
    assert answer.text == '{"message": "Missing required request parameters: [x-header-param, qs1]"}'
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    answer = api.send("GET", "/test/p?qs1=", headers={"X-Header-Param": "1"})
    assert answer.text == '{"message": "Missing required request parameters: [qs1]"}'
    assert api.send("GET", "/test/p?qs1=a", headers={"X-Header-Param": "1"}).status_code == 200


def test_body_against_a_model_that_refers_to_another(api: Api) -> None:
    """D2: JSON Schema draft 4, $ref to another model; the model is chosen by content type."""
    item = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}
    url = f"https://apigateway.amazonaws.com/restapis/{api.id}/models/Item"
    items = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "array", "items": {"$ref": url}}
    for name, schema in (("Item", item), ("Items", items)):
        api.client.create_model(restApiId=api.id, name=name, contentType="application/json", schema=json.dumps(schema))
    validator = api.client.create_request_validator(restApiId=api.id, name="v", validateRequestBody=True)["id"]
    api.mock("/p", "POST", requestModels={"application/json": "Items"}, requestValidatorId=validator)
    api.deploy()
    for body in (b'[{"a": "x"}]', b"[{}]", b"{", b""):
        answer = api.send("POST", "/test/p", content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.text) == (400, '{"message": "Invalid request body"}'), body
    assert api.send("POST", "/test/p", content=b'[{"a": 1}]').status_code == 200  # no type: application/json
    unchecked = api.send("POST", "/test/p", content=b'{"statusCode": 200}', headers={"content-type": "text/plain"})
    assert unchecked.status_code == 200


@pytest.mark.parametrize(
    ("behaviour", "templates", "content_type", "status"),
    [
        ("WHEN_NO_MATCH", True, "text/plain", 200),
        ("WHEN_NO_TEMPLATES", True, "text/plain", 415),
        ("NEVER", True, "text/plain", 415),
        ("NEVER", True, "application/json; charset=utf-8", 200),
        ("WHEN_NO_TEMPLATES", False, "text/plain", 200),
        ("NEVER", False, "text/plain", 415),
        ("NEVER", True, None, 200),
    ],
)
def test_passthrough_behaviour(
    api: Api, behaviour: str, templates: bool, content_type: str | None, status: int
) -> None:
    """D3: the table of passthrough behaviours. MOCK passes on `{"statusCode": 200}` as the body here."""
    integration: dict[str, Any] = {"type": "MOCK", "passthroughBehavior": behaviour}
    if templates:
        integration["requestTemplates"] = {"application/json": '{"statusCode": 200}'}
    api.method("/p", "POST", integration, {"200": {}})
    api.deploy()
    headers = {"content-type": content_type} if content_type else {}
    answer = api.send("POST", "/test/p", content=b'{"statusCode": 200}', headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert answer.text == '{"message": "Unsupported Media Type"}'
        assert answer.headers["x-amzn-errortype"] == "BadRequestException"


def test_a_body_that_is_no_json_where_the_template_reads_it(api: Api) -> None:
    """D4: $input.path on a body that does not parse is a 400."""
    api.mock("/p", "POST", body="$input.path('$.a')")
    template = '{"statusCode": 200, "a": "$input.path(\'$.a\')"}'
    api.client.update_integration(
        restApiId=api.id,
        resourceId=api.resource("/p"),
        httpMethod="POST",
        patchOperations=patches(("replace", "/requestTemplates/application~1json", template)),
    )
    api.deploy()
    answer = api.send("POST", "/test/p", content=b"not json")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Could not parse request body into json: ")


@pytest.mark.parametrize(
    "template",
    [
        "$util.toJson($x)",
        "$input.fields('x')",
        "$context.nonsense",
        "#macro(x)#end",
        "#if(",
        "$input.path('$[?(@.a)]')",
    ],
)
def test_what_a_template_must_not_use_is_a_500(api: Api, template: str) -> None:
    """Law 1: nothing unknown renders as nothing."""
    api.mock("/p", body=template)
    api.deploy()
    answer = api.send("GET", "/test/p")
    assert (answer.status_code, answer.text) == (500, '{"message": "Internal server error"}')


@pytest.mark.parametrize("body", ['{"status": 200}', "nothing", '{"statusCode": "many"}'])
def test_a_mock_without_a_status_code_is_a_500(api: Api, body: str) -> None:
    """D3: the MOCK request template must give a statusCode."""
    api.method("/p", "GET", {"type": "MOCK", "requestTemplates": {"application/json": body}}, {"200": {}})
    api.deploy()
    assert api.send("GET", "/test/p").status_code == 500


def test_gateway_responses_can_be_customised(api: Api) -> None:
    """D1: own status, headers from literals and the request, simple substitution, DEFAULT_4XX as fallback."""
    api.mock("/p", "POST", apiKeyRequired=True)
    template = (
        '{"m": $context.error.messageString, "t": "$context.error.responseType", "s": "$context.stage", '
        '"v": "$stageVariables.a", "n": "$context.resourcePath"}'
    )
    api.client.put_gateway_response(
        restApiId=api.id,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseParameters={
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.x-accept": "method.request.header.Accept",
            "gatewayresponse.header.x-none": "method.request.querystring.none",
        },
        responseTemplates={"application/json": template},
    )
    api.client.put_gateway_response(restApiId=api.id, responseType="DEFAULT_4XX", statusCode="418")
    api.deploy(variables={"a": "b"})
    answer = api.send("GET", "/test/none", headers={"accept": "x/y"})
    assert answer.status_code == 404
    assert answer.json() == {
        "m": "Missing Authentication Token",
        "t": "MISSING_AUTHENTICATION_TOKEN",
        "s": "test",
        "v": "b",
        "n": "",
    }
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-accept"] == "x/y"
    assert "x-none" not in answer.headers
    fallback = api.send("POST", "/test/p")
    assert (fallback.status_code, fallback.text) == (418, '{"message":"Forbidden"}')


def test_a_resource_policy_decides(api: Api) -> None:
    """D1: ACCESS_DENIED with a capital Message; conditions count, and one that nobody here knows is refused by name."""
    api.mock("/open")
    api.mock("/closed")
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*/*/closed"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    updated = api.client.update_rest_api(restApiId=api.id, patchOperations=patches(("replace", "/policy", policy)))
    assert json.loads(f'"{updated["policy"]}"') == policy
    api.deploy()
    assert api.send("GET", "/test/open").status_code == 200
    denied = api.send("GET", "/test/closed")
    assert denied.status_code == 403
    arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/test/GET/closed"
    assert denied.json() == {
        "Message": "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
        f"{arn} with an explicit deny"
    }
    conditions = (
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, 403),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, 200),
        ({"StringEquals": {"aws:RequestTag/a": "b"}}, 501),
    )
    for condition, status in conditions:
        statements[0]["Condition"] = condition  # type: ignore[assignment]
        conditional = json.dumps({"Version": "2012-10-17", "Statement": statements})
        api.client.update_rest_api(restApiId=api.id, patchOperations=patches(("replace", "/policy", conditional)))
        api.deploy()
        assert api.send("GET", "/test/open").status_code == status, condition
