"""What a function processed, as a sink: the records that it logged in invocations which ended well.

A function that raises in the middle of a batch logged the records before already; they are not processed, since the
batch comes again or goes to the dead-letter queue. Its log tells: an invocation that failed has an error line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.json_object import Json
from harness.sinks import Found, Reading
from harness.sinks.fates import Fate

_START = re.compile(r"START RequestId: (\S+)")
_FAILED = re.compile(r"\[ERROR\]|Task timed out|Runtime exited|Runtime\.\w+")


@dataclass(slots=True)
class _Invocation:
    place: str
    entries: list[tuple[str, float]] = field(default_factory=list)
    failed: bool = False


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
        """Place, message and epoch seconds. A log stream holds one invocation after the other (C3)."""
        wanted = re.compile(self.pattern)
        invocations: dict[str, _Invocation] = {}
        for event in self._events():
            stream, message = event["logStreamName"], event["message"]
            if start := _START.match(message):
                yield from _entries_of(invocations.get(stream))
                invocations[stream] = _Invocation(f"{self.group} {stream} {start[1]}")
            if (current := invocations.get(stream)) is None:
                continue
            if wanted.search(message):
                current.entries.append((message, event["timestamp"] / 1000))
            elif _FAILED.search(message):
                current.failed = True
        for last in invocations.values():
            yield from _entries_of(last)

    def _events(self) -> list[Json]:
        from botocore.exceptions import ClientError

        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group)
        try:
            return [event for page in pages for event in page["events"]]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":  # it never ran
                return []
            raise


def _entries_of(invocation: _Invocation | None) -> Iterator[tuple[str, str, float]]:
    if invocation is not None and not invocation.failed:
        yield from ((invocation.place, message, moment) for message, moment in invocation.entries)
