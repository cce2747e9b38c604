"""Which service and operation a request means (edge/recognise.py)."""

import pytest

from harness.emulator.call import HttpRequest
from harness.emulator.edge.recognise import recognise, s3_operation


def signed(service: str, key: str = "test", region: str = "eu-west-1") -> tuple[str, str]:
    credential = f"{key}/20260101/{region}/{service}/aws4_request"
    return "authorization", f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"


def request(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> HttpRequest:
    return HttpRequest(method, target, list(headers), body)


@pytest.mark.parametrize(
    ("sent", "service", "operation", "form"),
    [
        (request("POST", "/", ("x-amz-target", "Kinesis_20131202.PutRecord")), "kinesis", "PutRecord", "json"),
        (
            request(
                "POST", "/", ("x-amz-target", "Kinesis_20131202.X"), ("content-type", "application/x-amz-cbor-1.1")
            ),
            "kinesis",
            "X",
            "cbor",
        ),
        (request("GET", "/restapis", signed("apigateway")), "apigateway", "", "rest"),
        (request("GET", "/v2/apis", signed("apigateway")), "apigatewayv2", "", "rest"),
        (request("GET", "/2015-03-31/functions/"), "lambda", "", "rest"),
        (
            request(
                "POST",
                "/",
                signed("iam"),
                ("content-type", "application/x-www-form-urlencoded"),
                body=b"Action=ListRoles&Version=2010-05-08",
            ),
            "iam",
            "ListRoles",
            "query",
        ),
        (request("GET", "/", ("host", "sts.amazonaws.com")), "sts", "", "query"),
        (
            request(
                "POST",
                "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                ("smithy-protocol", "rpc-v2-cbor"),
                signed("monitoring"),
            ),
            "cloudwatch",
            "PutMetricData",
            "rpcv2",
        ),
        (request("GET", "/"), "s3", "ListBuckets", "s3"),
        (request("POST", "/", signed("braket")), "braket", "", "query"),
    ],
)
def test_service_and_operation(sent: HttpRequest, service: str, operation: str, form: str) -> None:
    meant = recognise(sent)
    assert (meant.service, meant.operation, meant.form) == (service, operation, form)


def test_account_and_region_come_from_the_signature() -> None:
    caller = recognise(request("GET", "/b/k", signed("s3", key="111122223333"))).caller
    assert (caller.account, caller.region) == ("111122223333", "eu-west-1")
    assert recognise(request("GET", "/b/k", signed("s3"))).caller.account == "000000000000"


def test_presigned_query_names_service_account_and_region() -> None:
    target = (
        "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=111122223333%2F20260101%2Fus-west-2%2Fs3%2Faws4_request"
    )
    meant = recognise(request("GET", target))
    assert (meant.service, meant.operation) == ("s3", "GetObject")
    assert (meant.caller.account, meant.caller.region) == ("111122223333", "us-west-2")


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/b?list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b?policy", "GetBucketPolicy"),
        ("PUT", "/b?publicAccessBlock", "PutPublicAccessBlock"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b/k/deep", "PutObject"),
        ("GET", "/b/k?tagging", "GetObjectTagging"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"),
        ("HEAD", "/b/k", "HeadObject"),
    ],
)
def test_s3_operations(method: str, target: str, operation: str) -> None:
    assert s3_operation(request(method, target)) == operation


def test_virtual_host_style_keys() -> None:
    sent = request("PUT", "/k", ("host", "bucket.s3.localhost.localstack.cloud:4566"))
    assert s3_operation(sent) == "PutObject"
    assert s3_operation(request("PUT", "/", ("host", "bucket.s3.amazonaws.com"))) == "CreateBucket"
