"""S3 over plain HTTP: presigned URLs, addressing styles, chunked uploads, HEAD, error bodies (E1)."""

from __future__ import annotations

import base64
import zlib
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_presigned_urls(aws: Any) -> None:
    """E1: presigned PUT and GET need no header."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="presigned")
    params = {"Bucket": "presigned", "Key": "a b/ü"}
    put = httpx.put(s3.generate_presigned_url("put_object", Params=params), content=b"body")
    assert (put.status_code, put.content) == (200, b"")
    got = httpx.get(s3.generate_presigned_url("get_object", Params=params))
    assert (got.status_code, got.content) == (200, b"body")
    asked = s3.generate_presigned_url("get_object", Params={**params, "ResponseContentType": "text/x"})
    assert httpx.get(asked).headers["content-type"] == "text/x"


def test_unsigned_readers_get_nothing(aws: Any) -> None:
    """E1: objects are private."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="private")
    s3.put_object(Bucket="private", Key="k", Body=b"x")
    assert aws.http.get("/private/k").status_code == 403


@pytest.mark.parametrize("host", ["styles.s3.localhost.localstack.cloud", "styles.s3.us-east-1.amazonaws.com"])
def test_virtual_host_style(aws: Any, host: str) -> None:
    """E1: the bucket in the Host header."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="styles")
    headers = {"host": host, "authorization": AUTHORIZATION}
    assert aws.http.put("/dir/k%20y", content=b"x", headers=headers).status_code == 200
    assert s3.get_object(Bucket="styles", Key="dir/k y")["Body"].read() == b"x"
    listed = aws.http.get("/?list-type=2", headers=headers)
    assert b"<Key>dir/k y</Key>" in listed.content


def test_chunked_upload_with_trailer(aws: Any) -> None:
    """E1: STREAMING-UNSIGNED-PAYLOAD-TRAILER with x-amz-checksum-crc32; a wrong checksum stores nothing."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="chunked")
    content = b"x" * 70_000

    def upload(key: str, checksum: str) -> httpx.Response:
        chunks = [content[:65_536], content[65_536:]]
        body = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
        headers = {
            "authorization": AUTHORIZATION,
            "content-encoding": "aws-chunked",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(content)),
            "x-amz-trailer": "x-amz-checksum-crc32",
            "x-amz-sdk-checksum-algorithm": "CRC32",
        }
        end = f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
        answer: httpx.Response = aws.http.put(f"/chunked/{key}", content=body + end, headers=headers)
        return answer

    assert upload("good", crc32(content)).status_code == 200
    got = s3.get_object(Bucket="chunked", Key="good")
    assert got["Body"].read() == content
    assert "ContentEncoding" not in got
    assert s3.head_object(Bucket="chunked", Key="good", ChecksumMode="ENABLED")["ChecksumCRC32"] == crc32(content)

    refused = upload("bad", crc32(b"other"))
    assert refused.status_code == 400
    assert ElementTree.fromstring(refused.content).findtext("Code") == "BadDigest"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="chunked")["Contents"]] == ["good"]


def test_head(aws: Any) -> None:
    """E1: HEAD answers have GET's headers and no body, errors included."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="heads")
    s3.put_object(Bucket="heads", Key="k", Body=b"12345")
    headers = {"authorization": AUTHORIZATION}
    found = aws.http.head("/heads/k", headers=headers)
    assert (found.status_code, found.content, found.headers["content-length"]) == (200, b"", "5")
    for path in ("/heads/no", "/no-such-bucket", "/no-such-bucket/k"):
        missing = aws.http.head(path, headers=headers)
        assert (missing.status_code, missing.content) == (404, b"")
    assert aws.http.head("/heads", headers=headers).headers["x-amz-bucket-region"] == "us-east-1"


def test_error_body(aws: Any) -> None:
    """E1: XML errors with code, message, resource name and request id."""
    answer = aws.http.get("/no-such-bucket/k", headers={"authorization": AUTHORIZATION})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["x-amz-request-id"]
    error = ElementTree.fromstring(answer.content)
    assert error.tag == "Error"
    assert error.findtext("Code") == "NoSuchBucket"
    assert error.findtext("Message") == "The specified bucket does not exist"
    assert error.findtext("BucketName") == "no-such-bucket"
    assert error.findtext("RequestId")
    assert error.findtext("HostId")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/broken?versioning", b"<Versioning"),
        ("PUT", "/broken?lifecycle", b"not xml"),
        ("POST", "/broken?delete", b"<Delete><Object>"),
        ("PUT", "/broken?tagging", b""),
        ("GET", "/broken?list-type=2&max-keys=many", b""),
        ("GET", "/%ff%fe/%00", b""),
    ],
)
def test_bad_input(aws: Any, method: str, path: str, body: bytes) -> None:
    """E1 (errors): an XML error with a client's status, and the bucket lives on."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="broken")
    answer = aws.http.request(method, path, content=body, headers={"authorization": AUTHORIZATION})
    assert 400 <= answer.status_code < 500, answer.content
    assert ElementTree.fromstring(answer.content).findtext("Code")
    assert s3.list_objects_v2(Bucket="broken")["KeyCount"] == 0
