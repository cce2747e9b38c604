"""Presigned URLs and forms end on the world's clock (E1; S3 API reference, "Authenticating Requests")."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import Aws

OBJECT = {"Bucket": "links", "Key": "key"}


@pytest.fixture(params=["s3", "s3v4"])
def s3(request: pytest.FixtureRequest, aws: Aws) -> Any:
    """A client for both signature versions of URLs."""
    s3 = aws.client("s3", config=Config(signature_version=request.param))
    s3.create_bucket(Bucket="links")
    s3.put_object(**OBJECT, Body=b"hello")
    return s3


def link(s3: Any, seconds: int = 3600) -> str:
    return str(s3.generate_presigned_url("get_object", OBJECT, ExpiresIn=seconds))


@pytest.mark.emulator_only
def test_a_url_ends_when_its_time_is_over(aws: Aws, s3: Any) -> None:
    url = link(s3)
    assert aws.http.get(url).content == b"hello"
    aws.advance(3590)
    assert aws.http.get(url).content == b"hello"
    aws.advance(20)
    answer = aws.http.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/xml")
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in answer.text
    ended, now = re.findall(r"<(?:Expires|ServerTime)>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)<", answer.text)
    assert ended < now
    assert ("<X-Amz-Expires>3600</X-Amz-Expires>" in answer.text) == ("X-Amz-Expires" in url)


@pytest.mark.emulator_only
def test_a_url_that_was_made_after_time_moved_is_fresh(aws: Aws, s3: Any) -> None:
    """Clients date by the machine's clock, wherever the world's is."""
    aws.advance(3 * 86400)
    url = link(s3)
    assert aws.http.get(url).content == b"hello"
    aws.advance(3610)
    assert aws.http.get(url).status_code == 403
    assert aws.http.get(link(s3, 7200)).content == b"hello"


@pytest.mark.emulator_only
def test_a_form_ends_with_its_policy(aws: Aws, s3: Any) -> None:
    form = s3.generate_presigned_post("links", "form", ExpiresIn=600)
    assert aws.http.post(form["url"], data=form["fields"], files={"file": b"x"}).status_code == 204
    aws.advance(610)
    refused = aws.http.post(form["url"], data=form["fields"], files={"file": b"y"})
    assert (refused.status_code, "Invalid according to Policy: Policy expired." in refused.text) == (403, True)
    assert s3.get_object(Bucket="links", Key="form")["Body"].read() == b"x"


def test_a_url_of_yesterday_has_ended(aws: Aws) -> None:
    aws.client("s3").create_bucket(Bucket="links")
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 86400))
    v4 = signed(**{"X-Amz-Date": old})
    assert "Request has expired" in aws.http.get(f"/links/key?{v4}").text
    v2 = f"AWSAccessKeyId=test&Signature=abc&Expires={int(time.time()) - 10}"
    assert "Request has expired" in aws.http.get(f"/links/key?{v2}").text


def signed(**changes: str | None) -> str:
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    parameters: dict[str, str | None] = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request",
        "X-Amz-Date": now,
        "X-Amz-Expires": "3600",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": "0" * 64,
        **changes,
    }
    return "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X-Amz-Expires": "604801"}, "must be less than a week (in seconds)"),
        ({"X-Amz-Expires": "-1"}, "X-Amz-Expires must be non-negative"),
        ({"X-Amz-Expires": "soon"}, "X-Amz-Expires should be a number"),
        ({"X-Amz-Expires": "9" * 5000}, "X-Amz-Expires should be a number"),
        ({"X-Amz-Expires": None}, "requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature"),
        ({"X-Amz-Date": None}, "requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature"),
        ({"X-Amz-Date": "2026-01-01"}, "X-Amz-Date must be in the ISO8601 Long Format"),
        ({"X-Amz-Date": "20261301T000000Z"}, "X-Amz-Date must be in the ISO8601 Long Format"),
    ],
)
def test_bad_parameters_are_named(aws: Aws, changes: dict[str, str | None], message: str) -> None:
    answer = aws.http.get(f"/links/key?{signed(**changes)}")
    assert (answer.status_code, "<Code>AuthorizationQueryParametersError</Code>" in answer.text) == (400, True)
    assert message in answer.text


@pytest.mark.parametrize("query", ["Expires=soon", "Expires=", "Expires=99999999999999999999"])
def test_bad_ends_of_version_2_are_refused(aws: Aws, query: str) -> None:
    answer = aws.http.get(f"/links/key?AWSAccessKeyId=test&Signature=abc&{query}")
    assert (answer.status_code, "<Code>AccessDenied</Code>" in answer.text) == (403, True)
