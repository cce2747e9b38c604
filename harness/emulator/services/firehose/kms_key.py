"""Whether the customer's KMS key of a delivery stream can be used (A16). Asked over the bus, never remembered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.emulator.errors import AwsError
from harness.emulator.services.firehose.model import DeliveryStream
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase


@dataclass(slots=True, frozen=True)
class KeyProblem:
    """`kind` is FailureDescription's Type, `code` the KMS exception, `metric` what counts it (A17)."""

    kind: str
    code: str
    metric: str
    details: str

    def failure(self) -> Json:
        """FailureDescription."""
        return {"Type": self.kind, "Details": self.details}

    def error(self) -> AwsError:
        """What a put is answered with."""
        return AwsError("InvalidKMSResourceException", self.details, members={"code": self.code})


async def key_problem(service: FirehoseBase, stream: DeliveryStream, encryption: Json) -> KeyProblem | None:
    """None for a key that can be used, and for the key that AWS owns. Raises NotEmulated where no KMS is served."""
    if encryption.get("KeyType") != "CUSTOMER_MANAGED_CMK":
        return None
    key: str = encryption["KeyARN"]
    try:
        role = service.destination(stream).s3(stream.destination)["RoleARN"]
        answer = await service.call("kms", "DescribeKey", {"KeyId": key}, service.caller(stream, role))
    except AwsError as error:
        return _problem(error)
    found = answer["KeyMetadata"]
    state = found.get("KeyState", "Enabled")
    if state == "Disabled":
        return KeyProblem("DISABLED_KMS_KEY", "DisabledException", "KMSKeyDisabled", f"{key} is disabled.")
    if state != "Enabled":
        details = f"{key} is in state {state}."
        return KeyProblem("INVALID_KMS_KEY", "KMSInvalidStateException", "KMSKeyInvalidState", details)
    if found.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT" or found.get("KeyUsage") == "SIGN_VERIFY":
        details = f"{key} is not a symmetric encryption key."
        return KeyProblem("INVALID_KMS_KEY", "InvalidKeyUsageException", "KMSKeyInvalidState", details)
    return None


def _problem(error: AwsError) -> KeyProblem:
    details = error.message or error.code
    if error.code == "NotEmulated":
        raise error
    if error.code == "NotFoundException":
        return KeyProblem("KMS_KEY_NOT_FOUND", error.code, "KMSKeyNotFound", details)
    if error.code.startswith("AccessDenied"):
        return KeyProblem("KMS_ACCESS_DENIED", error.code, "KMSKeyAccessDenied", details)
    return KeyProblem("UNKNOWN_ERROR", error.code, "KMSKeyInvalidState", details)
