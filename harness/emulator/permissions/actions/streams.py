"""Kinesis data streams and delivery streams."""

from __future__ import annotations

from typing import Any

import orjson

from harness.emulator.permissions.actions.asked import ANYTHING, Asked, RequiredAction

_OF_NO_STREAM = frozenset(("DescribeAccountSettings", "DescribeLimits", "ListStreams", "UpdateAccountSettings"))

_WITH_KEY = {
    "GetRecords": "kms:Decrypt",
    "PutRecord": "kms:GenerateDataKey",
    "PutRecords": "kms:GenerateDataKey",
    "SubscribeToShard": "kms:Decrypt",
}


def kinesis(asked: Asked) -> list[RequiredAction]:
    if asked.operation in _OF_NO_STREAM:
        return asked.on(ANYTHING)
    given = asked.text("ConsumerARN", "ResourceARN", "StreamARN") or asked.text("StreamName")
    if not given:
        given = _of_token(asked)
    if not given:
        return asked.on(ANYTHING)
    stream = asked.named(given, "stream/")
    return [*asked.on(stream), *_of_key(asked, stream)]


def _of_key(asked: Asked, stream: str) -> list[RequiredAction]:
    """Writing to a stream that is encrypted with a customer's key needs a data key of it, reading needs to decrypt."""
    action = _WITH_KEY.get(asked.operation)
    service: Any = asked.world.services.get("kinesis")
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


def firehose(asked: Asked) -> list[RequiredAction]:
    name = asked.text("DeliveryStreamName")
    return asked.on(asked.arn(f"deliverystream/{name}") if name else ANYTHING)
