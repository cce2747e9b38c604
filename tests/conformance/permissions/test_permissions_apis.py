"""AWS_IAM authorization of REST and HTTP APIs: signatures, users' policies, resource policies (D1, D7)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.conformance.apigateway_api import Api
from tests.conformance.lambda_.conftest import archive
from tests.conformance.permissions.conftest import Iam, User, allow, deny, document
from tests.conformance.test_http_api import ECHO
from tests.conformance.test_http_api import Api as HttpApi
from tests.conftest import Aws

MISSING = {"message": "Missing Authentication Token"}


def signed(
    aws: Aws, method: str, path: str, key: str, token: str | None = None, service: str = "execute-api"
) -> httpx.Response:
    request = AWSRequest(method=method, url=aws.url + path)
    SigV4Auth(Credentials(key, "secret", token), service, "us-east-1").add_auth(request)
    return httpx.request(method, aws.url + path, headers=dict(request.headers))


class Rest(Api):
    """`GET /a` and `GET /b`, both with AWS_IAM, which answer who called."""

    def __init__(self, aws: Aws, **members: Any) -> None:
        super().__init__(aws, **members)
        who = '{"arn": "$context.identity.userArn", "key": "$context.identity.accessKey"}'
        for path in ("/a", "/b"):
            self.mock(path, body=who, authorizationType="AWS_IAM")
        self.deploy()
        self.arn = f"arn:aws:execute-api:us-east-1:000000000000:{self.id}"

    def get(self, path: str, user: User | None = None, key: str = "") -> httpx.Response:
        where = f"/_aws/execute-api/{self.id}/test{path}"
        if user is not None:
            key = user.key["AccessKeyId"]
        return signed(self.aws, "GET", where, key) if key else httpx.get(self.aws.url + where)


# -- REST APIs ---------------------------------------------------------------------------------------------------


def test_unsigned_requests_are_refused_enforced_or_not(aws: Aws) -> None:
    """D7: unsigned is 403 Missing Authentication Token. Where permissions are off, any signature will do."""
    api = Rest(aws)
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "AWS4-HMAC-SHA256 nonsense"}):
        answer = httpx.get(f"{aws.url}/_aws/execute-api/{api.id}/test/a", headers=headers)
        assert (answer.status_code, answer.json()) == (403, MISSING)
    assert api.get("/a", key="nobody").status_code == 200
    aws.admin("POST", "iam", {"mode": "enforce"})
    assert api.get("/a").json() == MISSING


def test_unknown_keys_are_refused(iam: Iam) -> None:
    """D1: INVALID_SIGNATURE."""
    answer = Rest(iam.aws).get("/a", key="AKIAIOSFODNN7EXAMPLE")
    assert answer.status_code == 403
    assert answer.json() == {"message": "The security token included in the request is invalid."}


def test_a_user_needs_permission_to_invoke(iam: Iam) -> None:
    """D7: `execute-api:Invoke` on the method's ARN; a deny wins."""
    api = Rest(iam.aws)
    user = iam.user()
    denied = api.get("/a", user)
    assert denied.status_code == 403
    text = f"User: {user.arn} is not authorized to perform: execute-api:Invoke on resource: {api.arn}/test/GET/a"
    assert denied.json() == {"Message": text}
    user.may(allow("execute-api:Invoke", f"{api.arn}/*/GET/a"))
    assert api.get("/a", user).json() == {"arn": user.arn, "key": user.key["AccessKeyId"]}
    assert api.get("/b", user).status_code == 403
    user.may(allow("execute-api:*", f"{api.arn}/*"), deny("execute-api:Invoke", f"{api.arn}/test/GET/b"))
    assert api.get("/b", user).json()["Message"].endswith("/test/GET/b with an explicit deny")
    assert api.get("/a", key="test").json()["arn"] == "arn:aws:iam::000000000000:root"


def test_a_resource_policy_lets_users_in(iam: Iam) -> None:
    """D1: within an account either policy is enough, and a deny of either wins."""
    one, other = iam.user(), iam.user()
    opens = {**allow("execute-api:Invoke", "execute-api:/*"), "Principal": {"AWS": one.arn}}
    shuts = {**deny("execute-api:Invoke", "execute-api:/*/GET/b"), "Principal": "*"}
    api = Rest(iam.aws, policy=document(opens, shuts))
    assert api.get("/a", one).status_code == 200
    assert api.get("/a", other).status_code == 403
    assert api.get("/b", one).status_code == 403
    other.may(allow("execute-api:Invoke"))
    assert api.get("/a", other).status_code == 200
    assert api.get("/b", other).status_code == 403


def test_a_session_until_it_expires(iam: Iam) -> None:
    """D1: EXPIRED_TOKEN."""
    api = Rest(iam.aws)
    role = iam.role({"AWS": "000000000000"}, allow("execute-api:Invoke"))
    made = iam.aws.client("sts").assume_role(RoleArn=role, RoleSessionName="s", DurationSeconds=900)["Credentials"]
    path = f"/_aws/execute-api/{api.id}/test/a"
    key, token = made["AccessKeyId"], made["SessionToken"]
    answer = signed(iam.aws, "GET", path, key, token)
    assert answer.json()["arn"] == f"arn:aws:sts::000000000000:assumed-role/{role.rpartition('/')[2]}/s"
    assert signed(iam.aws, "GET", path, key, "another").status_code == 403
    iam.aws.advance(901)
    expired = signed(iam.aws, "GET", path, key, token)
    assert (expired.status_code, expired.json()["message"]) == (
        403,
        "The security token included in the request is expired",
    )


