"""S3 requests in the one form that moto reads without guessing: path style, whole body, Authorization header (E1)."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from xml.parsers import expat

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.s3_address import bucket_of_host

# Sub-resources whose PUT or POST body is XML (a bucket policy is JSON).
_XML_BODIES = frozenset(
    (
        "accelerate", "acl", "analytics", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
        "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock", "ownershipControls",
        "publicAccessBlock", "replication", "requestPayment", "restore", "retention", "tagging", "versioning",
        "website",
    )
)  # fmt: skip

_QUERY_PARAMETERS = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
    "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
_MAX_LEVELS = 64
"""S3's documents have seven."""
_HEX = re.compile(rb"[0-9a-fA-F]{1,16}")
_CHUNK_HEAD = 64
_FEW_CHUNKS, _SMALL_CHUNK = 1000, 1024
"""AWS wants 8 KiB in each chunk but the last. Some clients send less; so many chunks as no client sends are refused."""
_TRAILERS = 16 * 1024
"""Bytes of all trailers."""

_DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "content-md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}


def normalised(request: HttpRequest) -> HttpRequest:
    """`request` in path style, dechunked, with the credential of a presigned URL as Authorization header.

    Raises AwsError for a body that does not match the checksum sent with it (BadDigest) or should be XML and is not.
    """
    bucket = bucket_of_host(request.header("host"))
    target = f"/{bucket}{request.target}" if bucket else request.target
    headers = [(name, value) for name, value in request.headers if name != "host"]
    headers.append(("host", "localhost"))
    if "X-Amz-Credential=" in request.query and not request.header("authorization"):
        credential = parse_qs(request.query).get("X-Amz-Credential", [""])[0]
        if not credential:
            raise AwsError("AuthorizationQueryParametersError", _QUERY_PARAMETERS)
        headers.append(("authorization", f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"))
    body = request.body
    if request.header("x-amz-content-sha256").startswith("STREAMING-"):
        body, trailers = dechunk(body)
        dropped = ("content-encoding", "x-amz-content-sha256", "x-amz-trailer", "x-amz-decoded-content-length")
        encodings = [part.strip() for part in request.header("content-encoding").split(",")]
        kept = ",".join(part for part in encodings if part and part != "aws-chunked")
        headers = [item for item in headers if item[0] not in dropped] + trailers
        if kept:
            headers.append(("content-encoding", kept))
    _check_digests(headers, body)
    if body and (carries_xml(request) or _makes_bucket(request.method, target)) and not is_xml(body):
        raise malformed_xml()
    return HttpRequest(request.method, target, headers, body)


def carries_xml(request: HttpRequest) -> bool:
    """Whether the request's body is a configuration in XML."""
    if request.method not in ("PUT", "POST"):
        return False
    names = [part.partition("=")[0] for part in request.query.split("&")]
    return any(name in _XML_BODIES for name in names) or (request.method == "POST" and "uploadId" in names)


def _makes_bucket(method: str, target: str) -> bool:
    """Whether a request in path style is CreateBucket."""
    return method == "PUT" and "?" not in target and "/" not in target.strip("/")


def is_xml(body: bytes) -> bool:
    """Whether the body is well-formed, has no document type (S3 takes none) and is not nested deeply."""
    parser, depth = expat.ParserCreate(), 0

    def begin(name: str, attributes: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_LEVELS:
            raise _NoDocument

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _NoDocument):
        return False
    return True


class _NoDocument(Exception):
    pass


def _refuse_doctype(*_: object) -> None:
    raise _NoDocument


def malformed_xml() -> AwsError:
    """The answer to a configuration that S3 can't read."""
    text = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedXML", text)


def dechunk(body: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The content and the trailers of an `aws-chunked` body. Raises AwsError (IncompleteBody) for a broken one."""
    parts: list[bytes] = []
    position = 0
    try:
        while True:
            end = body.index(b"\r\n", position)
            length = body[position : min(end, position + _CHUNK_HEAD)].split(b";", 1)[0]
            if not _HEX.fullmatch(length):
                raise ValueError("a chunk has no length")
            size = int(length, 16)
            position = end + 2
            if size == 0:
                break
            if body[position + size : position + size + 2] != b"\r\n":
                raise ValueError("a chunk is shorter than its length says")
            parts.append(body[position : position + size])
            if len(parts) > _FEW_CHUNKS + len(body) // _SMALL_CHUNK:
                text = "Only the last chunk is allowed to have a size less than 8192 bytes"
                raise AwsError("InvalidChunkSizeError", text, 403)
            position += size + 2
    except ValueError:
        text = "You did not provide the number of bytes specified by the Content-Length HTTP header"
        raise AwsError("IncompleteBody", text) from None
    trailers = []
    if len(body) - position > _TRAILERS:
        raise AwsError("MalformedTrailerError", "The request contained trailing data that was not well-formed")
    for line in body[position:].split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            trailers.append((name.strip().lower(), value.strip()))
    return (parts[0] if len(parts) == 1 else b"".join(parts)), trailers


def _check_digests(headers: list[tuple[str, str]], body: bytes) -> None:
    for name, value in headers:
        digest = _DIGESTS.get(name)
        if digest is None or base64.b64encode(digest(body)).decode() == value:
            continue
        if name == "content-md5":
            raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")
        algorithm = name.removeprefix("x-amz-checksum-").upper()
        raise AwsError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
