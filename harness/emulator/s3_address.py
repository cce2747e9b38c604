"""Which bucket and object an S3 call is about."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from harness.emulator.call import Call, HttpRequest

_SERVICE_HOST = re.compile(r"^s3(?:[.-]|$)")
_BUCKET_HOST = re.compile(r"^(.+?)\.s3(?:[.-].*|$)")


class Place(NamedTuple):
    """Empty texts where a call names none."""

    bucket: str
    key: str


def place_of(call: Call) -> Place:
    """Bucket and key of an S3 call, by its members or, if it came from outside, by its host and path."""
    if call.http is None or call.params:
        return Place(str(call.params.get("Bucket", "")), str(call.params.get("Key", "")))
    return place_of_request(call.http)


def place_of_request(request: HttpRequest) -> Place:
    path = unquote(request.path).lstrip("/")
    bucket = bucket_of_host(request.header("host"))
    if bucket is not None:
        return Place(bucket, path)
    bucket, _, key = path.partition("/")
    return Place(bucket, key)


def bucket_of_host(host: str) -> str | None:
    """The bucket of a virtual-host style Host header, None for path style.

    `b.s3.localhost.localstack.cloud`, `b.s3.eu-west-1.amazonaws.com`, `b.s3-eu-west-1.amazonaws.com`, `b.localhost`.
    """
    name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    if _SERVICE_HOST.match(name):
        return None
    found = _BUCKET_HOST.match(name)
    if found:
        return found.group(1)
    return name[: -len(".localhost")] if name.endswith(".localhost") else None
