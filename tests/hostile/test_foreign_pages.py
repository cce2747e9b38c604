"""Pages of other sites get nothing (law 9): requests as browsers send them, by every way in, and what they left behind.

Raw HTTP: a client library would add or mend headers.
"""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import httpx
import pytest

from harness.testing.stack import archive
from tests.conftest import Aws

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
IMAGE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "User-Agent": CHROME}
LINK = {**IMAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAME = {**IMAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
OTHER_PORT = {**IMAGE, "Sec-Fetch-Site": "same-site", "Referer": "http://localhost:3000/"}
OLD_BROWSER = {"User-Agent": CHROME, "Referer": "http://evil.example/"}
SILENT_BROWSER = {"User-Agent": CHROME}  # under a name that is no loopback name, from a page without a referrer
FETCH = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "http://evil.example"}
SANDBOX = {"Sec-Fetch-Site": "cross-site", "Origin": "null"}
REBOUND = {"Host": "evil.example:4566", "User-Agent": CHROME}
REBOUND_PLAIN = {"Host": "evil.example:4566"}  # whatever a page may leave out
NO_ADDRESS = {"Host": "[evil.example"}

PAGES = {
    "image": IMAGE,
    "link": LINK,
    "frame": FRAME,
    "other port": OTHER_PORT,
    "old browser": OLD_BROWSER,
    "silent browser": SILENT_BROWSER,
    "fetch": FETCH,
    "sandbox": SANDBOX,
    "rebound": REBOUND,
    "rebound, plain": REBOUND_PLAIN,
    "no address": NO_ADDRESS,
}
IAM = "/?Action=CreateUser&Version=2010-05-08&UserName=evil"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
AMZ_JSON = {"Content-Type": "application/x-amz-json-1.1"}
STREAM = json.dumps({"StreamName": "evil", "ShardCount": 1})

# Method, target, headers, body, and how the protocol names a refusal.
REQUESTS = {
    "query by GET": ("GET", IAM, {}, "", "<Code>AccessDenied</Code>"),
    "query by a form": ("POST", "/", FORM, IAM[2:], "<Code>AccessDenied</Code>"),
    "json": (
        "POST", "/", {**AMZ_JSON, "X-Amz-Target": "Kinesis_20131202.CreateStream"}, STREAM,
        '"__type":"AccessDeniedException"',
    ),
    "rest": ("GET", "/2015-03-31/functions/", {}, "", '"message":"'),
    "s3 bucket": ("PUT", "/evil-bucket", {}, "", "<Code>AccessDenied</Code>"),
    "s3 object": ("GET", "/bucket/key", {}, "", "<Code>AccessDenied</Code>"),
    "admin": ("POST", "/_harness/reset", {}, "", '{"message":"'),
    "admin by GET": ("GET", "/_harness/health", {}, "", '{"message":"'),
    "sink's content": ("GET", "/_harness/sinks/secret", {}, "", '{"message":"'),
    "sink's script": ("PUT", "/_harness/sinks/secret", {}, '{"answers": [{"status": 500}]}', '{"message":"'),
    "localstack": ("POST", "/_localstack/chaos/faults", {}, "[{}]", '{"message":"'),
    "localstack by GET": ("GET", "/_localstack/health", {}, "", '{"message":"'),
}  # fmt: skip

Answer = tuple[int, dict[str, str], str]


def send(aws: Aws, method: str, target: str, headers: dict[str, str], body: str = "") -> Answer:
    """Status, headers by lower-case name, and body of the answer to exactly this request."""
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
    try:
        connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_a_page_of_another_site_is_refused(
    aws: Aws, request_: tuple[str, str, dict[str, str], str, str], page: dict[str, str]
) -> None:
    method, target, headers, body, refusal = request_
    status, answered, text = send(aws, method, target, {**headers, **page}, body)
    assert (status, refusal in text) == (403, True), text
    assert not any(name.startswith("access-control-") for name in answered)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_it_changes_nothing(aws: Aws, page: dict[str, str]) -> None:
    aws.client("s3").create_bucket(Bucket="bucket")
    for method, target, headers, body, _ in REQUESTS.values():
        send(aws, method, target, {**headers, **page}, body)
    assert [user["UserName"] for user in aws.client("iam").list_users()["Users"]] == []
    assert aws.client("kinesis").list_streams()["StreamNames"] == []
    assert [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]] == ["bucket"]
    assert aws.admin("GET", "sinks")["sinks"] == []


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_it_delivers_nothing_to_a_sink(aws: Aws, page: dict[str, str]) -> None:
    """A browser puts Origin on every POST, also on one to the page's own, rebound name."""
    sent = page if "Sec-Fetch-Site" in page or "User-Agent" in page else {**page, "Origin": "http://evil.example:4566"}
    assert send(aws, "POST", "/_harness/sinks/s/deliver", sent, "{}")[0] == 403
    assert aws.admin("GET", "sinks")["sinks"] == []


