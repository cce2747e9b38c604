"""Signatures of requests from outside, verified where the user wants it (`--verify-signatures`, docs/signatures.md).

Signature Version 4 in headers, in presigned URLs, over every chunk of a streamed upload and in upload forms; Version 2
in presigned S3 URLs and forms, which SDKs still make. Secrets: `test` for the key `test` and for keys that name an
account; what IAM and STS made for theirs. Dates may be 15 minutes off, by what the world's clock showed when the client
read its own, or by the world's time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote_to_bytes

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.permissions import denial
from harness.emulator.s3_address import bucket_of_host
from harness.emulator.signed_dates import read_date, stamp
from harness.emulator.upload_form import form_field

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.world import World

_SKEW = 15 * 60.0
_ALGORITHM = "AWS4-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()
_AUTHORIZATION = re.compile(
    _ALGORITHM + r"\s+Credential=([^/,\s]+)/(\d{8})/([^/,\s]*)/([^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16});chunk-signature=([0-9a-f]{64})")
_HEX = re.compile(r"[0-9a-f]{64}")

# Operations that S3 lets anybody ask for; what they may see, the bucket's ACLs and policies decide.
_ANONYMOUS = frozenset(("GetObject", "HeadObject", "ListObjects", "ListObjectsV2", "HeadBucket"))
_WITHOUT_CREDENTIALS = frozenset(("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"))
# Query parameters that are part of what Version 2 signs.
_SIGNED_BY_V2 = frozenset((
    "accelerate", "acl", "cors", "defaultObjectAcl", "location", "logging", "partNumber", "policy", "requestPayment",
    "torrent", "versioning", "versionId", "versions", "website", "uploads", "uploadId", "response-content-type",
    "response-content-language", "response-expires", "response-cache-control", "response-content-disposition",
    "response-content-encoding", "delete", "lifecycle", "tagging", "restore", "storageClass", "notification",
    "replication", "analytics", "metrics", "inventory", "select", "select-type", "object-lock",
))  # fmt: skip


@dataclass(slots=True, frozen=True)
class _Signed:
    """What a Version 4 signature says of itself."""

    access_key: str
    day: str
    region: str
    service: str
    headers: str
    signature: str
    date: str
    is_presigned: bool

    @property
    def scope(self) -> str:
        return "/".join(self.parts)

    @property
    def parts(self) -> list[str]:
        return [self.day, self.region, self.service, "aws4_request"]


class Signatures:
    """Verifies the signatures of one world's requests. `directory` knows the keys that IAM and STS made."""

    def __init__(self, world: World, directory: Directory) -> None:
        self._world = world
        self._directory = directory

    def verify(self, request: HttpRequest, service: str, operation: str, form: str) -> None:
        """`service`, `operation` and `form` as in `Recognised`. Raises AwsError, in the shape of the form, for a
        request that is not signed, or not rightly."""
        if operation in _WITHOUT_CREDENTIALS or request.method == "OPTIONS":
            return
        signed = _read(request, form)
        if signed is not None:
            self._verify_v4(request, signed, service, form)
        elif form == "s3":
            self._verify_other_s3(request, operation)
        else:
            raise denial.unsigned(service)

    def _verify_v4(self, request: HttpRequest, signed: _Signed, service: str, form: str) -> None:
        secret = self._secret(signed.access_key, _token(request), service)
        self._check_date(signed, form)
        key = _signing_key(secret, signed.parts)
        payload = _payload_hash(request, signed, form)
        text = f"{_ALGORITHM}\n{signed.date}\n{signed.scope}\n{_sha256(_canonical(request, signed, payload, form))}"
        if not _equal(_sign(key, text), signed.signature):
            raise _mismatch(form)
        if payload.startswith("STREAMING-" + _ALGORITHM):
            _verify_chunks(request.body, key, signed, is_trailed=payload.endswith("-TRAILER"))

    def _verify_other_s3(self, request: HttpRequest, operation: str) -> None:
        if request.header("authorization"):
            text = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
            raise AwsError("InvalidRequest", text)
        query = parse_qs(request.query, keep_blank_values=True)
        if "AWSAccessKeyId" in query and "Signature" in query:
            secret = self._secret(query["AWSAccessKeyId"][0], query.get("x-amz-security-token", [""])[0], "s3")
            if not _equal(_sign_v2(secret, _text_of_v2(request, query)), query["Signature"][0]):
                raise _mismatch("s3")
        elif operation == "PostObject":
            self._verify_form(request.body)
        elif operation not in _ANONYMOUS and self._world.permissions.enforcement is None:
            raise AwsError("AccessDenied", "Access Denied", 403)

    def _verify_form(self, body: bytes) -> None:
        """An upload form's policy is what is signed."""
        policy, token = form_field(body, "policy"), form_field(body, "x-amz-security-token")
        credential = form_field(body, "x-amz-credential").split("/")
        if policy and len(credential) == 5:
            access_key, *scope = credential
            said = form_field(body, "x-amz-signature")
            made = _sign(_signing_key(self._secret(access_key, token, "s3"), scope), policy)
        elif policy and (access_key := form_field(body, "AWSAccessKeyId")):
            said = form_field(body, "signature")
            made = _sign_v2(self._secret(access_key, token, "s3"), policy)
        else:
            raise AwsError("AccessDenied", "Access Denied", 403)
        if not _equal(made, said):
            raise _mismatch("s3")

    def _secret(self, access_key: str, token: str, service: str) -> str:
        """The key's secret. Raises AwsError for a key that nobody made, that is inactive or over, and a wrong token."""
        if access_key == "test" or (len(access_key) == 12 and access_key.isdigit()):
            return "test"
        owner = self._directory.key_owner(access_key)
        if owner is None or not owner.is_active or owner.session_token != token:
            raise denial.unknown_key(service)
        if owner.expires is not None and owner.expires <= self._world.clock.now():
            raise denial.expired(service)
        return owner.secret

    def _check_date(self, signed: _Signed, form: str) -> None:
        """Of a presigned request only that it is not of the future: its end is checked elsewhere (`edge/expiry.py`)."""
        date, clock = read_date(signed.date), self._world.clock
        if date is None or not signed.date.startswith(signed.day):
            raise _malformed(form)
        now = clock.now()
        shown = (float(date), clock.shown_at(date), clock.shown_at(date + 1))
        late, early = now - max(shown), min(shown) - now
        if early > _SKEW and signed.is_presigned and form == "s3":
            raise AwsError("AccessDenied", "Request is not valid yet", 403)
        if early <= _SKEW and (late <= _SKEW or signed.is_presigned):
            return
        if form == "s3":
            text = "The difference between the request time and the current time is too large."
            raise AwsError("RequestTimeTooSkewed", text, 403)
        if late > _SKEW:
            text = f"Signature expired: {signed.date} is now earlier than {stamp(now - _SKEW)} ({stamp(now)} - 15 min.)"
        else:
            text = f"Signature not yet current: {signed.date} is still later than {stamp(now + _SKEW)} "
            text += f"({stamp(now)} + 15 min.)"
        raise _refused(form, text)


