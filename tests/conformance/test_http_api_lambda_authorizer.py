"""Lambda authorizers of HTTP APIs (D9): who is turned away and why, what the function is told, what is remembered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from harness.emulator.services.apigatewayv2.execution import lambda_authorizer
from harness.json_object import Json
from tests.conformance.test_http_api import ECHO, Api
from tests.conftest import Aws

URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations"
FAILED = (500, {"message": "Internal Server Error"})
FORBIDDEN = (403, {"message": "Forbidden"})

# What it answers is in the token: JSON, or a word.
AUTHORIZER = """
import json, time, uuid

def handler(event, context):
    token = event["headers"]["x-token"]
    if token == "crash":
        raise Exception("Unauthorized")
    if token == "slow":
        time.sleep(1)
    if token.startswith(("{", "[")):
        return json.loads(token)
    arn = event.get("routeArn") or event["methodArn"]
    resource = {"allow": arn, "wide": "arn:aws:execute-api:*", "elsewhere": arn + "/more"}.get(token, arn)
    effect = "Deny" if token == "deny" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    told = {"serial": uuid.uuid4().hex, "event": json.dumps(event), "level": 3}
    return {"principalId": "someone", "policyDocument": policy, "context": told}
"""


class Secured(Api):
    """An API with routes behind a Lambda authorizer: `GET /items/{id}` and `$default`."""

    def __init__(
        self, aws: Aws, *, source: str = AUTHORIZER, allowed: bool = True, version: str = "2.0", **changes: Any
    ):
        super().__init__(aws)
        # The helper makes an integration of the function; only its ARN is of use here.
        made = self.function(source, allowed=allowed)
        self.arn = self.v2.get_integration(ApiId=self.api_id, IntegrationId=made)["IntegrationUri"]
        members: Json = {
            "ApiId": self.api_id,
            "Name": "lambda",
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": URI.format(self.arn),
            "AuthorizerPayloadFormatVersion": "2.0",
            "IdentitySource": ["$request.header.X-Token"],
        }
        self.authorizer_id = self.v2.create_authorizer(**(members | changes))["AuthorizerId"]
        target = f"integrations/{self.function(ECHO, version=version)}"
        for key in ("GET /items/{id}", "$default"):
            self.v2.create_route(
                ApiId=self.api_id,
                RouteKey=key,
                Target=target,
                AuthorizationType="CUSTOM",
                AuthorizerId=self.authorizer_id,
            )

    def get(self, token: Any = None, path: str = "/items/1", **headers: str) -> httpx.Response:
        text = token if isinstance(token, str) else json.dumps(token)
        return self.request("GET", path, headers=headers if token is None else {"x-token": text, **headers})

    def told(self, token: str = "wide", path: str = "/items/1") -> Json:
        """What the authorizer put into the context."""
        found: Json = self.get(token, path).json()["requestContext"]["authorizer"]["lambda"]
        return found


def outcome(answer: httpx.Response) -> tuple[int, Json]:
    return answer.status_code, answer.json()


# -- failures ----------------------------------------------------------------------------------------------------


def test_a_missing_identity_source_is_401_without_asking(aws: Aws) -> None:
    """D9: the function that would fail is not called."""
    gone = URI.format("arn:aws:lambda:us-east-1:000000000000:function:gone")
    sources = ["$request.header.X-Token", "$request.querystring.who", "$stageVariables.tier", "$context.routeKey"]
    api = Secured(aws, AuthorizerUri=gone, IdentitySource=sources)
    assert outcome(api.get()) == (401, {"message": "Unauthorized"})
    assert outcome(api.get("a")) == (401, {"message": "Unauthorized"})
    assert outcome(api.get("a", "/items/1?who=me")) == (401, {"message": "Unauthorized"})
    api.v2.update_stage(ApiId=api.api_id, StageName="$default", StageVariables={"tier": "gold"})
    assert outcome(api.get("a", "/items/1?who=me")) == FAILED


ALLOWS = {"Version": "2012-10-17", "Statement": [{"Action": "*", "Effect": "Allow", "Resource": "*"}]}


@pytest.mark.parametrize(
    "answer",
    [
        "crash",
        [1],
        {},
        {"isAuthorized": True},
        {"principalId": "a"},
        {"policyDocument": ALLOWS},
        {"principalId": "a", "policyDocument": {"Version": "2012-10-17"}},
        {"principalId": "a", "policyDocument": "text"},
        {"principalId": "a", "policyDocument": ALLOWS, "context": [1]},
        {
            "principalId": "a",
            "policyDocument": {"Statement": [{**ALLOWS["Statement"][0], "Condition": {"Bool": {}}}]},  # type: ignore[dict-item]
        },
    ],
)
def test_an_authorizer_that_fails_is_500(aws: Aws, answer: Any) -> None:
    """D9: failure, or output that is none of the two forms; a simple answer counts only where it is enabled."""
    assert outcome(Secured(aws).get(answer)) == FAILED


def test_a_simple_answer_that_is_no_boolean_is_500(aws: Aws) -> None:
    api = Secured(aws, EnableSimpleResponses=True)
    assert outcome(api.get({"isAuthorized": "yes"})) == FAILED
    assert outcome(api.get({"context": {}})) == FAILED


def test_without_permission_for_the_gateway_it_is_500(aws: Aws) -> None:
    """D9: the function's resource policy counts."""
    assert outcome(Secured(aws, allowed=False).get("allow")) == FAILED


