"""AWS::Kinesis::Stream and AWS::Kinesis::StreamConsumer."""

from __future__ import annotations

from harness.emulator.services.cloudformation.resources.api import Api
from harness.emulator.services.cloudformation.resources.removal import until_gone
from harness.emulator.services.cloudformation.resources.resource import (
    Context,
    Created,
    Resource,
    ResourceType,
)
from harness.emulator.services.cloudformation.resources.shape import TAGS, Structure
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_CREATE = Api("kinesis", "CreateStream", "MaxRecordSizeInKiB", "ShardCount", "StreamModeDetails", Name="StreamName")
_ENCRYPTION = Api("kinesis", "StartStreamEncryption", "EncryptionType", "KeyId")
_RETENTION = Api("kinesis", "IncreaseStreamRetentionPeriod", "RetentionPeriodHours")
_METRICS = Api("kinesis", "EnableEnhancedMonitoring", DesiredShardLevelMetrics="ShardLevelMetrics")
_REGISTER = Api("kinesis", "RegisterStreamConsumer", "ConsumerName", "StreamARN")
_CONSUMER_ATTRIBUTES = ("ConsumerARN", "ConsumerCreationTimestamp", "ConsumerName", "ConsumerStatus", "StreamARN")
_TAGGING = Tagging("kinesis", "TagResource", "UntagResource", "ResourceARN")
_DEFAULT_HOURS = 24
_DEFAULT_KIB = 1024


async def _create(ctx: Context, props: Json) -> Created:
    props = {"Name": ctx.physical_name(128), **props}
    name = props["Name"]
    params = _CREATE.params(props)
    if tags := own_tags(props):
        params["Tags"] = tags
    await ctx.call("kinesis", "CreateStream", params)
    attributes = {"Arn": ctx.arn("kinesis", f"stream/{name}")}
    ctx.made(name, attributes)
    await _settle(ctx, name)
    await _apply(ctx, name, props)
    return Created(name, attributes)


async def _update(ctx: Context, stream: Resource, props: Json) -> Json:
    name, arn, old = stream.physical_id, stream.attributes["Arn"], stream.properties
    shown = await _describe(ctx, name)
    if _mode(props) != shown["StreamModeDetails"]["StreamMode"]:
        mode = {"StreamModeDetails": {"StreamMode": _mode(props)}}
        await ctx.call("kinesis", "UpdateStreamMode", {"StreamARN": arn, **mode})
        await _settle(ctx, name)
    if _mode(props) == "PROVISIONED" and props.get("ShardCount") != shown["OpenShardCount"]:
        count = {"TargetShardCount": props["ShardCount"], "ScalingType": "UNIFORM_SCALING"}
        await ctx.call("kinesis", "UpdateShardCount", {"StreamName": name, **count})
        await _settle(ctx, name)
    size = props.get("MaxRecordSizeInKiB", _DEFAULT_KIB)
    if size != shown.get("MaxRecordSizeInKiB", _DEFAULT_KIB):
        await ctx.call("kinesis", "UpdateMaxRecordSize", {"StreamARN": arn, "MaxRecordSizeInKiB": size})
        await _settle(ctx, name)
    await _apply(ctx, name, props)
    await _TAGGING.change(ctx, arn, own_tags(old), own_tags(props))
    return stream.attributes


async def _delete(ctx: Context, stream: Resource) -> None:
    named = {"StreamName": stream.physical_id}
    await ctx.call("kinesis", "DeleteStream", {**named, "EnforceConsumerDeletion": True})
    await until_gone(ctx, "kinesis", "DescribeStreamSummary", named)


