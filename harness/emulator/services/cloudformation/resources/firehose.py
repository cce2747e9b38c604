"""AWS::KinesisFirehose::DeliveryStream."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.removal import until_gone
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    ReplacementNeeded,
    Resource,
    ResourceFailed,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import TAGS, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_S3, _EXTENDED, _HTTP = (
    "S3DestinationConfiguration",
    "ExtendedS3DestinationConfiguration",
    "HttpEndpointDestinationConfiguration",
)
_ENCRYPTION = "DeliveryStreamEncryptionConfigurationInput"
_CREATE = Api(
    "firehose",
    "CreateDeliveryStream",
    "DeliveryStreamName",
    "DeliveryStreamType",
    _ENCRYPTION,
    "DirectPutSourceConfiguration",
    _EXTENDED,
    _HTTP,
    "KinesisStreamSourceConfiguration",
    _S3,
)
_TAGGING = Tagging("firehose", "TagDeliveryStream", "UntagDeliveryStream", "DeliveryStreamName", as_list=True)
_NAME = "DeliveryStreamName"


async def _create(ctx: Context, props: Json) -> Created:
    props = {_NAME: ctx.physical_name(64), **props}
    params = _CREATE.params(props)
    if tags := own_tags(props):
        params["Tags"] = _TAGGING.form(tags)
    answer = await ctx.call("firehose", "CreateDeliveryStream", params)
    attributes = {"Arn": str(answer["DeliveryStreamARN"])}
    ctx.made(props[_NAME], attributes)
    await _settle(ctx, props[_NAME])
    return Created(props[_NAME], attributes)


async def _update(ctx: Context, stream: Resource, props: Json) -> Json:
    name, old = stream.physical_id, stream.properties
    if _kind(old) != _kind(props):
        raise ReplacementNeeded
    kind = _kind(props)
    if old.get(kind) != props.get(kind):
        described = (await ctx.call("firehose", "DescribeDeliveryStream", {_NAME: name}))["DeliveryStreamDescription"]
        params = {
            _NAME: name,
            "CurrentDeliveryStreamVersionId": described["VersionId"],
            "DestinationId": described["Destinations"][0]["DestinationId"],
            kind.replace("Configuration", "Update"): _as_update(props[kind]),
        }
        await ctx.call("firehose", "UpdateDestination", params)
    if old.get(_ENCRYPTION) != props.get(_ENCRYPTION):
        if _ENCRYPTION in props:
            params = {_NAME: name, "DeliveryStreamEncryptionConfigurationInput": props[_ENCRYPTION]}
            await ctx.call("firehose", "StartDeliveryStreamEncryption", params)
        elif await _encryption(ctx, name) != "DISABLED":
            await ctx.call("firehose", "StopDeliveryStreamEncryption", {_NAME: name})
        await _settle(ctx, name)
    await _TAGGING.change(ctx, name, own_tags(old), own_tags(props))
    return stream.attributes


async def _delete(ctx: Context, stream: Resource) -> None:
    named = {_NAME: stream.physical_id}
    await ctx.call("firehose", "DeleteDeliveryStream", named)
    await until_gone(ctx, "firehose", "DescribeDeliveryStream", named)


async def _settle(ctx: Context, name: str) -> None:
    async def active() -> bool:
        answer = await ctx.call("firehose", "DescribeDeliveryStream", {_NAME: name})
        described = answer["DeliveryStreamDescription"]
        encryption = (described.get("DeliveryStreamEncryptionConfiguration") or {}).get("Status", "")
        if described["DeliveryStreamStatus"].endswith("_FAILED") or encryption.endswith("_FAILED"):
            failure = described.get("FailureDescription") or {}
            raise ResourceFailed(f"{failure.get('Type', 'Delivery stream failed')}: {failure.get('Details', name)}")
        return described["DeliveryStreamStatus"] == "ACTIVE" and encryption not in ("ENABLING", "DISABLING")

    await ctx.until(active, f"delivery stream {name}")


async def _encryption(ctx: Context, name: str) -> str:
    answer = await ctx.call("firehose", "DescribeDeliveryStream", {_NAME: name})
    configuration = answer["DeliveryStreamDescription"].get("DeliveryStreamEncryptionConfiguration") or {}
    return str(configuration.get("Status", "DISABLED"))


def _kind(props: Json) -> str:
    """The property with the destination. Another kind of destination needs a new delivery stream."""
    return next((kind for kind in (_EXTENDED, _S3, _HTTP) if kind in props), "")


def _as_update(destination: Json) -> Json:
    """A destination as UpdateDestination takes it: what is nested has other names there."""
    renamed = {"S3BackupConfiguration": "S3BackupUpdate", "S3Configuration": "S3Update"}
    return {renamed.get(member, member): value for member, value in destination.items()}


TYPES = (
    ResourceType(
        "AWS::KinesisFirehose::DeliveryStream",
        Structure({**_CREATE.properties, "Tags": TAGS}),
        _create,
        _update,
        _delete,
        replaced_by=(
            "DeliveryStreamName",
            "DeliveryStreamType",
            "DirectPutSourceConfiguration",
            "KinesisStreamSourceConfiguration",
        ),
        attributes=("Arn",),
        name_property="DeliveryStreamName",
    ),
)
