"""Which service and operation a request means, and who sends it.

Order of evidence: X-Amz-Target header, RPC v2 path, signature scope (header or presigned query), well-known paths,
host name, `Action` of a form body; what is left is S3, the only service called without any of these.
Which service an evidence means is in the services' descriptors.
Signatures are parsed, not verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from harness.emulator.call import DEFAULT_ACCOUNT, DEFAULT_REGION, Caller, HttpRequest
from harness.emulator.service_descriptor import ServiceDescriptor
from harness.emulator.service_registry import descriptors

_CREDENTIAL = re.compile(r"Credential=([^/,\s]*)/(\d{8})/([^/,\s]*)/([^/,\s]+)/aws4_request")
_RPC_V2 = re.compile(r"/service/([^/]+)/operation/([^/]+)/?$")
# S3 sub-resources that name operations, for traces and faults: `?policy` → GetBucketPolicy.
_S3_SUBRESOURCES = {
    "acl": "Acl", "policy": "Policy", "policyStatus": "PolicyStatus", "versioning": "Versioning", "cors": "Cors",
    "lifecycle": "LifecycleConfiguration", "encryption": "Encryption", "tagging": "Tagging", "location": "Location",
    "logging": "Logging", "notification": "NotificationConfiguration", "website": "Website", "torrent": "Torrent",
    "publicAccessBlock": "PublicAccessBlock", "ownershipControls": "OwnershipControls", "replication": "Replication",
    "accelerate": "AccelerateConfiguration", "requestPayment": "RequestPayment",
    "object-lock": "ObjectLockConfiguration", "retention": "Retention", "legal-hold": "LegalHold",
    "attributes": "Attributes",
}  # fmt: skip


class _Evidence:
    """What the services' descriptors say of requests, by what a request shows."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        known = tuple(services)
        self.rest = frozenset(each.name for each in known if each.protocol == "rest")
        self.targets = {target: each.name for each in known for target in each.targets}
        names = {each.name for each in known}
        # A name that is another service's own means that one; what shares it is told apart by target or path.
        self.signing = {name: each.name for each in known for name in each.signing if name not in names}
        self.versions = {each.version: each.name for each in known if each.version}
        self.paths = [(each.paths, each.name) for each in known if each.paths is not None]
        hosts = {host: each.name for each in known for host in each.hosts}
        self._host = re.compile(rf"(?:^|\.)({'|'.join(map(re.escape, hosts))})\.")
        self._hosts = hosts
        self.prefixes: dict[str, list[tuple[str, str]]] = {}
        """Service → path prefixes that mean another one with the same signing name."""
        for each in known:
            if each.path_prefix:
                self.prefixes.setdefault(each.signing_name, []).append((each.path_prefix, each.name))

    def by_host(self, host: str) -> str | None:
        found = self._host.search(host)
        return self._hosts[found[1]] if found else None


_EVIDENCE = _Evidence(descriptors().values())
_TARGETS, _SIGNING, _PREFIXES, _REST = _EVIDENCE.targets, _EVIDENCE.signing, _EVIDENCE.prefixes, _EVIDENCE.rest


@dataclass(slots=True, frozen=True)
class Recognised:
    """What a request means. `form` is how it speaks: json, cbor, rest, query or s3. `operation` is empty for `rest`:
    the service's own router finds it."""

    service: str
    operation: str
    form: str
    caller: Caller


def recognise(request: HttpRequest) -> Recognised:
    """Never raises: a request that fits nothing is an S3 request."""
    access_key, region, signed = _scope(request)
    caller = Caller(_account(access_key), region, access_key)
    target = request.header("x-amz-target")
    if target:
        prefix, _, operation = target.rpartition(".")
        service = _TARGETS.get(prefix) or _by_signing(signed) or prefix.lower()
        form = "cbor" if "cbor" in request.header("content-type") else "json"
        return Recognised(service, operation, form, caller)
    rpc = _RPC_V2.search(request.path)
    if rpc and request.header("smithy-protocol"):
        return Recognised(_TARGETS.get(rpc[1]) or _by_signing(signed) or rpc[1].lower(), rpc[2], "rpcv2", caller)
    service = _by_signing(signed) or _unsigned(request)
    if service in _PREFIXES:
        service = next((name for begin, name in _PREFIXES[service] if request.path.startswith(begin)), service)
    if service in _REST:
        return Recognised(service, "", "rest", caller)
    if service == "s3":
        return Recognised("s3", s3_operation(request), "s3", caller)
    return Recognised(service, _action(request), "query", caller)


