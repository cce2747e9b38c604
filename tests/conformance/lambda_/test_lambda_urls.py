"""Function URLs: their configuration, who may come in, and what functions see and answer (C12)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.conformance.lambda_.conftest import archive

ECHO = "def handler(event, context):\n    return event\n"
ANSWER = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
PUBLIC = {"StatementId": "public", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}


class Url:
    """A function's URL, asked under its own host name."""

    def __init__(self, functions: Any, name: str, *, public: bool = True, **settings: Any) -> None:
        self.functions = functions
        self.made = functions.client.create_function_url_config(FunctionName=name, **({"AuthType": "NONE"} | settings))
        if public:
            qualifier = {"Qualifier": settings["Qualifier"]} if "Qualifier" in settings else {}
            functions.client.add_permission(FunctionName=name, FunctionUrlAuthType="NONE", **PUBLIC, **qualifier)
        self.host = str(urlsplit(self.made["FunctionUrl"]).netloc)

    def ask(self, path: str = "/", method: str = "GET", **options: Any) -> Any:
        headers = {"Host": self.host} | options.pop("headers", {})
        return self.functions.aws.http.request(method, path, headers=headers, **options)


def test_its_configuration(functions: Any) -> None:
    """C12: created once, read, changed, listed, deleted; one for the function and one for each alias."""
    client = functions.client
    name = functions.make(ECHO, Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    cors = {"AllowOrigins": ["https://example.com"], "AllowMethods": ["GET"], "MaxAge": 60}
    made = client.create_function_url_config(FunctionName=name, AuthType="AWS_IAM", Cors=cors)
    assert made["FunctionArn"].endswith(f":function:{name}")
    assert (made["AuthType"], made["Cors"], made["InvokeMode"]) == ("AWS_IAM", cors, "BUFFERED")
    url_id = urlsplit(made["FunctionUrl"]).netloc.partition(".")[0]
    assert len(url_id) == 32
    with pytest.raises(ClientError, match="FunctionUrlConfig exists for this Lambda function") as twice:
        client.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert twice.value.response["Error"]["Code"] == "ResourceConflictException"
    alias = client.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    assert alias["FunctionArn"].endswith(f":function:{name}:live")
    assert len(client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 2
    functions.aws.advance(5)
    changed = client.update_function_url_config(FunctionName=name, AuthType="NONE", Cors={})
    assert "Cors" not in changed
    assert changed["LastModifiedTime"] > changed["CreationTime"]
    read = client.get_function_url_config(FunctionName=f"{name}:live")
    assert read["FunctionUrl"] == alias["FunctionUrl"]
    client.delete_function_url_config(FunctionName=name)
    with pytest.raises(ClientError, match="The resource you requested does not exist"):
        client.get_function_url_config(FunctionName=name)
    client.delete_alias(FunctionName=name, Name="live")
    assert client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    with pytest.raises(ClientError, match="Function does not exist"):
        client.create_function_url_config(FunctionName="nobody", AuthType="NONE")
    with pytest.raises(ClientError, match="at 'qualifier' failed to satisfy constraint"):
        client.create_function_url_config(FunctionName=name, AuthType="NONE", Qualifier="1")


def test_nobody_comes_in_without_a_permission(functions: Any) -> None:
    """C12: 403 until the resource policy says so; a statement for AWS_IAM does not count for NONE."""
    name = functions.make(ECHO)
    url = Url(functions, name, public=False)
    refused = url.ask()
    assert refused.status_code == 403
    assert refused.json()["Message"].startswith("Forbidden")
    assert refused.headers["x-amzn-errortype"] == "AccessDeniedException"
    client = functions.client
    client.add_permission(FunctionName=name, FunctionUrlAuthType="AWS_IAM", **PUBLIC)
    assert url.ask().status_code == 403
    with pytest.raises(ClientError, match="FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"):
        client.add_permission(
            FunctionName=name,
            StatementId="a",
            Action="lambda:InvokeFunction",
            Principal="*",
            FunctionUrlAuthType="NONE",
        )
    added = client.add_permission(FunctionName=name, FunctionUrlAuthType="NONE", **(PUBLIC | {"StatementId": "two"}))
    condition = json.loads(added["Statement"])["Condition"]
    assert condition == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    assert url.ask().status_code == 200
    gone = functions.aws.http.get("/", headers={"Host": "a" * 32 + ".lambda-url.us-east-1.on.aws"})
    assert (gone.status_code, gone.json()) == (404, {"Message": None})


def test_what_the_function_sees(functions: Any) -> None:
    """C12: payload format 2.0, with the URL's id in the place of an API's."""
    url = Url(functions, functions.make(ECHO))
    event = url.ask("/a%20b/c?x=1&x=2", "POST", content=b"\x00\xff", headers={
        "Content-Type": "application/octet-stream", "Cookie": "a=1; b=2",
    }).json()  # fmt: skip
    url_id = url.host.partition(".")[0]
    context = event["requestContext"]
    assert (event["version"], event["routeKey"], event["rawQueryString"]) == ("2.0", "$default", "x=1&x=2")
    assert (event["cookies"], event["queryStringParameters"]) == (["a=1", "b=2"], {"x": "1,2"})
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)
    assert context["http"]["method"] == "POST"
    assert (context["accountId"], context["apiId"], context["stage"]) == ("anonymous", url_id, "$default")
    assert (context["domainPrefix"], context["domainName"]) == (url_id, f"{url_id}.lambda-url.us-east-1.on.aws")
    assert "authorizer" not in context


@pytest.mark.parametrize("place", ["{id}.lambda-url.us-east-1.on.aws", "{id}.lambda-url.us-east-1.localhost:4566", ""])
def test_every_form_of_its_address(functions: Any, place: str) -> None:
    """Fixed names: AWS's host, LocalStack's, and a path for machines without such names."""
    url = Url(functions, functions.make(ECHO))
    url_id = url.host.partition(".")[0]
    if place:
        event = functions.aws.http.get("/path", headers={"Host": place.format(id=url_id)}).json()
    else:
        event = functions.aws.http.get(f"/_aws/lambda-url/{url_id}/path").json()
    assert event["rawPath"] == "/path"


@pytest.mark.parametrize(
    ("result", "status", "kind", "body"),
    [
        ({"statusCode": 201, "headers": {"X-Own": "yes"}, "body": "made"}, 201, "application/json", b"made"),
        ({"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "AP8=", "isBase64Encoded": True},
         200, "image/png", b"\x00\xff"),
        ({"any": "thing"}, 200, "application/json", b'{"any": "thing"}'),
        ("text", 200, "application/json", b"text"),
        ({"statusCode": "nothing"}, 502, "application/json", b"Internal Server Error"),
    ],
)  # fmt: skip
def test_what_an_answer_means(functions: Any, result: Any, status: int, kind: str, body: bytes) -> None:
    """C12."""
    answer = Url(functions, functions.make(ANSWER)).ask(method="POST", json=result)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (status, kind, body)


def test_a_function_that_fails(functions: Any) -> None:
    """C12: 502, without the function's words; 429 where it may not run."""
    name = functions.make("def handler(event, context):\n    raise ValueError('secret')\n")
    url = Url(functions, name)
    answer = url.ask()
    assert (answer.status_code, answer.text) == (502, "Internal Server Error")
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert url.ask().status_code == 429


def test_an_aliass_url_runs_its_version(functions: Any) -> None:
    """C12: with the alias in the ARN that the function was invoked by."""
    name = functions.make("def handler(event, context):\n    return context.invoked_function_arn\n", Publish=True)
    functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.client.update_function_code(FunctionName=name, ZipFile=archive({"index.py": ECHO}))
    url = Url(functions, name, Qualifier="live")
    assert url.ask().text.endswith(f":function:{name}:live")


def test_cors(functions: Any) -> None:
    """C12: preflights are answered without the function, and its CORS headers are overruled."""
    source = "def handler(event, context):\n    return {'statusCode': 200, 'headers': "
    source += "{'access-control-allow-origin': '*'}}\n"
    cors = {"AllowOrigins": ["https://page.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-own"], "MaxAge": 9}
    url = Url(functions, functions.make(source), Cors=cors)
    preflight = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    allowed = url.ask(method="OPTIONS", headers=preflight)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://page.example"
    assert allowed.headers["access-control-max-age"] == "9"
    assert url.ask(headers={"Origin": "https://page.example"}).headers["access-control-allow-origin"] == (
        "https://page.example"
    )
    assert "access-control-allow-origin" not in url.ask(headers={"Origin": "https://other.example"}).headers


def test_signed_requests(functions: Any) -> None:
    """C12: AWS_IAM wants a signature; the event says whose; another account needs the policy."""
    name = functions.make(ECHO)
    url = Url(functions, name, public=False, AuthType="AWS_IAM")
    assert url.ask().status_code == 403

    def signed(account: str) -> Any:
        address = f"http://{url.host}/path"
        request = AWSRequest("GET", address)
        SigV4Auth(Credentials(account, "secret"), "lambda", "us-east-1").add_auth(request)
        return url.ask("/path", headers=dict(request.headers.items()))

    answer = signed("000000000000")
    assert answer.status_code == 200
    context = answer.json()["requestContext"]
    assert context["accountId"] == "000000000000"
    assert context["authorizer"]["iam"]["userArn"] == "arn:aws:iam::000000000000:root"
    assert signed("111111111111").status_code == 403
    functions.client.add_permission(
        FunctionName=name, StatementId="other", Action="lambda:InvokeFunctionUrl", Principal="111111111111",
        FunctionUrlAuthType="AWS_IAM",
    )  # fmt: skip
    assert signed("111111111111").json()["requestContext"]["accountId"] == "111111111111"
