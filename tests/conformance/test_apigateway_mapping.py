"""Parameter and template mapping through MOCK and HTTP integrations (D3, D4)."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from tests.conformance.apigateway_api import ACCOUNT, Api
from tests.conftest import Aws


@pytest.fixture
def api(aws: Aws) -> Api:
    return Api(aws)


def respond(api: Api, template: str, method: str = "POST", path: str = "/p", **members: Any) -> None:
    """A MOCK whose response template is `template`; `$input` there has the mock's empty body."""
    api.mock(path, method, body=template, **members)


def echo(api: Api, sink: str, template: str, **members: Any) -> None:
    """An HTTP integration to a built-in sink with a request template."""
    integration = {
        "type": "HTTP",
        "integrationHttpMethod": "POST",
        "uri": f"{api.aws.url}/_harness/sinks/{sink}/deliver",
        "requestTemplates": {"application/json": template},
        **members,
    }
    declared = {
        name: False
        for name in members.get("requestParameters", {}).values()
        if name.startswith("method.request.") and not name.startswith("method.request.body")
    }
    api.method("/p", "POST", integration, {"200": {}}, requestParameters=declared)


def received(aws: Aws, sink: str) -> list[dict[str, Any]]:
    answer = aws.admin("GET", f"sinks/{sink}")
    found: list[dict[str, Any]] = answer["requests"]
    return found


def body_of(request: dict[str, Any]) -> str:
    if "body_base64" in request:
        return base64.b64decode(request["body_base64"]).decode()
    return str(request["body"])


@pytest.mark.parametrize(
    ("body", "template", "text"),
    [
        ("", "$input.body", "{}"),  # F2 32
        ("", "$input.json('$')", "{}"),
        ('{"a": {"foo": "bar"}}', "$input.path('$.a')", "{foo=bar}"),  # F2 33
        ('{"a": [{"foo": "bar"}]}', "$input.path('$.a')", '[{"foo":"bar"}]'),
        ('{"a": 1}', "<$input.path('$.b')>", "<>"),
        ('{"a": "x"}', "$input.json('$.a')", '"x"'),
        ('{"a": "x"}', "$input.path('$.a')", "x"),
        ('{"a": "it\'s \\"ü\\"/"}', "$util.escapeJavaScript($input.path('$.a'))", 'it\\\'s \\"\\u00FC\\"\\/'),
        ('{"a": "x y&*~"}', "$util.urlEncode($input.path('$.a'))", "x+y%26*%7E"),
        ('{"a": "x+y%26"}', "$util.urlDecode($input.path('$.a'))", "x y&"),
        ('{"a": "aGk="}', "$util.base64Decode($input.path('$.a'))", "hi"),
        ('{"a": "{\\"n\\": [1, 2]}"}', "#set($p = $util.parseJson($input.path('$.a')))$p.n[1]", "2"),
        ('{"a": 1}', "#if($input.path('$.b'))yes#{else}no#end", "no"),
        ('{"a": 1}', "#if($input.path('$.b') == '')yes#{else}no#end", "yes"),
        ('{"a": [1, 2]}', "$input.path('$.a').size() $input.path('$.a[1]')", "2 2"),
        ("plain text", "$util.base64Encode($input.body)", "cGxhaW4gdGV4dA=="),
    ],
)
def test_input_and_util(aws: Aws, api: Api, body: str, template: str, text: str) -> None:
    """D4: what `$input` and `$util` give."""
    aws.admin("DELETE", "sinks/vtl")
    echo(api, "vtl", template)
    api.deploy()
    answer = api.send("POST", "/test/p", content=body.encode())
    assert answer.status_code == 200, answer.text
    assert body_of(received(aws, "vtl")[-1]) == text


def test_params_search_path_then_query_then_header(api: Api) -> None:
    """D4: the order of `$input.params(name)`, and `$input.params()` as maps."""
    respond(api, "$input.params('a') $input.params('b') $input.params('c')<$input.params('d')>", path="/{a}")
    respond(api, "$input.params().path.a $input.params().querystring.get('b')", "GET", path="/{a}")
    api.deploy()
    answer = api.send("POST", "/test/1?a=2&b=2", headers={"a": "3", "b": "3", "c": "3"})
    assert answer.text == "1 2 3<>"
    assert api.send("GET", "/test/1?b=2").text == "1 2"


