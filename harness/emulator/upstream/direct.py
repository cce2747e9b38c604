"""The few calls from inside that come once per delivery or invocation: straight to moto's backends.

A direct operation answers what the caller needs and raises the same errors as the way over HTTP. `find` returns None
for a call with members that the direct way does not know; that call goes the general way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.emulator.call import Call
from harness.emulator.upstream.loading import backends
from harness.json_object import Json

Direct = Callable[[Call], Json]


def find(call: Call) -> Direct | None:
    """The direct way of a call, if it has one."""
    known = _OPERATIONS.get((call.service, call.operation))
    if known is None or not call.params.keys() <= known[1]:
        return None
    return known[0]


def _put_object(call: Call) -> Json:
    """No ETag in the answer: hashing 1 MB takes 1.6 ms, nobody inside reads it, and the first reader of the object
    has it computed."""
    from moto.s3.models import get_canned_acl

    params = call.params
    backend = _s3(call)
    key = backend.put_object(
        params["Bucket"],
        params["Key"],
        params.get("Body", b""),
        storage="STANDARD",
        encryption=params.get("ServerSideEncryption"),
        kms_key_id=params.get("SSEKMSKeyId"),
    )
    metadata = {f"x-amz-meta-{name.lower()}": value for name, value in params.get("Metadata", {}).items()}
    if "ContentType" in params:
        metadata["Content-Type"] = params["ContentType"]
    if "ContentEncoding" in params:
        metadata["Content-Encoding"] = params["ContentEncoding"]
    key.set_metadata(metadata)
    if "ACL" in params:
        key.set_acl(get_canned_acl(params["ACL"]))
    answer: Json = {"ServerSideEncryption": key.encryption}
    if key.kms_key_id:
        answer["SSEKMSKeyId"] = key.kms_key_id
    return answer


def _get_object(call: Call) -> Json:
    from moto.s3.exceptions import MissingKey

    key = _s3(call).get_object(call.params["Bucket"], call.params["Key"])
    if key is None:
        raise MissingKey(key=call.params["Key"])
    return {"Body": key.value, "ContentType": key.metadata.get("Content-Type"), "ContentLength": key.size}


def _s3(call: Call) -> Any:
    from moto.utilities.utils import get_partition

    return backends("s3")[call.account][get_partition(call.region)]


def _create_log_group(call: Call) -> Json:
    backends("logs")[call.account][call.region].create_log_group(call.params["logGroupName"], {})
    return {}


def _create_log_stream(call: Call) -> Json:
    backend = backends("logs")[call.account][call.region]
    backend.create_log_stream(call.params["logGroupName"], call.params["logStreamName"])
    return {}


def _put_log_events(call: Call) -> Json:
    params = call.params
    backend = backends("logs")[call.account][call.region]
    token, rejected = backend.put_log_events(params["logGroupName"], params["logStreamName"], params["logEvents"])
    answer: Json = {"nextSequenceToken": token}
    if rejected:
        answer["rejectedLogEventsInfo"] = rejected
    return answer


_OPERATIONS: dict[tuple[str, str], tuple[Direct, frozenset[str]]] = {
    ("s3", "PutObject"): (
        _put_object,
        frozenset(
            (
                "Bucket", "Key", "Body", "ContentType", "ContentEncoding", "ServerSideEncryption", "SSEKMSKeyId",
                "ACL", "Metadata",
            )
        ),
    ),
    ("s3", "GetObject"): (_get_object, frozenset(("Bucket", "Key"))),
    ("logs", "CreateLogGroup"): (_create_log_group, frozenset(("logGroupName",))),
    ("logs", "CreateLogStream"): (_create_log_stream, frozenset(("logGroupName", "logStreamName"))),
    ("logs", "PutLogEvents"): (_put_log_events, frozenset(("logGroupName", "logStreamName", "logEvents"))),
}  # fmt: skip