async def _apply(ctx: Context, name: str, props: Json) -> None:
    """What is set by operations of its own: retention, encryption, shard-level metrics."""
    shown = await _describe(ctx, name)
    hours = props.get("RetentionPeriodHours", _DEFAULT_HOURS)
    if hours != shown["RetentionPeriodHours"]:
        rises = hours > shown["RetentionPeriodHours"]
        operation = "IncreaseStreamRetentionPeriod" if rises else "DecreaseStreamRetentionPeriod"
        await ctx.call("kinesis", operation, {"StreamName": name, "RetentionPeriodHours": hours})
        await _settle(ctx, name)
    encryption = {key: shown[key] for key in ("EncryptionType", "KeyId") if shown.get("EncryptionType") == "KMS"}
    wanted = props.get("StreamEncryption") or {}
    if wanted != encryption:
        operation, keys = ("StartStreamEncryption", wanted) if wanted else ("StopStreamEncryption", encryption)
        await ctx.call("kinesis", operation, {"StreamName": name, **keys})
        await _settle(ctx, name)
    metrics = set(props.get("DesiredShardLevelMetrics") or ())
    watched = {metric for entry in shown["EnhancedMonitoring"] for metric in entry["ShardLevelMetrics"]}
    for operation, changed in (
        ("DisableEnhancedMonitoring", watched - metrics if "ALL" not in metrics else set()),
        ("EnableEnhancedMonitoring", metrics - watched),
    ):
        if changed:
            await ctx.call("kinesis", operation, {"StreamName": name, "ShardLevelMetrics": sorted(changed)})
            await _settle(ctx, name)


async def _describe(ctx: Context, name: str) -> Json:
    """The stream as it is: an update that failed half-way left something between the old and the new."""
    answer = await ctx.call("kinesis", "DescribeStreamSummary", {"StreamName": name})
    described: Json = answer["StreamDescriptionSummary"]
    return described


async def _settle(ctx: Context, name: str) -> None:
    async def active() -> bool:
        return bool((await _describe(ctx, name))["StreamStatus"] == "ACTIVE")

    await ctx.until(active, f"stream {name}")


def _mode(props: Json) -> str:
    given = (props.get("StreamModeDetails") or {}).get("StreamMode")
    return str(given or ("PROVISIONED" if "ShardCount" in props else "ON_DEMAND"))


# -- consumers ------------------------------------------------------------------------------------------------------


async def _register(ctx: Context, props: Json) -> Created:
    params = _REGISTER.params(props)
    if tags := own_tags(props):
        params["Tags"] = tags
    arn = str((await ctx.call("kinesis", "RegisterStreamConsumer", params))["Consumer"]["ConsumerARN"])
    ctx.made(arn)

    async def consumer() -> Json:
        answer = await ctx.call("kinesis", "DescribeStreamConsumer", {"ConsumerARN": arn})
        described: Json = answer["ConsumerDescription"]
        return described

    async def active() -> bool:
        return bool((await consumer())["ConsumerStatus"] == "ACTIVE")

    await ctx.until(active, f"consumer {props['ConsumerName']}")
    described = await consumer()
    created = {"ConsumerCreationTimestamp": str(int(described["ConsumerCreationTimestamp"]))}
    return Created(arn, {**{name: described[name] for name in _CONSUMER_ATTRIBUTES if name in described}, **created})


async def _deregister(ctx: Context, consumer: Resource) -> None:
    named = {"ConsumerARN": consumer.physical_id}
    await ctx.call("kinesis", "DeregisterStreamConsumer", named)
    await until_gone(ctx, "kinesis", "DescribeStreamConsumer", named)


TYPES = (
    ResourceType(
        "AWS::Kinesis::Stream",
        Structure(
            {
                **_CREATE.properties,
                **_RETENTION.properties,
                **_METRICS.properties,
                "StreamEncryption": Structure(_ENCRYPTION.properties, required=("EncryptionType", "KeyId")),
                "Tags": TAGS,
            }
        ),
        _create,
        _update,
        _delete,
        replaced_by=("Name",),
        attributes=("Arn",),
        name_property="Name",
    ),
    ResourceType(
        "AWS::Kinesis::StreamConsumer",
        Structure({**_REGISTER.properties, "Tags": TAGS}, required=("ConsumerName", "StreamARN")),
        _register,
        None,
        _deregister,
        attributes=_CONSUMER_ATTRIBUTES,
    ),
)
