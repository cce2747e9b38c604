"""SQS: queues with messages, also those in flight."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json

_CHANGING = ("ApproximateNumberOf", "CreatedTimestamp", "LastModifiedTimestamp")
_MESSAGES = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
_PURGED_JUST_NOW = "PurgeQueueInProgress"


class Queues:
    service, noun = "sqs", "queue"
    types = frozenset({"aws_sqs_queue"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("sqs").get_paginator("list_queues").paginate():
            for url in page.get("QueueUrls", []):
                yield Found(url, (url.rpartition("/")[2],))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        attributes = client_of("sqs").get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
        return {key: value for key, value in attributes.items() if not key.startswith(_CHANGING)}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """By a purge; AWS allows one a minute, so that messages are taken out one by one in between, as far as they are
        visible."""
        sqs = client_of("sqs")
        counts = sqs.get_queue_attributes(QueueUrl=id, AttributeNames=_MESSAGES)["Attributes"]
        if not any(int(count) for count in counts.values()):
            return
        try:
            sqs.purge_queue(QueueUrl=id)
        except ClientError as error:
            if _PURGED_JUST_NOW not in error.response["Error"]["Code"]:
                raise
            while messages := sqs.receive_message(QueueUrl=id, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    sqs.delete_message(QueueUrl=id, ReceiptHandle=message["ReceiptHandle"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("sqs").delete_queue(QueueUrl=id)
