"""Kinesis data streams and delivery streams."""

from __future__ import annotations

from typing import Any

import orjson

from harness.emulator.permissions.demands.asked import ANYTHING, Asked, Demand

_OF_NO_STREAM = frozenset(("DescribeAccountSettings", "DescribeLimits", "ListStreams", "UpdateAccountSettings"))


def kinesis(asked: Asked) -> list[Demand]:
    if asked.operation in _OF_NO_STREAM:
        return asked.on(ANYTHING)
    given = asked.text("ConsumerARN", "ResourceARN", "StreamARN") or asked.text("StreamName")
    if not given:
        given = _of_token(asked)
    return asked.on(asked.named(given, "stream/") if given else ANYTHING)


def _of_token(asked: Asked) -> str:
    """The stream's name in an iterator or page token, which only the Kinesis service can read."""
    service: Any = asked.world.services.get("kinesis")
    if service is None:
        return ""
    iterator = asked.text("ShardIterator")
    token = asked.text("NextToken")
    try:
        if iterator:
            return str(service.tokens.read_iterator(iterator).text.split("/")[2])
        return str(orjson.loads(service.tokens.read_page(token).text.partition("/")[2])[0]) if token else ""
    except (ValueError, IndexError, TypeError):
        return ""


def firehose(asked: Asked) -> list[Demand]:
    name = asked.text("DeliveryStreamName")
    return asked.on(asked.arn(f"deliverystream/{name}") if name else ANYTHING)