def _read(request: HttpRequest, form: str) -> _Signed | None:
    """None for a request without a Version 4 signature. Raises AwsError for one that can't be read."""
    authorization = request.header("authorization")
    if authorization.startswith(_ALGORITHM):
        found = _AUTHORIZATION.match(authorization)
        if found is None:
            raise _malformed(form)
        access_key, day, region, service, headers, signature = found.groups()
        date = request.header("x-amz-date")
        return _Signed(access_key, day, region, service, headers, signature, date, is_presigned=False)
    if "X-Amz-Signature=" not in request.query:
        return None
    query = {name: values[0] for name, values in parse_qs(request.query, keep_blank_values=True).items()}
    credential = query.get("X-Amz-Credential", "").split("/")
    if len(credential) != 5 or query.get("X-Amz-Algorithm") != _ALGORITHM:
        raise _malformed(form)
    access_key, day, region, service, _ = credential
    headers, date = query.get("X-Amz-SignedHeaders", ""), query.get("X-Amz-Date", "")
    return _Signed(access_key, day, region, service, headers, query["X-Amz-Signature"], date, is_presigned=True)


def _token(request: HttpRequest) -> str:
    token = request.header("x-amz-security-token")
    if not token and "X-Amz-Security-Token=" in request.query:
        token = parse_qs(request.query)["X-Amz-Security-Token"][0]
    return token


def _payload_hash(request: HttpRequest, signed: _Signed, form: str) -> str:
    """What stands for the body in the canonical request. Raises AwsError where it is said and is not the body's."""
    said = request.header("x-amz-content-sha256")
    if not said:
        return "UNSIGNED-PAYLOAD" if signed.is_presigned and form == "s3" else hashlib.sha256(request.body).hexdigest()
    if _HEX.fullmatch(said) and said != hashlib.sha256(request.body).hexdigest():
        if form != "s3":
            raise _mismatch(form)
        text = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise AwsError("XAmzContentSHA256Mismatch", text)
    return said


