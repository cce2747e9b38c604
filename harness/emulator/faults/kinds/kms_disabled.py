"""kms-disabled: the key that encrypts is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.faults.arguments import argument, text
from harness.emulator.faults.fault import Fault, Hit
from harness.emulator.world import World


@dataclass(kw_only=True)
class KmsDisabled(Fault):
    """The KMS key of an encrypted stream, delivery stream or S3 object is disabled (A16, B5).

    Kinesis answers KMSDisabledException, Firehose InvalidKMSResourceException, S3 KMS.DisabledException. What is not
    encrypted goes on and is not counted. `key`: only where this key is used (id or ARN).
    """

    calls = {
        "kinesis": frozenset({"PutRecord", "PutRecords", "GetRecords"}),
        "firehose": frozenset({"PutRecord", "PutRecordBatch"}),
        "s3": frozenset({"PutObject"}),
    }

    key: str | None = argument(text(), None)

    async def around(self, hit: Hit) -> Any:
        key = _key_of(hit)
        if key is None or (self.key is not None and key.rpartition("/")[2] != self.key.rpartition("/")[2]):
            hit.missed()
            return await hit.proceed()
        if hit.call.service == "kinesis":
            raise AwsError("KMSDisabledException", f"{key} is disabled.")
        if hit.call.service == "firehose":
            raise AwsError("InvalidKMSResourceException", f"The KMS key {key} is disabled.")
        raise AwsError("KMS.DisabledException", f"{key} is disabled.")


def _key_of(hit: Hit) -> str | None:
    """The key that the call would use; None when nothing is encrypted."""
    call = hit.call
    if call.service == "s3":
        header = call.http.header("x-amz-server-side-encryption-aws-kms-key-id") if call.http is not None else ""
        return call.params.get("SSEKMSKeyId") or header or None
    if call.service == "firehose":
        stream = _row(hit.world, "firehose.streams", hit, call.params["DeliveryStreamName"])
        encryption = stream.encryption if stream is not None else {}
        return encryption.get("KeyARN", "aws/firehose") if encryption.get("Status") == "ENABLED" else None
    from harness.emulator.faults.resources import names_of

    name = (names_of(hit.world, call) or [""])[-1].rpartition("/")[2]
    stream = _row(hit.world, "kinesis.streams", hit, name)
    return stream.key_id if stream is not None else None


def _row(world: World, table: str, hit: Hit, name: str) -> Any:
    return world.store.table(table).get((hit.call.account, hit.call.region, name))
