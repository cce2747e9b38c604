"""CORS of buckets, and pages of `--allow-origin` (E1; AWS's S3 user guide, "Using cross-origin resource sharing")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from harness.emulator.testing import EmulatorThread
from tests.conftest import Aws

FRONT_END = "http://localhost:3000"
OTHER = "https://other.example"
NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
RULES = [
    {
        "AllowedOrigins": ["https://*.shop.example", FRONT_END],
        "AllowedMethods": ["PUT", "POST"],
        "AllowedHeaders": ["Content-Type", "x-amz-*"],
        "ExposeHeaders": ["ETag", "x-amz-version-id"],
        "MaxAgeSeconds": 300,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]},
]
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


@pytest.fixture
def s3(aws: Aws) -> Any:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="uploads")
    s3.put_bucket_cors(Bucket="uploads", CORSConfiguration={"CORSRules": RULES})
    return s3


@pytest.fixture(scope="module")
def open_aws() -> Iterator[Aws]:
    with EmulatorThread(allowed_origins=[FRONT_END]) as emulator:
        yield Aws(emulator.url)


def preflight(aws: Aws, path: str, origin: str, method: str, headers: str = "", host: str = "") -> httpx.Response:
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        sent["Access-Control-Request-Headers"] = headers
    if host:
        sent["Host"] = host
    return aws.http.options(path, headers=sent)


def allowed(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.usefixtures("s3")
def test_a_preflight_gets_the_first_rule_that_matches(aws: Aws) -> None:
    answer = preflight(aws, "/uploads/a/b.jpg", FRONT_END, "PUT", "content-type, X-Amz-Meta-Name")
    assert (answer.status_code, answer.content) == (200, b"")
    assert allowed(answer) == {
        "access-control-allow-origin": FRONT_END,
        "access-control-allow-methods": "PUT, POST",
        "access-control-allow-headers": "content-type, x-amz-meta-name",
        "access-control-expose-headers": "ETag, x-amz-version-id",
        "access-control-max-age": "300",
        "access-control-allow-credentials": "true",
    }
    assert answer.headers["vary"] == VARY
    anybody = preflight(aws, "/uploads/a", OTHER, "GET")
    assert allowed(anybody) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, HEAD",
    }


@pytest.mark.usefixtures("s3")
def test_a_preflight_finds_the_bucket_in_the_host(aws: Aws) -> None:
    for host in ("uploads.s3.localhost.localstack.cloud:4566", "uploads.localhost", "uploads.s3.amazonaws.com"):
        assert preflight(aws, "/key", "https://a.shop.example", "PUT", host=host).status_code == 200, host


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [
        (OTHER, "PUT", ""),
        ("https://shop.example", "PUT", ""),
        ("https://a.shop.example.evil.example", "PUT", ""),
        ("http://localhost:3001", "POST", ""),
        (FRONT_END, "DELETE", ""),
        (FRONT_END, "PUT", "content-type,authorization"),
        (OTHER, "GET", "range"),
    ],
)
def test_a_preflight_without_a_rule_is_refused(aws: Aws, origin: str, method: str, headers: str) -> None:
    answer = preflight(aws, "/uploads/a", origin, method, headers)
    assert answer.status_code == 403
    assert "<Code>AccessForbidden</Code>" in answer.text
    assert NOT_ALLOWED.replace("'", "&#x27;") in answer.text
    assert allowed(answer) == {}


@pytest.mark.parametrize("bucket", ["plain", "missing"])
def test_a_bucket_without_rules_allows_nothing(aws: Aws, bucket: str) -> None:
    aws.client("s3").create_bucket(Bucket="plain")
    answer = preflight(aws, f"/{bucket}/key", FRONT_END, "GET")
    assert (answer.status_code, "CORSResponse: CORS is not enabled for this bucket." in answer.text) == (403, True)


def test_an_upload_by_a_presigned_url(aws: Aws, s3: Any) -> None:
    """What a front end does: preflight, PUT, and another page's GET, each with the headers of its own rule."""
    parameters = {"Bucket": "uploads", "Key": "a.txt"}
    url = s3.generate_presigned_url("put_object", {**parameters, "ContentType": "text/plain"})
    assert preflight(aws, url, FRONT_END, "PUT", "content-type").status_code == 200
    put = aws.http.put(url, content=b"hello", headers={"Origin": FRONT_END, "Content-Type": "text/plain"})
    assert put.status_code == 200, put.text
    assert allowed(put) == {
        "access-control-allow-origin": FRONT_END,
        "access-control-allow-methods": "PUT, POST",
        "access-control-expose-headers": "ETag, x-amz-version-id",
        "access-control-max-age": "300",
        "access-control-allow-credentials": "true",
    }
    download = s3.generate_presigned_url("get_object", parameters)
    got = aws.http.get(download, headers={"Origin": OTHER})
    assert (got.content, got.headers["access-control-allow-origin"], got.headers["vary"]) == (b"hello", "*", VARY)
    image = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "image", "Referer": f"{FRONT_END}/"}
    assert aws.http.get(download, headers=image).content == b"hello"


