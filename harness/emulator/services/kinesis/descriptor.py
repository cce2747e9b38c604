"""What the rest of the emulator must know of Kinesis Data Streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import orjson

from harness.emulator.call_members import CallMembers
from harness.emulator.errors import AwsError
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, Batch, Encryption, Resource, ServiceDescriptor, name_and_arn

if TYPE_CHECKING:
    from harness.emulator.services.kinesis.base import KinesisBase

_OF_NO_STREAM = frozenset(("DescribeAccountSettings", "DescribeLimits", "ListStreams", "UpdateAccountSettings"))
_STREAM = Resource(("StreamName", "StreamARN", "ConsumerARN", "ResourceARN"), "stream/")

_WITH_KEY = {
    "GetRecords": "kms:Decrypt",
    "PutRecord": "kms:GenerateDataKey",
    "PutRecords": "kms:GenerateDataKey",
    "SubscribeToShard": "kms:Decrypt",
}


def _names(asked: CallMembers) -> list[str]:
    if "ShardIterator" in asked.params and "StreamARN" not in asked.params:
        name = _of_iterator(asked)
        return name_and_arn(asked.call, name, _STREAM.prefix) if name else []
    return DESCRIPTOR.named_by_members(asked)


def _actions(asked: Asked) -> list[RequiredAction]:
    if asked.operation in _OF_NO_STREAM:
        return asked.on(ANYTHING)
    given = asked.text("ConsumerARN", "ResourceARN", "StreamARN") or asked.text("StreamName")
    given = given or _of_iterator(asked) or _of_page(asked)
    if not given:
        return asked.on(ANYTHING)
    stream = asked.named(given, _STREAM.prefix)
    return [*asked.on(stream), *_of_key(asked, stream)]


def _of_key(asked: Asked, stream: str) -> list[RequiredAction]:
    """Writing to a stream that is encrypted with a customer's key needs a data key of it, reading needs to decrypt."""
    action, service = _WITH_KEY.get(asked.operation), _service(asked)
    if action is None or service is None:
        return []
    _, _, _, region, account, name = stream.split(":", 5)
    found = service.streams.get((account, region, name.split("/")[1]))
    if found is None or not found.key_id or found.key_id.endswith("alias/aws/kinesis"):
        return []
    facts = {
        "kms:ViaService": f"kinesis.{region}.amazonaws.com",
        "kms:EncryptionContext:aws:kinesis:arn": f"arn:aws:kinesis:{region}:{account}:stream/{name.split('/')[1]}",
        "aws:ViaAWSService": "true",
    }
    return [RequiredAction(action, asked.directory.key_arn(account, region, found.key_id), facts)]


def _of_iterator(asked: CallMembers) -> str:
    """The stream's name in a shard iterator; empty for none that was made here."""
    iterator, service = asked.text("ShardIterator"), _service(asked)
    if service is None or not iterator:
        return ""
    try:
        return service.tokens.read_iterator(iterator).text.split("/")[2]
    except (ValueError, IndexError):
        return ""


def _of_page(asked: CallMembers) -> str:
    """The stream's name in a page token; empty for none that was made here."""
    token, service = asked.text("NextToken"), _service(asked)
    if service is None or not token:
        return ""
    try:
        return str(orjson.loads(service.tokens.read_page(token).text.partition("/")[2])[0])
    except (ValueError, IndexError, TypeError):
        return ""


def _key_in_use(asked: CallMembers) -> str | None:
    service, name = _service(asked), (_names(asked) or [""])[-1].rpartition("/")[2]
    stream = service.streams.get((asked.call.account, asked.call.region, name)) if service is not None else None
    return stream.key_id if stream is not None else None


def _key_disabled(key: str) -> AwsError:
    return AwsError("KMSDisabledException", f"{key} is disabled.")


def _service(asked: CallMembers) -> KinesisBase | None:
    return cast("KinesisBase | None", asked.service)


DESCRIPTOR = ServiceDescriptor(
    name="kinesis",
    protocol="json",
    targets=("Kinesis_20131202",),
    hosts=("kinesis",),
    provider="Kinesis",
    rank=1,
    is_here_by_default=True,
    resource=_STREAM,
    names=_names,
    actions=_actions,
    principal="kinesis.amazonaws.com",
    encryption=Encryption(frozenset(("PutRecord", "PutRecords", "GetRecords")), _key_in_use, _key_disabled),
    key_denied="KMSAccessDeniedException",
    required={"PutRecordInput": ("PartitionKey",), "PutRecordsRequestEntry": ("PartitionKey",)},
    batches={"PutRecords": Batch("FailedRecordCount", "Records")},
    namespace="AWS/Kinesis",
)
