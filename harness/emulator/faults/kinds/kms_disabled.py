"""kms-disabled: the key that encrypts is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.call_members import CallMembers
from harness.emulator.faults.arguments import argument, text
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.service_registry import descriptor_of, descriptors


@dataclass(kw_only=True)
class KmsDisabled(Fault):
    """The KMS key of an encrypted stream, delivery stream or S3 object is disabled (A16, B5).

    Kinesis answers KMSDisabledException, Firehose InvalidKMSResourceException, S3 KMS.DisabledException. What is not
    encrypted goes on and is not counted. `key`: only where this key is used (id or ARN).
    """

    calls = {each.name: each.encryption.operations for each in descriptors().values() if each.encryption}

    key: str | None = argument(text(), None)

    async def around(self, hit: Hit) -> Any:
        encryption = descriptor_of(hit.call.service).encryption
        key = encryption.key_of(CallMembers(hit.call, hit.world)) if encryption is not None else None
        if encryption is not None and key is not None and self._is_meant(key):
            raise encryption.disabled(key)
        hit.missed()
        return await hit.proceed()

    def _is_meant(self, key: str) -> bool:
        return self.key is None or key.rpartition("/")[2] == self.key.rpartition("/")[2]
