"""S3 buckets as AWS makes them since 2023, bucket policies that moto would read as "deny everything" (E1), and bodies
that a forked copy of this process can read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from harness.json_object import Json


def patch(models: Any) -> None:
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult

    bucket = models.FakeBucket
    made = bucket.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self.encryption = default_encryption()
        self.ownership_rule = "BucketOwnerEnforced"
        self.public_access_block = models.PublicAccessBlock(True, True, True, True)

    def delete_bucket_encryption(self: Any, bucket_name: str) -> None:
        self.get_bucket(bucket_name).encryption = default_encryption()

    def get_permission(self: Any, action: str, resource: str) -> Any:
        """moto denies where it cannot evaluate a statement: here such a statement says nothing."""
        if self.policy is None:
            return PermissionResult.NEUTRAL
        statements = json.loads(self.policy).get("Statement", [])
        permitted = False
        for statement in [statements] if isinstance(statements, dict) else statements:
            if not speaks_to_anyone(statement) or not holds(statement.get("Condition") or {}):
                continue
            bare = {name: value for name, value in statement.items() if name != "Condition"}
            said = IAMPolicyStatement(bare).is_action_permitted(action, resource)
            if said == PermissionResult.DENIED:
                return said
            permitted = permitted or said == PermissionResult.PERMITTED
        return PermissionResult.PERMITTED if permitted else PermissionResult.NEUTRAL

    bucket.__init__ = init
    bucket.get_permission = get_permission
    models.utcnow = _StrictlyLater(models.utcnow)
    models.S3Backend.delete_bucket_encryption = delete_bucket_encryption
    value = models.FakeKey.value
    models.FakeKey.value = property(body, lambda self, content: _write_body(value.fset, self, content))


def body(key: Any) -> bytes:
    """The bytes of an object. Above 5 MiB they are in a file whose offset a snapshot's process shares with this one:
    read without moving it. Raises ValueError for a body that was closed."""
    with key.lock:
        buffer = key._value_buffer
        if not buffer._rolled:
            buffer.seek(0)
            return bytes(buffer.read())
        handle, parts, position = buffer.fileno(), [], 0
        while part := os.pread(handle, key.contentsize - position, position):
            parts.append(part)
            position += len(part)
        return b"".join(parts)


def _write_body(write: Callable[[Any, bytes], None], key: Any, content: bytes) -> None:
    write(key, content)
    key._value_buffer.flush()  # what is read above


class _StrictlyLater:
    """A clock that never gives the same time twice: moto orders an object's versions by time, and where time stands
    still all would be equal. Follows the world's time when that jumps."""

    def __init__(self, utcnow: Callable[[], datetime]) -> None:
        self._utcnow = utcnow
        self.last = datetime.min

    def __call__(self) -> datetime:
        now = self._utcnow()
        if timedelta() <= self.last - now < timedelta(seconds=1):
            now = self.last + timedelta(microseconds=1)
        self.last = now
        return now


def default_encryption() -> Json:
    """SSE-S3, which every bucket has if nothing else is set."""
    return {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}}


def speaks_to_anyone(statement: Json) -> bool:
    """Whether a statement's principal is everybody: callers are not told apart."""
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        principal = principal.get("AWS")
    return principal == "*" or (isinstance(principal, list) and "*" in principal)


def holds(condition: dict[str, Json]) -> bool:
    """Whether a condition is known to hold. The emulator's transport counts as secure; other keys are not evaluated."""
    return all(
        key.lower() == "aws:securetransport" and str(value).lower() in ("true", "['true']")
        for test in condition.values()
        for key, value in test.items()
    )
