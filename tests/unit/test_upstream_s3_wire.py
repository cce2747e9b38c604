"""S3 requests brought into the form that the upstream reads."""

from __future__ import annotations

import base64
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.s3_address import bucket_of_host
from harness.emulator.upstream.s3_wire import dechunk, is_xml, normalised


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def chunked(parts: list[bytes], trailers: str = "", extension: str = "") -> bytes:
    framed = b"".join(f"{len(part):x}{extension}\r\n".encode() + part + b"\r\n" for part in parts if part)
    return framed + f"0{extension}\r\n{trailers}\r\n".encode()


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("127.0.0.1:4566", None),
        ("localhost", None),
        ("localhost:4566", None),
        ("s3.localhost.localstack.cloud:4566", None),
        ("localhost.localstack.cloud:4566", None),
        ("s3.amazonaws.com", None),
        ("s3-eu-west-1.amazonaws.com", None),
        ("s3.localhost", None),
        ("[::1]:4566", None),
        ("data.s3.localhost.localstack.cloud:4566", "data"),
        ("data.s3.amazonaws.com", "data"),
        ("data.s3.eu-west-1.amazonaws.com", "data"),
        ("data.s3-eu-west-1.amazonaws.com", "data"),
        ("my.dotted.name.s3.amazonaws.com", "my.dotted.name"),
        ("data.localhost:4566", "data"),
    ],
)
def test_bucket_of_host(host: str, bucket: str | None) -> None:
    assert bucket_of_host(host) == bucket


@given(st.lists(st.binary(max_size=300), max_size=8), st.booleans())
def test_dechunk_restores_any_content(parts: list[bytes], signed: bool) -> None:
    extension = ";chunk-signature=" + "0" * 64 if signed else ""
    body, trailers = dechunk(chunked(parts, "x-amz-checksum-crc32:AAAAAA==\r\n", extension))
    assert body == b"".join(parts)
    assert trailers == [("x-amz-checksum-crc32", "AAAAAA==")]


@given(st.binary(min_size=1, max_size=100), st.integers(min_value=0, max_value=90))
def test_a_cut_body_is_refused(content: bytes, cut: int) -> None:
    """E1: an incomplete body must not become an object."""
    whole = chunked([content])
    with pytest.raises(AwsError) as refused:
        dechunk(whole[: max(0, len(content) - cut % len(content))])
    assert refused.value.code == "IncompleteBody"


def test_a_chunked_upload_is_normalised() -> None:
    """E1: what SDKs send since 2024-12 (aws-chunked with a CRC32 trailer)."""
    content = b"hello world"
    request = HttpRequest(
        "PUT",
        "/a%20b/c%2Fd?x=1",
        [
            ("host", "data.s3.localhost.localstack.cloud:4566"),
            ("content-encoding", "gzip,aws-chunked"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("x-amz-decoded-content-length", "11"),
        ],
        chunked([content], f"x-amz-checksum-crc32:{crc32(content)}\r\n"),
    )
    plain = normalised(request)
    assert plain.target == "/data/a%20b/c%2Fd?x=1"
    assert plain.body == content
    assert plain.header("content-encoding") == "gzip"
    assert plain.header("x-amz-checksum-crc32") == crc32(content)
    assert plain.header("x-amz-content-sha256") == ""


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x-amz-checksum-crc32", crc32(b"other"), "The CRC32 you specified did not match the calculated checksum."),
        ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", "The Content-MD5 you specified did not match what we received."),
    ],
)
def test_a_wrong_checksum_is_refused(name: str, value: str, message: str) -> None:
    """E1: checksums are verified."""
    with pytest.raises(AwsError) as refused:
        normalised(HttpRequest("PUT", "/b/k", [("host", "localhost"), (name, value)], b"content"))
    assert (refused.value.code, refused.value.message, refused.value.status) == ("BadDigest", message, 400)


def test_a_presigned_url_gives_its_credential() -> None:
    """E1: query authentication says which account and region are meant."""
    scope = "test%2F20260101%2Feu-west-1%2Fs3%2Faws4_request"
    request = HttpRequest("GET", f"/b/k?X-Amz-Credential={scope}&X-Amz-Signature=00", [("host", "localhost:4566")])
    assert "Credential=test/20260101/eu-west-1/s3/aws4_request," in normalised(request).header("authorization")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n", "InvalidChunkSizeError"),
        (b"0\r\n" + b"x-a:b\r\n" * 100_000, "MalformedTrailerError"),
        (b"-2\r\n\r\n", "IncompleteBody"),
        (b"f" * 1_000_000 + b"\r\n", "IncompleteBody"),
        (b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n", "IncompleteBody"),
        (b"", "IncompleteBody"),
    ],
)
def test_chunks_that_no_client_sends(body: bytes, code: str) -> None:
    began = time.thread_time()
    with pytest.raises(AwsError) as error:
        dechunk(body)
    assert error.value.code == code
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
        b"<a>" * 100_000 + b"</a>" * 100_000,
        b"<a>" * 65 + b"</a>" * 65,
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'.encode("utf-16"),
    ],
)
def test_documents_that_no_client_sends(body: bytes) -> None:
    assert not is_xml(body)
