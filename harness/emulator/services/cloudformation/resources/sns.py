"""AWS::SNS::Topic, AWS::SNS::Subscription and AWS::SNS::TopicPolicy."""

from __future__ import annotations

import json

from harness.emulator.services.cloudformation.resources.api import JsonText
from harness.emulator.services.cloudformation.resources.removal import remove
from harness.emulator.services.cloudformation.resources.resource import Context, Created, Resource, ResourceType
from harness.emulator.services.cloudformation.resources.shape import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    TAGS,
    ListOf,
    Shape,
    Structure,
)
from harness.emulator.services.cloudformation.resources.tagging import Tagging, own_tags
from harness.json_object import Json

_TAGGING = Tagging("sns", "TagResource", "UntagResource", "ResourceArn", as_list=True)
_TOPIC_ATTRIBUTES: dict[str, Shape] = {
    "ContentBasedDeduplication": BOOLEAN,
    "DisplayName": STRING,
    "FifoTopic": BOOLEAN,
    "KmsMasterKeyId": STRING,
    "MaximumMessageSize": INTEGER,
    "SignatureVersion": STRING,
    "TracingConfig": STRING,
}
_SUBSCRIPTION_ATTRIBUTES: dict[str, Shape] = {
    "DeliveryPolicy": JsonText(),
    "FilterPolicy": JsonText(),
    "FilterPolicyScope": STRING,
    "RawMessageDelivery": BOOLEAN,
    "RedrivePolicy": JsonText(),
    "SubscriptionRoleArn": STRING,
}
_SUBSCRIPTION = Structure({"Endpoint": STRING, "Protocol": STRING}, required=("Endpoint", "Protocol"))
_OWNERS_ACTIONS = (
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
)  # fmt: skip


async def _create(ctx: Context, props: Json) -> Created:
    fifo = bool(props.get("FifoTopic"))
    name = props.get("TopicName") or (f"{ctx.physical_name(251)}.fifo" if fifo else ctx.physical_name(256))
    params: Json = {"Name": name, "Attributes": _attributes(props, _TOPIC_ATTRIBUTES)}
    params["Tags"] = _TAGGING.form(own_tags(props))
    arn = str((await ctx.call("sns", "CreateTopic", params))["TopicArn"])
    attributes = {"TopicArn": arn, "TopicName": name}
    ctx.made(arn, attributes)
    for subscription in props.get("Subscription", ()):
        await ctx.call("sns", "Subscribe", {"TopicArn": arn, **subscription})
    return Created(arn, attributes)


async def _update(ctx: Context, topic: Resource, props: Json) -> Json:
    arn, old = topic.physical_id, topic.properties
    unset = {"ContentBasedDeduplication": "false", "DisplayName": "", "KmsMasterKeyId": ""}
    for name, value in _changes(old, props, _TOPIC_ATTRIBUTES, unset):
        params = {"TopicArn": arn, "AttributeName": name, "AttributeValue": value}
        await ctx.call("sns", "SetTopicAttributes", params)
    before, after = old.get("Subscription", []), props.get("Subscription", [])
    await _unsubscribe(ctx, arn, [subscription for subscription in before if subscription not in after])
    for subscription in after:
        if subscription not in before:
            await ctx.call("sns", "Subscribe", {"TopicArn": arn, **subscription})
    await _TAGGING.change(ctx, arn, own_tags(old), own_tags(props))
    return topic.attributes


async def _delete(ctx: Context, topic: Resource) -> None:
    await _unsubscribe(ctx, topic.physical_id, topic.properties.get("Subscription", []))
    await ctx.call("sns", "DeleteTopic", {"TopicArn": topic.physical_id})


async def _unsubscribe(ctx: Context, arn: str, subscriptions: list[Json]) -> None:
    if not subscriptions:
        return
    found = await ctx.call("sns", "ListSubscriptionsByTopic", {"TopicArn": arn})
    for one in found.get("Subscriptions", ()):
        if {"Endpoint": one["Endpoint"], "Protocol": one["Protocol"]} in subscriptions:
            await ctx.call("sns", "Unsubscribe", {"SubscriptionArn": one["SubscriptionArn"]})


