"""What the rest of the emulator must know of Amazon Data Firehose."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from harness.emulator.call import Call
from harness.emulator.call_members import CallMembers
from harness.emulator.errors import AwsError
from harness.emulator.service_descriptor import Batch, Encryption, Resource, ServiceDescriptor

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase

_LOOKING_UP = frozenset((("kinesis", "DescribeStreamSummary"), ("kms", "DescribeKey")))
"""How it finds out what AWS's knows: the retention of a source, the state of a key (which it uses by a grant)."""


def _unassumable(role: str) -> AwsError:
    text = f"Firehose is unable to assume role {role}. Please check the role provided."
    return AwsError("InvalidArgumentException", text)


def _key_in_use(asked: CallMembers) -> str | None:
    from harness.emulator.services.firehose.model import Key  # loaded by the service, which is there when this is asked

    service = cast("FirehoseBase | None", asked.service)
    key = Key(asked.call.account, asked.call.region, asked.text("DeliveryStreamName"))
    stream = service.streams.get(key) if service is not None else None
    encryption = stream.encryption if stream is not None else {}
    return encryption.get("KeyARN", "aws/firehose") if encryption.get("Status") == "ENABLED" else None


def _key_disabled(key: str) -> AwsError:
    return AwsError("InvalidKMSResourceException", f"The KMS key {key} is disabled.")


def _is_own_call(call: Call) -> bool:
    return (call.service, call.operation) in _LOOKING_UP


DESCRIPTOR = ServiceDescriptor(
    name="firehose",
    protocol="json",
    targets=("Firehose_20150804",),
    hosts=("firehose",),
    provider="Firehose",
    is_here_by_default=True,
    resource=Resource(("DeliveryStreamName",), "deliverystream/"),
    principal="firehose.amazonaws.com",
    gives_external_id=True,
    passes_roles=frozenset(("CreateDeliveryStream", "UpdateDestination")),
    unassumable=_unassumable,
    is_own_call=_is_own_call,
    encryption=Encryption(frozenset(("PutRecord", "PutRecordBatch")), _key_in_use, _key_disabled),
    echoes_values=False,
    batches={"PutRecordBatch": Batch("FailedPutCount", "RequestResponses", {"Encrypted": False})},
    namespace="AWS/Firehose",
)
