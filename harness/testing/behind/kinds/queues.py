"""SQS: messages, also those in flight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.testing.behind.kind import Json

_CHANGING = ("ApproximateNumberOf", "CreatedTimestamp", "LastModifiedTimestamp")


class Queues:
    service, noun = "sqs", "queue"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_queues").paginate():
            yield from page.get("QueueUrls", [])

    def describe(self, client: Any, name: str) -> Json:
        attributes = client.get_queue_attributes(QueueUrl=name, AttributeNames=["All"])["Attributes"]
        return {key: value for key, value in attributes.items() if not key.startswith(_CHANGING)}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        client.purge_queue(QueueUrl=name)

    def remove(self, client: Any, name: str) -> None:
        client.delete_queue(QueueUrl=name)