def _canonical(request: HttpRequest, signed: _Signed, payload: str, form: str) -> str:
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        values.setdefault(name, []).append(" ".join(value.split()))
    headers = "".join(f"{name}:{','.join(values.get(name, []))}\n" for name in signed.headers.split(";"))
    path, query = _canonical_path(request.path, form), _canonical_query(request.query)
    return f"{request.method}\n{path}\n{query}\n{headers}\n{signed.headers}\n{payload}"


def _canonical_path(path: str, form: str) -> str:
    """S3's is the path encoded once; everybody else's is what was sent, without `.` and `..`, encoded again."""
    if form == "s3":
        return _encoded(path, "/~")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    normal = "/" + "/".join(parts) + ("/" if parts and path.endswith("/") else "")
    return quote(normal, safe="/-_.~")


def _canonical_query(query: str) -> str:
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append((_encoded(name.replace("+", " "), "-_.~"), _encoded(value.replace("+", " "), "-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str, safe: str) -> str:
    return quote(unquote_to_bytes(text.encode("utf-8", "surrogateescape")), safe=safe)


def _verify_chunks(body: bytes, key: bytes, signed: _Signed, *, is_trailed: bool) -> None:
    """Every chunk is signed with the signature before it. Raises AwsError."""
    before = signed.signature
    end = 0
    for data, signature, end in _chunks(body):  # noqa: B007 (the last one's end is where trailers begin)
        text = f"{_ALGORITHM}-PAYLOAD\n{signed.date}\n{signed.scope}\n{before}\n{_EMPTY}\n"
        text += hashlib.sha256(data).hexdigest()
        if not _equal(_sign(key, text), signature):
            raise _mismatch("s3")
        before = signature
    if not is_trailed:
        return
    lines = [line for line in body[end:].decode("latin-1").split("\r\n") if line]
    trailers = "".join(line + "\n" for line in lines if not line.startswith("x-amz-trailer-signature:"))
    said = next((line.partition(":")[2] for line in lines if line.startswith("x-amz-trailer-signature:")), "")
    text = f"{_ALGORITHM}-TRAILER\n{signed.date}\n{signed.scope}\n{before}\n{_sha256(trailers)}"
    if not _equal(_sign(key, text), said):
        raise _mismatch("s3")


def _chunks(body: bytes) -> Iterator[tuple[memoryview, str, int]]:
    """Content, signature and end of each chunk, the empty last one too. Raises AwsError for what is no chunk."""
    view, position = memoryview(body), 0
    while True:
        found = _CHUNK.match(body, position)
        size = int(found[1], 16) if found is not None else 0
        start = found.end() + 2 if found is not None else 0
        if found is None or body[start - 2 : start] != b"\r\n" or start + size > len(body):
            raise _mismatch("s3")
        position = start + size + (2 if size else 0)
        yield view[start : start + size], found[2].decode(), position
        if not size:
            return


def _text_of_v2(request: HttpRequest, query: dict[str, list[str]]) -> str:
    known = {name: values[0] for name, values in query.items()} | dict(request.headers)
    custom = "".join(f"{name}:{known[name]}\n" for name in sorted(known) if name.startswith("x-amz-"))
    bucket = bucket_of_host(request.header("host"))
    path = f"/{bucket}{request.path}" if bucket else request.path
    resource = sorted((name, values[0]) for name, values in query.items() if name in _SIGNED_BY_V2)
    if resource:
        path += "?" + "&".join(f"{name}={value}" if value else name for name, value in resource)
    head = (request.method, known.get("content-md5", ""), known.get("content-type", ""), query.get("Expires", [""])[0])
    return "\n".join(head) + "\n" + custom + path


def _signing_key(secret: str, scope: list[str]) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _sign(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def _sign_v2(secret: str, text: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "surrogateescape"), "sha1")).decode()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _equal(made: str, said: str) -> bool:
    return hmac.compare_digest(made.encode(), said.encode("utf-8", "surrogateescape"))


def _mismatch(form: str) -> AwsError:
    text = "The request signature we calculated does not match the signature you provided. Check your "
    if form == "s3":
        return AwsError("SignatureDoesNotMatch", text + "key and signing method.", 403)
    text += "AWS Secret Access Key and signing method. Consult the service documentation for details."
    return _refused(form, text)


def _refused(form: str, message: str) -> AwsError:
    if form == "query":
        return AwsError("SignatureDoesNotMatch", message, 403)
    return AwsError("InvalidSignatureException", message, 403 if form == "rest" else 400)


def _malformed(form: str) -> AwsError:
    if form == "s3":
        text = "The authorization header is malformed; the Credential, SignedHeaders, Signature or date can't be read."
        return AwsError("AuthorizationHeaderMalformed", text)
    text = "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' and an 'X-Amz-Date' of its day."
    return AwsError("IncompleteSignature" if form == "query" else "IncompleteSignatureException", text)