def test_an_upload_by_a_form(aws: Aws, s3: Any) -> None:
    form = s3.generate_presigned_post("uploads", "form.txt")
    sent = aws.http.post(form["url"], data=form["fields"], files={"file": b"x"}, headers={"Origin": FRONT_END})
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (204, FRONT_END)
    assert s3.get_object(Bucket="uploads", Key="form.txt")["Body"].read() == b"x"


@pytest.mark.usefixtures("s3")
def test_errors_tell_the_page_as_well(aws: Aws) -> None:
    missing = aws.http.get("/uploads/nothing", headers={"Origin": OTHER})
    assert (missing.status_code, missing.headers["access-control-allow-origin"]) == (404, "*")


@pytest.mark.emulator_only
def test_a_page_without_a_rule_gets_nothing(aws: Aws, s3: Any) -> None:
    """S3 would serve it, without headers (law 9)."""
    refused = aws.http.put("/uploads/evil", content=b"x", headers={"Origin": OTHER})
    assert (refused.status_code, "No CORS rule of the bucket uploads" in refused.text) == (403, True)
    assert allowed(refused) == {}
    assert s3.list_objects_v2(Bucket="uploads")["KeyCount"] == 0


@pytest.mark.emulator_only
@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("PUT", "/uploads?policy", {}),
        ("PUT", "/other", {}),
        ("GET", "/uploads?policy", {}),
        ("GET", "/", {}),
        ("PUT", "/uploads/stolen", {"x-amz-copy-source": "/private/key"}),
        ("PUT", "/uploads/stolen", {"x-amz-copy-source": "%70rivate/key"}),
        ("POST", "/_harness/reset", {}),
        ("POST", "/?Action=CreateUser&Version=2010-05-08&UserName=evil", {}),
    ],
)
def test_a_rule_opens_objects_alone(aws: Aws, s3: Any, method: str, target: str, headers: dict[str, str]) -> None:
    """On AWS a signature guards the rest."""
    s3.create_bucket(Bucket="private")
    s3.put_object(Bucket="private", Key="key", Body=b"secret")
    refused = aws.http.request(method, target, headers={**headers, "Origin": FRONT_END})
    assert (refused.status_code, allowed(refused)) == (403, {})


@pytest.mark.emulator_only
def test_a_fault_is_not_spent_on_the_look_at_the_rules(aws: Aws, s3: Any) -> None:
    s3.put_object(Bucket="uploads", Key="key", Body=b"x")
    rule = {"fault": "error", "match": {"service": "s3"}, "when": {"count": 1}, "with": {"code": "SlowDown"}}
    aws.admin("POST", "faults", rule)
    assert preflight(aws, "/uploads/key", OTHER, "GET").status_code == 200
    failed = aws.http.get("/uploads/key", headers={"Origin": OTHER})
    assert ("SlowDown" in failed.text, failed.headers["access-control-allow-origin"]) == (True, "*")


# -- --allow-origin --------------------------------------------------------------------------------------------


def test_the_page_of_an_allowed_origin_may_call_every_service(open_aws: Aws) -> None:
    asked = preflight(open_aws, "/", FRONT_END, "POST", "content-type,x-amz-target,authorization")
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, FRONT_END)
    assert asked.headers["access-control-allow-headers"] == "content-type, x-amz-target, authorization"
    assert "POST" in asked.headers["access-control-allow-methods"]
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    answer = open_aws.http.post("/", content=b"{}", headers={**headers, "Origin": FRONT_END})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, FRONT_END)
    assert "x-amzn-RequestId" in answer.headers["access-control-expose-headers"]
    assert open_aws.http.get("/_harness/health", headers={"Origin": FRONT_END}).status_code == 200


def test_it_uploads_to_a_bucket_without_rules(open_aws: Aws) -> None:
    s3 = open_aws.client("s3")
    s3.create_bucket(Bucket="plain")
    url = s3.generate_presigned_url("put_object", {"Bucket": "plain", "Key": "k"})
    assert preflight(open_aws, url, FRONT_END, "PUT").status_code == 200
    put = open_aws.http.put(url, content=b"x", headers={"Origin": FRONT_END})
    assert (put.status_code, put.headers["access-control-allow-origin"]) == (200, FRONT_END)
    assert "ETag" in put.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["http://localhost:3001", "http://127.0.0.1:3000", "null", "https://localhost:3000"])
def test_other_origins_stay_out(open_aws: Aws, origin: str) -> None:
    assert preflight(open_aws, "/", origin, "POST", "x-amz-target").status_code == 403
    assert open_aws.http.get("/_harness/health", headers={"Origin": origin}).status_code == 403
