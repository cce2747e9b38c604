"""SQS: redrive policies as AWS answers them, and messages on the world's time.

A message is visible at the very moment its timeout ends, and counting messages does not make two datetimes for each
(every SendMessage counts all of them).
"""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.upstream import virtual_time

_ROUNDING = 0.01
"""Milliseconds by which a time that went through moto's datetimes may be late."""


def milliseconds() -> float:
    """The time to compare messages' times with."""
    return virtual_time.milliseconds() + _ROUNDING


def patch(models: Any) -> None:
    queue, message = models.Queue, models.Message
    made = queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = {name: value for name, value in made(self).items() if value not in (None, "")}
        if self.redrive_policy:
            # Without spaces, as AWS prints it: the Terraform provider waits until it reads what it expects.
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        for name in ("CreatedTimestamp", "LastModifiedTimestamp"):
            found[name] = int(found[name])
        return found

    queue.attributes = property(attributes)
    # moto stores this one and never answers it: the provider would wait for it for three minutes.
    queue.redrive_allow_policy = None
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    queue.messages = property(_ready)
    queue.approximate_number_of_messages_delayed = property(_delayed)
    queue.approximate_number_of_messages_not_visible = property(_hidden)
    message.visible = property(lambda self: self.visible_at <= milliseconds())
    message.delayed = property(lambda self: self.delayed_until > milliseconds())
    _count_visibility_from_the_receive(models)


def _count_visibility_from_the_receive(models: Any) -> None:
    """The twelve hours that a message can be hidden begin when it is received; moto counts from when it was sent."""
    received, change = models.Message.mark_received, models.SQSBackend.change_message_visibility

    def mark_received(self: Any, *args: Any, **kwargs: Any) -> None:
        self.received_timestamp = int(virtual_time.milliseconds())
        received(self, *args, **kwargs)

    def change_message_visibility(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        for message in self.get_queue(queue_name)._messages:
            if message.had_receipt_handle(receipt_handle):
                sent = message.sent_timestamp
                message.sent_timestamp = getattr(message, "received_timestamp", sent)
                try:
                    change(self, queue_name, receipt_handle, visibility_timeout)
                finally:
                    message.sent_timestamp = sent
                return
        raise models.ReceiptHandleIsInvalid

    models.Message.mark_received = mark_received
    models.SQSBackend.change_message_visibility = change_message_visibility


def _ready(queue: Any) -> list[Any]:
    now = milliseconds()
    return [message for message in queue._messages if message.visible_at <= now and message.delayed_until <= now]


def _delayed(queue: Any) -> int:
    now = milliseconds()
    return sum(1 for message in queue._messages if message.delayed_until > now)


def _hidden(queue: Any) -> int:
    now = milliseconds()
    return sum(1 for message in queue._messages if message.visible_at > now)