def test_the_template_that_passes_everything_through(api: Api) -> None:
    """D4: the console's own "method request passthrough" template gives valid JSON."""
    template = """#set($allParams = $input.params())
{
"body-json" : $input.json('$'),
"params" : {
#foreach($type in $allParams.keySet())
    #set($params = $allParams.get($type))
"$type" : {
    #foreach($paramName in $params.keySet())
    "$paramName" : "$util.escapeJavaScript($params.get($paramName))"
        #if($foreach.hasNext),#end
    #end
}
    #if($foreach.hasNext),#end
#end
},
"stage-variables" : {
#foreach($key in $stageVariables.keySet())
"$key" : "$util.escapeJavaScript($stageVariables.get($key))"
    #if($foreach.hasNext),#end
#end
},
"context" : {
    "account-id" : "$context.identity.accountId",
    "api-id" : "$context.apiId",
    "caller" : "$context.identity.caller",
    "http-method" : "$context.httpMethod",
    "stage" : "$context.stage",
    "source-ip" : "$context.identity.sourceIp",
    "request-id" : "$context.requestId",
    "resource-path" : "$context.resourcePath"
    }
}"""
    respond(api, template, path="/x/{id}")
    api.deploy(variables={"env": "dev"})
    answer = api.send("POST", "/test/x/7?q=1", headers={"x-h": "h"})
    document = json.loads(answer.text)
    assert document["params"]["path"] == {"id": "7"}
    assert document["params"]["querystring"] == {"q": "1"}
    assert document["params"]["header"]["x-h"] == "h"
    assert document["stage-variables"] == {"env": "dev"}
    assert document["context"] == {
        "account-id": "",
        "api-id": api.id,
        "caller": "",
        "http-method": "POST",
        "stage": "test",
        "source-ip": "127.0.0.1",
        "request-id": answer.headers["x-amzn-requestid"],
        "resource-path": "/x/{id}",
    }


def test_context_and_stage_variables(aws: Aws, api: Api) -> None:
    """D4: times in CLF and milliseconds, path with the stage, stage variables by name and key."""
    respond(
        api,
        "$context.accountId $context.path $context.requestTimeEpoch $context.protocol $context.deploymentId "
        "$stageVariables.a ${stageVariables.a}x $stageVariables['a'] <$stageVariables.none> $context.requestTime",
    )
    deployment = api.deploy(variables={"a": "b"})
    now = aws.now()
    text = api.send("POST", "/test/p").text
    assert text.startswith(f"{ACCOUNT} /test/p {int(now * 1000)} HTTP/1.1 {deployment} b bx b <> ")
    assert text.endswith(" +0000") and len(text.rpartition("> ")[2]) == len("09/Apr/2015:12:34:56 +0000")


def test_request_parameters_reach_the_backend(aws: Aws, api: Api) -> None:
    """D3: headers and query from literals, the request, the body, context and stage variables."""
    aws.admin("DELETE", "sinks/params")
    echo(
        api,
        "params",
        "{}",
        requestParameters={
            "integration.request.header.x-literal": "'it is'",
            "integration.request.header.x-header": "method.request.header.x-in",
            "integration.request.header.x-body": "method.request.body.a.b",
            "integration.request.header.x-none": "method.request.header.x-missing",
            "integration.request.header.x-stage": "stageVariables.s",
            "integration.request.header.x-id": "context.requestId",
            "integration.request.querystring.q": "method.request.querystring.q",
        },
    )
    api.deploy(variables={"s": "v"})
    answer = api.send("POST", "/test/p?q=1%262", json={"a": {"b": [1]}}, headers={"x-in": "in"})
    assert answer.status_code == 200, answer.text
    (request,) = received(aws, "params")
    headers = {name.lower(): value for name, value in dict(request["headers"]).items()}
    assert headers["x-literal"] == "it is"
    assert headers["x-header"] == "in"
    assert headers["x-body"] == "[1]"
    assert headers["x-stage"] == "v"
    assert headers["x-id"] == answer.headers["x-amzn-requestid"]
    assert "x-none" not in headers


def test_overrides_win_over_mappings(aws: Aws, api: Api) -> None:
    """D4: `$context.requestOverride` and `$context.responseOverride`."""
    aws.admin("DELETE", "sinks/override")
    echo(
        api,
        "override",
        "#set($context.requestOverride.header.x-a = 'override')#set($context.responseOverride.status = 201)"
        "#set($context.responseOverride.header.x-out = 'o')",
        requestParameters={"integration.request.header.X-A": "'mapped'"},
    )
    api.deploy()
    answer = api.send("POST", "/test/p", json={})
    assert (answer.status_code, answer.headers["x-out"]) == (201, "o")
    headers = {name.lower(): value for name, value in dict(received(aws, "override")[0]["headers"]).items()}
    assert headers["x-a"] == "override"


