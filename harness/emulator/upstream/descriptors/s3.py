"""S3: actions by operation, buckets and objects, and the KMS key that an object is encrypted with."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote

from harness.emulator.call import HttpRequest
from harness.emulator.call_members import CallMembers
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.facts import Value
from harness.emulator.s3_address import Place, place_of
from harness.emulator.service_descriptor import ANYTHING, Encryption, ServiceDescriptor

_KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)

# Operation → action, where `s3:<operation>` is not it.
_ACTIONS = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PostObject": "PutObject",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "UploadPart": "PutObject",
}
_VERSIONED = ("GetObject", "DeleteObject", "GetObjectAcl", "PutObjectAcl", "GetObjectTagging", "PutObjectTagging",
              "DeleteObjectTagging")  # fmt: skip
_UNKNOWN_SUBRESOURCES = frozenset((
    "analytics", "encryptionContext", "intelligent-tiering", "inventory", "metadataConfiguration", "metadataTable",
    "metrics", "renameObject", "restore", "select", "session",
))  # fmt: skip
_WRITING = frozenset(("PutObject", "CopyObject", "CreateMultipartUpload", "UploadPart", "PostObject"))
_READING = frozenset(("GetObject", "HeadObject"))

_QUERY_FACTS = {"prefix": "s3:prefix", "delimiter": "s3:delimiter", "max-keys": "s3:max-keys",
                "versionId": "s3:VersionId"}  # fmt: skip
_HEADER_FACTS = ("x-amz-acl", "x-amz-copy-source", "x-amz-server-side-encryption",
                 "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-storage-class")  # fmt: skip
_MEMBER_FACTS = {
    "Prefix": "s3:prefix",
    "Delimiter": "s3:delimiter",
    "VersionId": "s3:VersionId",
    "ACL": "s3:x-amz-acl",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def _names(asked: CallMembers) -> list[str]:
    """`bucket`, `bucket/key` and both ARNs."""
    bucket, key = place_of(asked.call)
    names = [bucket, f"{bucket}/{key}"] if bucket and key else [bucket] if bucket else []
    return names + [f"arn:aws:s3:::{name}" for name in names]


def _actions_of(asked: Asked) -> list[RequiredAction]:
    _refuse_unknown(asked)
    place, facts = place_of(asked.call), _facts(asked)
    action = _ACTIONS.get(asked.operation, asked.operation)
    if not place.bucket:
        return [RequiredAction(f"s3:{action}", ANYTHING, facts)]
    if asked.operation == "DeleteObjects":
        return [
            RequiredAction("s3:DeleteObject", _arn(Place(place.bucket, key)), facts) for key in _keys_to_delete(asked)
        ]
    if action in _VERSIONED and "s3:VersionId" in facts:
        action = action.replace("Object", "ObjectVersion", 1)
    found = [RequiredAction(f"s3:{action}", _arn(place), facts)]
    source = asked.call.http.header("x-amz-copy-source") if asked.call.http is not None else ""
    if source:
        bucket, _, key = unquote(source.partition("?")[0]).lstrip("/").partition("/")
        found += _reading(asked, Place(bucket, key))
    if asked.operation in _WRITING:
        found += _encrypting(asked, place, facts)
        if asked.call.http is not None and asked.call.http.header("x-amz-tagging"):
            found.append(RequiredAction("s3:PutObjectTagging", _arn(place), facts))
        if asked.call.http is not None and _sets_acl(asked.call.http):
            found.append(RequiredAction("s3:PutObjectAcl", _arn(place), facts))
    elif asked.operation in _READING:
        found += _decrypting(asked, place)
    return found


def _refuse_unknown(asked: Asked) -> None:
    """Sub-resources that the edge does not tell apart from the bucket or object itself."""
    request = asked.call.http
    names = {part.partition("=")[0] for part in request.query.split("&")} if request is not None else set()
    unknown = sorted(names & _UNKNOWN_SUBRESOURCES)
    if unknown:
        raise NotEmulated("iam", f"the permission check of s3 ?{unknown[0]}")


def _keys_to_delete(asked: Asked) -> list[str]:
    if asked.call.http is None:
        return [str(item["Key"]) for item in asked.params.get("Delete", {}).get("Objects", [])]
    from xml.sax.saxutils import unescape  # every start would pay for it, hardly a run asks

    return [unescape(key) for key in _KEY.findall(asked.call.http.body.decode("utf-8", "replace"))]


def _arn(place: Place) -> str:
    return f"arn:aws:s3:::{place.bucket}/{place.key}" if place.key else f"arn:aws:s3:::{place.bucket}"


def _facts(asked: Asked) -> dict[str, Value]:
    request = asked.call.http
    facts: dict[str, Value] = {}
    if request is None or asked.params:
        facts = {key: str(asked.params[m]) for m, key in _MEMBER_FACTS.items() if m in asked.params}
    else:
        query = parse_qs(request.query, keep_blank_values=True)
        facts = {key: query[name][0] for name, key in _QUERY_FACTS.items() if name in query}
        facts |= {f"s3:{name}": request.header(name) for name in _HEADER_FACTS if request.header(name)}
    return facts


def _sets_acl(request: HttpRequest) -> bool:
    return any(name == "x-amz-acl" or name.startswith("x-amz-grant-") for name, _ in request.headers)


def _reading(asked: Asked, place: Place) -> list[RequiredAction]:
    return [RequiredAction("s3:GetObject", _arn(place)), *_decrypting(asked, place)]


def _encrypting(asked: Asked, place: Place, facts: dict[str, Value]) -> list[RequiredAction]:
    """Writing with a customer's key needs a data key of it."""
    form = facts.get("s3:x-amz-server-side-encryption", "")
    key = facts.get("s3:x-amz-server-side-encryption-aws-kms-key-id", "") if form == "aws:kms" else ""
    if not form:
        key = asked.directory.bucket_key(place.bucket)
    return _with_key(asked, "kms:GenerateDataKey", str(key), place)


def _decrypting(asked: Asked, place: Place) -> list[RequiredAction]:
    return _with_key(asked, "kms:Decrypt", asked.directory.object_key(place.bucket, place.key) or "", place)


def _with_key(asked: Asked, action: str, key: str, place: Place) -> list[RequiredAction]:
    """Nothing for the key that S3 owns: it is everybody's who may use the bucket."""
    if not key or key.endswith("alias/aws/s3"):
        return []
    region = asked.call.region
    facts: dict[str, Value] = {
        "kms:ViaService": f"s3.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": _arn(place),
        "aws:ViaAWSService": "true",
    }
    return [RequiredAction(action, asked.directory.key_arn(asked.call.account, region, key), facts)]


def _key_in_use(asked: CallMembers) -> str | None:
    """The key that the caller names."""
    http = asked.call.http
    header = http.header("x-amz-server-side-encryption-aws-kms-key-id") if http is not None else ""
    return asked.text("SSEKMSKeyId") or header or None


def _key_disabled(key: str) -> AwsError:
    return AwsError("KMS.DisabledException", f"{key} is disabled.")


S3 = ServiceDescriptor(
    name="s3",
    protocol="s3",
    signing=("s3", "s3express", "s3-object-lambda"),
    names=_names,
    actions=_actions_of,
    encryption=Encryption(frozenset(("PutObject",)), _key_in_use, _key_disabled),
)
