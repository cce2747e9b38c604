"""KMS: operations that take a key by its ARN, too."""

from __future__ import annotations

from typing import Any


def test_keys_are_disabled_and_deleted_by_arn(aws: Any) -> None:
    """DisableKey, EnableKey, ScheduleKeyDeletion and CancelKeyDeletion take an id or an ARN (KMS API reference)."""
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]

    def state() -> str:
        return str(kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"])

    kms.disable_key(KeyId=arn)
    assert state() == "Disabled"
    kms.enable_key(KeyId=arn)
    assert state() == "Enabled"
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert state() == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=arn)
    assert state() == "Disabled"
