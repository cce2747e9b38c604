"""What a function processed, as a sink: the records that it logged in invocations which ended well.

A function that raises in the middle of a batch logged the records before already; they are not processed, since the
batch comes again or goes to the dead-letter queue. Its log tells: an invocation that failed has an error line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.sinks import Found, Reading
from harness.sinks.fates import Fate

_REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_FAILED = re.compile(r"\[ERROR\]|Task timed out|Status: (error|timeout)|Runtime exited|RequestId: \S+ Error:")


@dataclass(frozen=True)
class ProcessedByFunction:
    """The messages of a function's log group that match `pattern`, without those of failed invocations."""

    logs: Any
    group: str
    pattern: str
    fate: Fate = "delivered"

    @property
    def name(self) -> str:
        return f"processed:{self.group}"

    def read(self) -> Reading:
        return Reading([Found(message.encode(), place) for place, message, _ in self._entries()])

    def times(self) -> dict[str, float]:
        """Epoch seconds by place."""
        return {place: moment for place, _, moment in self._entries()}

    def _entries(self) -> Iterator[tuple[str, str, float]]:
        wanted = re.compile(self.pattern)
        events = self._events()
        failed = {
            found[0]
            for event in events
            if _FAILED.search(event["message"])
            for found in [_REQUEST_ID.search(event["message"])]
            if found
        }
        for event in events:
            request = _REQUEST_ID.search(event["message"])
            if wanted.search(event["message"]) and request is not None and request[0] not in failed:
                yield f"{self.group} {event['logStreamName']} {request[0]}", event["message"], event["timestamp"] / 1000

    def _events(self) -> list[dict[str, Any]]:
        from botocore.exceptions import ClientError

        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group)
        try:
            return [event for page in pages for event in page["events"]]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":  # it never ran
                return []
            raise