def test_a_function_that_takes_too_long_is_500(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """D9: an authorizer has 10 s."""
    monkeypatch.setattr(lambda_authorizer, "_TIMEOUT", 0.05)
    assert outcome(Secured(aws).get("slow")) == FAILED


def test_a_no_is_403(aws: Aws) -> None:
    """D9: a policy that denies, or that allows something else; a simple no."""
    api = Secured(aws)
    assert outcome(api.get("deny")) == FORBIDDEN
    assert outcome(api.get("elsewhere")) == FORBIDDEN
    api = Secured(aws, EnableSimpleResponses=True)
    assert outcome(api.get({"isAuthorized": False})) == FORBIDDEN


@pytest.mark.parametrize(
    "changes",
    [
        {"AuthorizerUri": "arn:aws:lambda:us-east-1:000000000000:function:f"},
        {"AuthorizerPayloadFormatVersion": "3.0"},
        {"AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": True},
        {"AuthorizerResultTtlInSeconds": 300, "IdentitySource": []},
        {"IdentitySource": ["method.request.header.X"]},
        {"JwtConfiguration": {"Issuer": "http://localhost", "Audience": ["a"]}},
        {"IdentityValidationExpression": "a"},
    ],
)
def test_authorizers_that_are_no_lambda_authorizers(aws: Aws, changes: Json) -> None:
    with pytest.raises(Exception, match="BadRequestException"):
        Secured(aws, **changes)


# -- who is let through ------------------------------------------------------------------------------------------


def test_the_event_of_format_2(aws: Aws) -> None:
    """D9: version, type, routeArn, identitySource as a list, the request without its body."""
    api = Secured(aws)
    event = json.loads(api.told("allow", "/items/a%20b?q=1")["event"])
    assert event["version"] == "2.0"
    assert event["type"] == "REQUEST"
    assert event["routeArn"] == f"arn:aws:execute-api:us-east-1:000000000000:{api.api_id}/$default/GET/items/a b"
    assert event["identitySource"] == ["allow"]
    assert event["routeKey"] == "GET /items/{id}"
    assert event["queryStringParameters"] == {"q": "1"}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["requestContext"]["http"]["method"] == "GET"
    assert not {"body", "isBase64Encoded"} & set(event)


def test_the_event_of_format_1(aws: Aws) -> None:
    """D9: methodArn, identitySource as a text with commas, and the members of a REST API's event."""
    api = Secured(
        aws,
        AuthorizerPayloadFormatVersion="1.0",
        IdentitySource=["$request.header.X-Token", "$request.querystring.who"],
    )
    event = json.loads(api.told("allow", "/items/1?who=me")["event"])
    assert event["version"] == "1.0"
    assert event["methodArn"] == f"arn:aws:execute-api:us-east-1:000000000000:{api.api_id}/$default/GET/items/1"
    assert event["identitySource"] == event["authorizationToken"] == "allow,me"
    assert event["resource"] == "/items/{id}"
    assert event["httpMethod"] == "GET"
    assert event["pathParameters"] == {"id": "1"}


def test_the_context_reaches_functions_of_both_formats(aws: Aws) -> None:
    """D9: `requestContext.authorizer.lambda` in format 2.0; in 1.0 the members themselves, and who it is."""
    assert Secured(aws).told()["level"] == 3
    found = Secured(aws, version="1.0").get("wide").json()["requestContext"]["authorizer"]
    assert (found["level"], found["principalId"]) == (3, "someone")
    simple = Secured(aws, EnableSimpleResponses=True)
    assert simple.told(json.dumps({"isAuthorized": True, "context": {"a": [1]}})) == {"a": [1]}
    assert simple.get({"isAuthorized": True}).json()["requestContext"]["authorizer"] == {"lambda": {}}


def test_answers_are_remembered_by_their_sources(aws: Aws) -> None:
    """D9: for the TTL on the clock, for all routes; another source value is asked about anew."""
    api = Secured(aws, AuthorizerResultTtlInSeconds=60)
    first = api.told("wide")["serial"]
    assert api.told("wide")["serial"] == first
    assert api.told("wide", "/other/path")["serial"] == first
    assert api.told("allow")["serial"] != first
    aws.advance(59)
    assert api.told("wide")["serial"] == first
    aws.advance(1)
    second = api.told("wide")["serial"]
    assert second != first
    api.v2.reset_authorizers_cache(ApiId=api.api_id, StageName="$default")
    assert api.told("wide")["serial"] != second


def test_a_remembered_policy_is_still_held_against_each_request(aws: Aws) -> None:
    """D7, D9: a policy for one resource does not open another one, remembered or not."""
    api = Secured(aws)
    assert api.get("allow").status_code == 200
    assert outcome(api.get("allow", "/items/2")) == FORBIDDEN


def test_without_ttl_or_sources_nothing_is_remembered(aws: Aws) -> None:
    changes: list[Json] = [{"AuthorizerResultTtlInSeconds": 0}, {"IdentitySource": []}]
    for change in changes:
        api = Secured(aws, **change)
        assert api.told()["serial"] != api.told()["serial"]


def test_access_logs_have_the_context(aws: Aws) -> None:
    """D8: `$context.authorizer.<name>` and the principal; what went wrong in `$context.authorizer.error`."""
    api = Secured(aws)
    group = f"/api/{api.api_id}"
    aws.client("logs").create_log_group(logGroupName=group)
    settings = {
        "DestinationArn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
        "Format": "$context.requestId $context.status|$context.authorizer.level|$context.authorizer.principalId|"
        "$context.authorizer.error",
    }
    api.v2.update_stage(ApiId=api.api_id, StageName="$default", AccessLogSettings=settings)
    api.get("allow")
    api.get("deny")
    aws.settle()
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert [event["message"].partition(" ")[2] for event in events] == [
        "200|3|someone|-",
        "403|-|-|the authorizer denies the request",
    ]
