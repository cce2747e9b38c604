"""Enhanced fan-out consumers: their registration (B9)."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.kinesis import messages
from harness.emulator.services.kinesis.base import ConsumerKey
from harness.emulator.services.kinesis.model import Consumer
from harness.emulator.services.kinesis.resources import ResourceOperations
from harness.emulator.services.kinesis.streams import StreamOperations
from harness.emulator.services.kinesis.tags import check_tags
from harness.json_object import Json

MAX_CONSUMERS = 20
MAX_CREATING = 5
_PAGE = 100


class ConsumerOperations(ResourceOperations, StreamOperations):
    """CREATING, ACTIVE, DELETING, after the world's transition time each."""

    @operation
    def register_stream_consumer(
        self, call: Call, *, stream_arn: str, consumer_name: str, tags: dict[str, str] | None = None
    ) -> Json:
        """A consumer in CREATING; the answer says so even if the next call finds it ACTIVE."""
        stream = self.find(call, None, stream_arn)
        present = self.consumers_of(stream)
        key = (*stream.key, consumer_name)
        if key in self.consumers:  # text unsure
            raise messages.in_use(
                f"Consumer {consumer_name} under stream {stream.name} already exists for account {stream.account}."
            )
        creating = sum(consumer.status == "CREATING" for consumer in present)
        if len(present) >= MAX_CONSUMERS or creating >= MAX_CREATING:  # text unsure
            raise messages.limit_exceeded(
                f"Limit for the number of consumers of stream {stream.name} under account {stream.account} "
                "would be exceeded."
            )
        check_tags(tags or {}, {}, "resource", consumer_name, stream.account)
        now = self.world.clock.now()
        created = float(int(now))
        arn = f"{stream.arn}/consumer/{consumer_name}:{int(now)}"
        consumer = Consumer(consumer_name, arn, stream.arn, created, tags=dict(tags or {}))
        answer = _summary(consumer)
        self._change(key, consumer, "CREATING")
        return {"Consumer": answer}

    @operation
    def describe_stream_consumer(
        self,
        call: Call,
        *,
        stream_arn: str | None = None,
        consumer_name: str | None = None,
        consumer_arn: str | None = None,
    ) -> Json:
        """By consumer ARN, or by stream ARN and name."""
        _, consumer = self._find(call, stream_arn, consumer_name, consumer_arn)
        return {"ConsumerDescription": {**_summary(consumer), "StreamARN": consumer.stream_arn}}

    @operation
    def deregister_stream_consumer(
        self,
        call: Call,
        *,
        stream_arn: str | None = None,
        consumer_name: str | None = None,
        consumer_arn: str | None = None,
    ) -> Json:
        """DELETING, then gone."""
        key, consumer = self._find(call, stream_arn, consumer_name, consumer_arn)
        self._change(key, consumer, "DELETING")
        return {}

    @operation
    def list_stream_consumers(
        self,
        call: Call,
        *,
        stream_arn: str,
        next_token: str | None = None,
        max_results: int = _PAGE,
        stream_creation_timestamp: float | None = None,
    ) -> Json:
        """A page of the stream's consumers, by name."""
        stream = self.find(call, None, stream_arn)
        if stream_creation_timestamp is not None and int(stream_creation_timestamp) != int(stream.created):
            raise messages.stream_not_found(stream.name, stream.account)
        after = self.read_page(next_token, "consumers") if next_token is not None else ""
        consumers = sorted((c for c in self.consumers_of(stream) if c.name > after), key=lambda c: c.name)
        answer: Json = {"Consumers": [_summary(consumer) for consumer in consumers[:max_results]]}
        if len(consumers) > max_results:
            answer["NextToken"] = self.make_page(consumers[max_results - 1].name, "consumers")
        return answer

    def _find(
        self, call: Call, stream_arn: str | None, name: str | None, consumer_arn: str | None
    ) -> tuple[ConsumerKey, Consumer]:
        if consumer_arn is None:
            if stream_arn is None or name is None:  # text unsure
                raise messages.invalid("Either ConsumerARN or both StreamARN and ConsumerName must be provided.")
            consumer_arn = f"{stream_arn}/consumer/{name}"
        key, consumer = self.find_consumer(call, consumer_arn)
        if stream_arn not in (None, consumer.stream_arn) or name not in (None, consumer.name):  # text unsure
            raise messages.invalid(f"ConsumerARN {consumer_arn} does not match the given StreamARN or ConsumerName.")
        return key, consumer

    def _change(self, key: ConsumerKey, consumer: Consumer, status: str) -> None:
        seconds = self.world.transition_seconds
        consumer.status = status
        if seconds <= 0:
            self.end_consumer_change(key, consumer)
            return
        consumer.due = self.world.clock.now() + seconds
        self.consumers.put(key, consumer)
        self.schedule_consumer(key, consumer)


def _summary(consumer: Consumer) -> Json:
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": consumer.status,
        "ConsumerCreationTimestamp": consumer.created,
    }