def test_a_delivery_reaches_a_sink_under_the_host_that_it_stands_for(aws: Aws) -> None:
    status, _, _ = send(aws, "POST", "/_harness/sinks/collector.example/deliver", {"Host": "collector.example"}, "{}")
    assert status == 200
    assert aws.admin("GET", "sinks")["sinks"] == ["collector.example"]


@pytest.mark.parametrize(
    "client",
    [
        {},
        {"User-Agent": "Boto3/1.40.0 md/Botocore#1.40.0"},
        {"User-Agent": "curl/8.5.0", "Referer": "https://example.com/"},
        {"Host": "localstack:4566"},
        {"Host": "iam.amazonaws.com"},
        {"User-Agent": CHROME, "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"User-Agent": CHROME, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_everybody_else_is_served(aws: Aws, client: dict[str, str]) -> None:
    assert send(aws, "GET", IAM.replace("evil", "good"), client)[0] == 200
    assert [user["UserName"] for user in aws.client("iam").list_users()["Users"]] == ["good"]


def test_http_1_0_without_a_host_is_no_browser(aws: Aws) -> None:
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
    connection.putrequest("GET", "/_harness/health", skip_host=True, skip_accept_encoding=True)
    connection.endheaders()
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("page", [IMAGE, FETCH, SANDBOX, OTHER_PORT])
def test_deployed_apis_answer_pages_themselves(aws: Aws, page: dict[str, str]) -> None:
    status, answered, text = send(aws, "GET", "/_aws/execute-api/unknown/dev/", page)
    assert (status, text) == (403, '{"message":"Forbidden"}')
    assert answered["x-amzn-errortype"] == "ForbiddenException"


@pytest.mark.parametrize("host", ["evil.example", "abc.execute-api.evil.example", "abc.execute-api.app"])
def test_deployed_apis_are_no_rebound_page_s(aws: Aws, host: str) -> None:
    """A page that owns the Host would read the answers as its own."""
    status, answered, _ = send(aws, "GET", "/_aws/execute-api/unknown/dev/", {"Host": host})
    assert status == 403
    assert answered.get("x-amzn-errortype") != "ForbiddenException"


@pytest.mark.parametrize("page", [IMAGE, OTHER_PORT, FETCH, SANDBOX, REBOUND, NO_ADDRESS, {"Host": "localhost"}])
def test_the_runtime_api_of_functions_is_closed_too(aws: Aws, page: dict[str, str]) -> None:
    """It listens on a port of its own."""
    code = archive({"m.py": "def handler(event, context): return 1"})
    role = "arn:aws:iam::000000000000:role/f"
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="f", Runtime="python3.11", Role=role, Handler="m.handler", Code={"ZipFile": code}
    )
    place = functions.get_function(FunctionName="f")["Code"]["Location"]
    assert httpx.get(place).content == code
    assert httpx.get(place, headers=page).status_code == 403