def _scope(request: HttpRequest) -> tuple[str, str, str]:
    """(access key, region, signing name) of the signature; empty strings and the default region where unsigned."""
    authorization = request.header("authorization")
    found = _CREDENTIAL.search(authorization) if authorization else None
    if found is None and request.query:
        if "X-Amz-Credential" in request.query:
            found = _CREDENTIAL.search("Credential=" + unquote(_field(request.query, "X-Amz-Credential")))
        elif "AWSAccessKeyId" in request.query and "Signature" in request.query:
            return _field(request.query, "AWSAccessKeyId"), DEFAULT_REGION, "s3"
    if found is None:
        return "", DEFAULT_REGION, ""
    return found[1], found[3] or DEFAULT_REGION, found[4]


def _account(access_key: str) -> str:
    return access_key if len(access_key) == 12 and access_key.isdigit() else DEFAULT_ACCOUNT


def _by_signing(name: str) -> str:
    return _SIGNING.get(name, name)


def _unsigned(request: HttpRequest) -> str:
    for pattern, service in _EVIDENCE.paths:
        if pattern.match(request.path):
            return service
    by_host = _EVIDENCE.by_host(request.header("host"))
    if by_host:
        return by_host
    if request.path == "/" and _action(request):
        version = _field(request.body[:_FORM_START].decode("latin-1"), "Version") or _field(request.query, "Version")
        return _EVIDENCE.versions.get(version, "unknown")
    return "s3"


def _action(request: HttpRequest) -> str:
    if "Action=" in request.query:
        return _field(request.query, "Action")
    if "urlencoded" in request.header("content-type"):
        return _field(request.body[:_FORM_START].decode("latin-1"), "Action")
    return ""


_FORM_START = 65_536
"""Characters of a form in which its Action and Version stand."""


def _field(form: str, name: str) -> str:
    """The first value of a field, without a look at the others: a form may have millions."""
    found = re.search(rf"(?:^|&){name}=([^&]*)", form)
    return unquote_plus(found[1]) if found else ""


def s3_operation(request: HttpRequest) -> str:
    """The S3 operation's name by method, key and sub-resource."""
    names = [part.partition("=")[0] for part in request.query.split("&")] if request.query else []
    path = request.path.strip("/")
    host = request.header("host").split(":")[0]
    virtual = bool(re.match(r".+\.s3[.-]", host)) or (host.endswith(".localhost") and host != "localhost")
    has_key = bool(path) if virtual else "/" in path
    verb = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}.get(
        request.method, "Options"
    )
    if "uploads" in names:
        return "CreateMultipartUpload" if verb == "Post" else "ListMultipartUploads"
    if "uploadId" in names:
        return {"Put": "UploadPart", "Post": "CompleteMultipartUpload", "Delete": "AbortMultipartUpload"}.get(
            verb, "ListParts"
        )
    if verb == "Post":
        return "DeleteObjects" if "delete" in names else "PostObject"
    kind = "Object" if has_key else "Bucket"
    for name in names:
        if name in _S3_SUBRESOURCES:
            return f"{verb}{'' if name == 'publicAccessBlock' else kind}{_S3_SUBRESOURCES[name]}"
    if has_key:
        return "CopyObject" if verb == "Put" and request.header("x-amz-copy-source") else f"{verb}Object"
    if not path and not virtual:
        return "ListBuckets"
    if verb == "Get":
        if "versions" in names:
            return "ListObjectVersions"
        return "ListObjectsV2" if "list-type" in names else "ListObjects"
    return {"Put": "CreateBucket", "Delete": "DeleteBucket", "Head": "HeadBucket"}.get(verb, f"{verb}Bucket")
