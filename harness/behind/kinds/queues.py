"""SQS: messages, also those in flight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from harness.behind.kind import Json

_CHANGING = ("ApproximateNumberOf", "CreatedTimestamp", "LastModifiedTimestamp")
_MESSAGES = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
_PURGED_JUST_NOW = "PurgeQueueInProgress"


class Queues:
    service, noun = "sqs", "queue"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_queues").paginate():
            yield from page.get("QueueUrls", [])

    def describe(self, client: Any, name: str) -> Json:
        attributes = client.get_queue_attributes(QueueUrl=name, AttributeNames=["All"])["Attributes"]
        return {key: value for key, value in attributes.items() if not key.startswith(_CHANGING)}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """By a purge; AWS allows one a minute, so that messages are taken out one by one in between, as far as they are
        visible."""
        counts = client.get_queue_attributes(QueueUrl=name, AttributeNames=_MESSAGES)["Attributes"]
        if not any(int(count) for count in counts.values()):
            return
        try:
            client.purge_queue(QueueUrl=name)
        except ClientError as error:
            if _PURGED_JUST_NOW not in error.response["Error"]["Code"]:
                raise
            while messages := client.receive_message(QueueUrl=name, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    client.delete_message(QueueUrl=name, ReceiptHandle=message["ReceiptHandle"])

    def remove(self, client: Any, name: str) -> None:
        client.delete_queue(QueueUrl=name)