async def _subscribe(ctx: Context, props: Json) -> Created:
    params: Json = {name: props[name] for name in ("TopicArn", "Protocol", "Endpoint") if name in props}
    params["Attributes"] = _attributes(props, _SUBSCRIPTION_ATTRIBUTES)
    answer = await ctx.call("sns", "Subscribe", {**params, "ReturnSubscriptionArn": True})
    arn = str(answer["SubscriptionArn"])
    return Created(arn, {"Arn": arn})


async def _change_subscription(ctx: Context, subscription: Resource, props: Json) -> Json:
    unset = {"FilterPolicy": "{}", "RawMessageDelivery": "false", "RedrivePolicy": "", "FilterPolicyScope": ""}
    for name, value in _changes(subscription.properties, props, _SUBSCRIPTION_ATTRIBUTES, unset):
        params = {"SubscriptionArn": subscription.physical_id, "AttributeName": name, "AttributeValue": value}
        await ctx.call("sns", "SetSubscriptionAttributes", params)
    return subscription.attributes


async def _end_subscription(ctx: Context, subscription: Resource) -> None:
    await ctx.call("sns", "Unsubscribe", {"SubscriptionArn": subscription.physical_id})


async def _set_policy(ctx: Context, props: Json) -> Created:
    await _write_policy(ctx, props["Topics"], props["PolicyDocument"])
    physical_id = ctx.physical_name()
    return Created(physical_id, {"Id": physical_id})


async def _change_policy(ctx: Context, policy: Resource, props: Json) -> Json:
    gone = [topic for topic in policy.properties["Topics"] if topic not in props["Topics"]]
    await _write_policy(ctx, gone, None)
    await _write_policy(ctx, props["Topics"], props["PolicyDocument"])
    return policy.attributes


async def _unset_policy(ctx: Context, policy: Resource) -> None:
    await _write_policy(ctx, policy.properties["Topics"], None)


async def _write_policy(ctx: Context, topics: list[str], document: str | None) -> None:
    """`None` brings back the policy that topics begin with, if the topic is still there."""
    for arn in topics:
        value = document or json.dumps(_default_policy(arn, ctx.account))
        params = {"TopicArn": arn, "AttributeName": "Policy", "AttributeValue": value}
        if document:
            await ctx.call("sns", "SetTopicAttributes", params)
        else:
            await remove(ctx, "sns", "SetTopicAttributes", params)


def _default_policy(arn: str, account: str) -> Json:
    statement = {
        "Effect": "Allow",
        "Sid": "__default_statement_ID",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _OWNERS_ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}


def _attributes(props: Json, names: dict[str, Shape]) -> dict[str, str]:
    """The properties that are attributes, which are all strings."""
    return {name: props[name] if isinstance(props[name], str) else json.dumps(props[name])
            for name in names if name in props}  # fmt: skip


def _changes(old: Json, new: Json, names: dict[str, Shape], unset: dict[str, str]) -> list[tuple[str, str]]:
    before, after = _attributes(old, names), _attributes(new, names)
    gone = {name: unset[name] for name in before if name not in after and name in unset}
    return [(name, value) for name, value in {**gone, **after}.items() if before.get(name) != value]


TYPES = (
    ResourceType(
        "AWS::SNS::Topic",
        Structure({**_TOPIC_ATTRIBUTES, "Subscription": ListOf(_SUBSCRIPTION), "Tags": TAGS, "TopicName": STRING}),
        _create,
        _update,
        _delete,
        replaced_by=("FifoTopic", "TopicName"),
        attributes=("TopicArn", "TopicName"),
        name_property="TopicName",
    ),
    ResourceType(
        "AWS::SNS::Subscription",
        Structure(
            {**_SUBSCRIPTION_ATTRIBUTES, "Endpoint": STRING, "Protocol": STRING, "TopicArn": STRING},
            required=("Protocol", "TopicArn"),
        ),
        _subscribe,
        _change_subscription,
        _end_subscription,
        replaced_by=("Endpoint", "Protocol", "TopicArn"),
        attributes=("Arn",),
    ),
    ResourceType(
        "AWS::SNS::TopicPolicy",
        Structure({"PolicyDocument": JsonText(), "Topics": STRINGS}, required=("PolicyDocument", "Topics")),
        _set_policy,
        _change_policy,
        _unset_policy,
        attributes=("Id",),
    ),
)
