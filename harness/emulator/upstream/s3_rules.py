"""S3 settings that AWS enforces and moto only stores: object ownership and the block on public policies (E1)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.upstream import policies
from harness.emulator.upstream.loading import backends
from harness.emulator.upstream.moto_patches.s3 import speaks_to_anyone

_WITH_ACL = frozenset(("PutObject", "CopyObject", "CreateMultipartUpload", "PutObjectAcl", "PutBucketAcl"))


def check(call: Call, request: HttpRequest) -> None:
    """Raises AwsError where the bucket's settings forbid a request (in path style)."""
    if call.operation in _WITH_ACL:
        if _sets_acl(request) and getattr(_bucket(call, request), "ownership_rule", "") == "BucketOwnerEnforced":
            raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    elif call.operation == "CompleteMultipartUpload":
        _check_upload(call, request)
    elif call.operation == "PutBucketPolicy":
        policies.check_bucket_policy(request.body)
        block = getattr(_bucket(call, request), "public_access_block", None)
        if block is not None and block.block_public_policy and is_public(request.body):
            resource = f"arn:aws:s3:::{_bucket_name(request)}"
            raise AwsError(
                "AccessDenied",
                f"User: arn:aws:iam::{call.account}:root is not authorized to perform: s3:PutBucketPolicy on resource: "
                f'"{resource}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block '
                "Public Access.",
                403,
            )


def _check_upload(call: Call, request: HttpRequest) -> None:
    bucket = _bucket(call, request)
    if bucket is not None and parse_qs(request.query).get("uploadId", [""])[0] not in bucket.multiparts:
        text = (
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed."
        )
        raise AwsError("NoSuchUpload", text, 404)
    if not request.body:
        raise AwsError("InvalidRequest", "You must specify at least one part")


def _sets_acl(request: HttpRequest) -> bool:
    if request.header("x-amz-acl", "bucket-owner-full-control") != "bucket-owner-full-control":
        return True
    return any(name.startswith("x-amz-grant-") for name, _ in request.headers)


def is_public(policy: bytes) -> bool:
    """Whether a statement without condition allows everybody something."""
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError):
        return False
    return any(
        isinstance(statement, dict)
        and statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and speaks_to_anyone(statement)
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _bucket_name(request: HttpRequest) -> str:
    return unquote(request.path).lstrip("/").partition("/")[0]


def _bucket(call: Call, request: HttpRequest) -> Any:
    """moto's bucket, None if there is none."""
    return backends("s3")[call.account]["aws"].buckets.get(_bucket_name(request))
