"""S3 requests that moto takes for other ones: `GET key?retention` would answer the object, `PUT key?annotation` replace
it, `GET bucket?metrics` list its objects. One is answered here, the others are refused by name (E1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.upstream.loading import backends

_MISTAKEN = frozenset(
    (
        "abac", "analytics", "annotation", "annotations", "intelligent-tiering", "metadataConfiguration",
        "metadataInventoryTable", "metadataJournalTable", "metadataTable", "metrics", "renameObject", "session",
        "torrent",
    )
)  # fmt: skip
"""Sub-resources."""


def answer(call: Call, request: HttpRequest) -> HttpResponse | None:
    """The answer to a request (in path style) that moto does not know; None for one that it knows.

    Raises AwsError, NotEmulated.
    """
    for name in (part.partition("=")[0] for part in request.query.split("&")):
        if name in _MISTAKEN:
            raise NotEmulated("s3", f"{request.method} with the sub-resource {name}")
    return _retention(call, request) if call.operation == "GetObjectRetention" else None


def _retention(call: Call, request: HttpRequest) -> HttpResponse:
    bucket_name, _, key_name = unquote(request.path).lstrip("/").partition("/")
    backend: Any = backends("s3")[call.account]["aws"]
    version = parse_qs(request.query).get("versionId", [None])[0]
    bucket = backend.get_bucket(bucket_name)
    key = backend.get_object(bucket_name, key_name, version_id=version)
    if key is None:
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404)
    if not bucket.object_lock_enabled:
        raise AwsError("InvalidRequest", "Bucket is missing Object Lock Configuration")
    if not key.lock_mode:
        text = "The specified object does not have a ObjectLock configuration"
        raise AwsError("NoSuchObjectLockConfiguration", text, 404)
    until = key.lock_until.isoformat() if isinstance(key.lock_until, datetime) else key.lock_until
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Mode>{key.lock_mode}</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
    )
    return HttpResponse(200, [("Content-Type", "application/xml")], body.encode())