def test_the_caller_is_passed_through(iam: Iam) -> None:
    """D3: `arn:aws:iam::*:user/*` as credentials calls the service in the caller's name."""
    api = Api(iam.aws)
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:kinesis:action/ListStreams",
        "credentials": "arn:aws:iam::*:user/*",
        "requestTemplates": {"application/json": "{}"},
    }
    responses: dict[str, Any] = {"200": {}, "400": {"selectionPattern": "4\\d{2}"}}
    api.method("/streams", "GET", integration, responses, authorizationType="AWS_IAM")
    api.method("/open", "GET", integration, responses)
    api.deploy()
    user = iam.user(allow("execute-api:Invoke"))
    path = f"/_aws/execute-api/{api.id}/test/streams"
    denied = signed(iam.aws, "GET", path, user.key["AccessKeyId"])
    assert denied.status_code == 400
    assert f"User: {user.arn} is not authorized to perform: kinesis:ListStreams" in denied.text
    user.may(allow(["execute-api:Invoke", "kinesis:ListStreams"]))
    assert signed(iam.aws, "GET", path, user.key["AccessKeyId"]).json()["StreamNames"] == []
    assert httpx.get(f"{iam.aws.url}/_aws/execute-api/{api.id}/test/open").status_code == 500


def test_an_import_of_what_sam_writes_for_iam(aws: Aws) -> None:
    """D7: `DefaultAuthorizer: AWS_IAM` of AWS::Serverless::Api."""
    scheme = {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    }
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200"}},
    }
    method = {
        "security": [{"AWS_IAM": []}],
        "responses": {"200": {"description": ""}},
        "x-amazon-apigateway-integration": mock,
    }
    body = {
        "swagger": "2.0",
        "info": {"title": "a"},
        "paths": {"/a": {"get": method}},
        "securityDefinitions": {"AWS_IAM": scheme},
    }
    client = aws.client("apigateway")
    api_id = client.import_rest_api(body=json.dumps(body), failOnWarnings=True)["id"]
    client.create_deployment(restApiId=api_id, stageName="dev")
    path = f"/_aws/execute-api/{api_id}/dev/a"
    assert httpx.get(aws.url + path).json() == MISSING
    assert signed(aws, "GET", path, "test").status_code == 200


# -- HTTP APIs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_http_apis(aws: Aws, version: str) -> None:
    """D7, D9: unsigned and denied are 403 Forbidden; the function is told who called."""
    api = HttpApi(aws)
    target = f"integrations/{api.function(ECHO, version=version)}"
    api.v2.create_route(ApiId=api.api_id, RouteKey="GET /a", Target=target, AuthorizationType="AWS_IAM")
    iam = Iam(aws)
    user = iam.user()
    path, key = f"/_aws/execute-api/{api.api_id}/a", user.key["AccessKeyId"]
    assert (httpx.get(aws.url + path).status_code, httpx.get(aws.url + path).json()) == (403, {"message": "Forbidden"})
    assert signed(aws, "GET", path, key).json() == {"message": "Forbidden"}
    assert signed(aws, "GET", path, "AKIAIOSFODNN7EXAMPLE").json() == {"message": "Forbidden"}
    user.may(allow("execute-api:Invoke", f"arn:aws:execute-api:us-east-1:000000000000:{api.api_id}/$default/GET/a"))
    context = signed(aws, "GET", path, key).json()["requestContext"]
    if version == "2.0":
        assert context["authorizer"]["iam"]["userArn"] == user.arn
        assert context["authorizer"]["iam"]["accessKey"] == key
    else:
        assert context["identity"]["userArn"] == user.arn
        assert "authorizer" not in context


# -- function URLs -----------------------------------------------------------------------------------------------


def test_a_function_url_asks_the_signers_policies(iam: Iam, aws: Aws) -> None:
    """C12: lambda:InvokeFunctionUrl of the user's own policy, or of the function's."""
    code = {"ZipFile": archive({"index.py": "def handler(event, context):\n    return 'ran'\n"})}
    lambda_, role = aws.client("lambda"), iam.role("lambda.amazonaws.com")
    function = lambda_.create_function(
        FunctionName="f", Runtime="python3.11", Handler="index.handler", Role=role, Code=code
    )["FunctionArn"]
    made = lambda_.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    path = "/_aws/lambda-url/" + made["FunctionUrl"].split("/")[2].partition(".")[0]

    def ask(user: User) -> int:
        return signed(aws, "GET", path, user.key["AccessKeyId"], service="lambda").status_code

    assert ask(iam.user(allow("lambda:InvokeFunctionUrl", function))) == 200
    nobody = iam.user(allow("lambda:InvokeFunction", function))
    assert ask(nobody) == 403
    lambda_.add_permission(
        FunctionName="f", StatementId="one", Action="lambda:InvokeFunctionUrl", Principal=nobody.arn,
        FunctionUrlAuthType="AWS_IAM",
    )  # fmt: skip
    assert ask(nobody) == 200
