"""Dead-letter queues as sinks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.json_object import Json
from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate
from harness.sinks.stream import records_between

_BATCH = 10
_HIDDEN_SECONDS = 300
_EMPTY_ANSWERS = 3  # a short poll asks only some of SQS's hosts


@dataclass(frozen=True)
class DeadLetterQueue:
    """The messages of an SQS queue. They are only looked at: each is made visible again.

    A message that Lambda sent for a failed batch of a Kinesis stream carries no records, only where they stand (C9).
    They are read from the stream through `kinesis`; if the stream does not hold exactly as many as the message names,
    it cannot be told which ones failed, and that is a trouble.
    """

    sqs: Any
    queue_url: str
    kinesis: Any = None
    fate: Fate = "dead-lettered"

    @property
    def name(self) -> str:
        return self.queue_url

    def read(self) -> Reading:
        reading = Reading()
        before = self._count("ApproximateNumberOfMessages")
        if elsewhere := self._count("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"):
            reading.troubles.append(f"{self.name}: {elsewhere} messages are held by somebody else or delayed")
        messages = self._receive()
        if len(messages) < before:
            reading.troubles.append(f"{self.name}: the queue says {before} messages and gave {len(messages)}")
        for body in messages:
            reading.found += self._contents(body, reading.troubles)
        return reading

    def _count(self, *names: str) -> int:
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=list(names))["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def _receive(self) -> list[str]:
        """Receive every message, then let them all be seen again."""
        messages: dict[str, Json] = {}
        empty = 0
        try:
            while empty < _EMPTY_ANSWERS:
                answer = self.sqs.receive_message(
                    QueueUrl=self.queue_url, MaxNumberOfMessages=_BATCH, VisibilityTimeout=_HIDDEN_SECONDS
                ).get("Messages", [])
                fresh = {message["MessageId"]: message for message in answer}
                empty = 0 if fresh.keys() - messages.keys() else empty + 1
                messages |= fresh
        finally:
            self._show_again([message["ReceiptHandle"] for message in messages.values()])
        return [message["Body"] for message in messages.values()]

    def _show_again(self, receipts: list[str]) -> None:
        for start in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + _BATCH])
            ]
            self.sqs.change_message_visibility_batch(QueueUrl=self.queue_url, Entries=entries)

    def _contents(self, body: str, troubles: list[str]) -> Iterator[Found]:
        batch = _batch_info(body)
        if batch is None:
            yield Found(body.encode(), self.name)
            return
        if self.kinesis is None:
            troubles.append(f"{self.name}: a dead letter names a batch of a stream: give this sink a Kinesis client")
            return
        shard, first, last = batch["shardId"], batch["startSequenceNumber"], batch["endSequenceNumber"]
        try:
            records = records_between(self.kinesis, batch["streamArn"], shard, first, last)
        except Exception as error:
            troubles.append(f"{self.name}: the records {first} to {last} of {shard} cannot be read: {error}")
            return
        if len(records) != batch["batchSize"]:
            troubles.append(
                f"{self.name}: a dead letter stands for {batch['batchSize']} records, but from {first} to {last} "
                f"{shard} holds {len(records)}"
            )
            return
        yield from (Found(record, f"{self.name} {shard} from {first}") for record in records)


def _batch_info(body: str) -> Json | None:
    """KinesisBatchInfo of an on-failure message, sent to SQS or through SNS."""
    try:
        content = json.loads(body)
        if "KinesisBatchInfo" not in content and isinstance(content.get("Message"), str):
            content = json.loads(content["Message"])
        info = content["KinesisBatchInfo"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return info if isinstance(info, dict) else None