def test_cors_preflight_with_a_mock(api: Api) -> None:
    """D3: OPTIONS with MOCK and literal headers."""
    headers = {
        "Access-Control-Allow-Origin": "'*'",
        "Access-Control-Allow-Methods": "'POST,OPTIONS'",
        "Access-Control-Allow-Headers": "'Content-Type'",
    }
    api.method(
        "/p",
        "OPTIONS",
        {"type": "MOCK", "requestTemplates": {"application/json": "{statusCode: 200}"}},
        {"200": {"responseParameters": {f"method.response.header.{n}": v for n, v in headers.items()}}},
    )
    api.deploy()
    answer = api.send("OPTIONS", "/test/p", headers={"origin": "https://example.com"})
    assert answer.status_code == 200
    assert {n: f"'{answer.headers[n]}'" for n in headers} == headers


def test_mock_selects_by_its_status(api: Api) -> None:
    """D3: the integration response is selected by the number in the request template; full match."""
    integration = {
        "type": "MOCK",
        "requestTemplates": {"application/json": '{"statusCode": $input.params("s")}'},
    }
    api.method(
        "/p", "GET", integration, {"200": {}, "404": {"selectionPattern": "40"}, "400": {"selectionPattern": "4.."}}
    )
    api.deploy()
    assert [api.send("GET", f"/test/p?s={s}").status_code for s in (200, 404, 500)] == [200, 400, 200]


def test_some_mapped_headers_are_remapped(api: Api) -> None:
    """D3, F2 40: x-amzn-Remapped-*."""
    names = ("Date", "Server", "WWW-Authenticate", "X-Own")
    api.method(
        "/p",
        "GET",
        {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
        {"200": {"responseParameters": {f"method.response.header.{name}": "'v'" for name in names}}},
    )
    api.deploy()
    headers = api.send("GET", "/test/p").headers
    assert [headers[f"x-amzn-remapped-{name}"] for name in names[:3]] == ["v"] * 3
    assert headers["x-own"] == "v"
    assert "www-authenticate" not in headers


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_a_header_that_must_not_be_mapped_is_a_500(api: Api, name: str) -> None:
    """D3: mapping Content-Length or Transfer-Encoding to the integration."""
    echo(api, "never", "{}", requestParameters={f"integration.request.header.{name}": "'3'"})
    api.deploy()
    assert api.send("POST", "/test/p", json={}).status_code == 500


def test_http_proxy_passes_everything_on(aws: Aws, api: Api) -> None:
    """D3: HTTP_PROXY hands over method, query, headers and body, and the answer unmapped."""
    aws.admin("DELETE", "sinks/proxy")
    api.method(
        "/{proxy+}",
        "ANY",
        {
            "type": "HTTP_PROXY",
            "integrationHttpMethod": "ANY",
            "uri": f"{aws.url}/_harness/sinks/{{proxy}}",
            "requestParameters": {"integration.request.path.proxy": "method.request.path.proxy"},
        },
        requestParameters={"method.request.path.proxy": True},
    )
    api.deploy()
    answer = api.send("POST", "/test/proxy/deliver", content=b"raw", headers={"x-own": "1", "content-type": "a/b"})
    assert answer.status_code == 200
    (request,) = received(aws, "proxy")
    assert body_of(request) == "raw"
    headers = {name.lower(): value for name, value in dict(request["headers"]).items()}
    assert (headers["x-own"], headers["content-type"]) == ("1", "a/b")


def test_http_leaves_this_machine_never(api: Api) -> None:
    """Law 8: any other host is refused by name, nothing is sent."""
    api.method(
        "/p",
        "GET",
        {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "https://example.com/x"},
    )
    api.deploy()
    answer = api.send("GET", "/test/p")
    assert answer.status_code == 501
    assert "example.com" in answer.json()["message"]


def test_an_unreachable_backend_is_504(api: Api) -> None:
    """D1: INTEGRATION_FAILURE."""
    api.method("/p", "GET", {"type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:1/"})
    api.deploy()
    answer = api.send("GET", "/test/p")
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (504, "InternalServerErrorException")


def test_compression(aws: Aws) -> None:
    """Model: minimumCompressionSize compresses answers of that size, and takes gzip bodies."""
    api = Api(aws, minimumCompressionSize=100)
    api.mock("/big", body="x" * 100)
    api.mock("/small", body="x")
    aws.admin("DELETE", "sinks/gzip")
    echo(api, "gzip", "$input.body")
    api.deploy()
    big = api.send("GET", "/test/big", headers={"accept-encoding": "gzip"})
    assert (big.headers["content-encoding"], big.text) == ("gzip", "x" * 100)
    assert "content-encoding" not in api.send("GET", "/test/small", headers={"accept-encoding": "gzip"}).headers
    assert "content-encoding" not in api.send("GET", "/test/big", headers={"accept-encoding": "identity"}).headers
    sent = api.send("POST", "/test/p", content=gzip.compress(b'{"a":1}'), headers={"content-encoding": "gzip"})
    assert sent.status_code == 200, sent.text
    assert body_of(received(aws, "gzip")[0]) == '{"a":1}'
