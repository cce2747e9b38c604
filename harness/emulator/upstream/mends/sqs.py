"""SQS: the redrive policy in AWS's spelling, messages that are visible at the very moment their timeout ends, and
counting messages without making two datetimes for each (every SendMessage counts all of them)."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.upstream.virtual_time import milliseconds


def mend(models: Any) -> None:
    queue, message = models.Queue, models.Message
    made = queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = made(self)
        if "RedrivePolicy" in found:
            # Without spaces, as AWS prints it: the Terraform provider waits until it reads what it expects.
            found["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return found

    queue.attributes = property(attributes)
    queue.messages = property(_ready)
    queue.approximate_number_of_messages_delayed = property(_delayed)
    queue.approximate_number_of_messages_not_visible = property(_hidden)
    message.visible = property(lambda self: self.visible_at <= milliseconds())
    message.delayed = property(lambda self: self.delayed_until > milliseconds())


def _ready(queue: Any) -> list[Any]:
    now = milliseconds()
    return [message for message in queue._messages if message.visible_at <= now and message.delayed_until <= now]


def _delayed(queue: Any) -> int:
    now = milliseconds()
    return sum(1 for message in queue._messages if message.delayed_until > now)


def _hidden(queue: Any) -> int:
    now = milliseconds()
    return sum(1 for message in queue._messages if message.visible_at > now)
