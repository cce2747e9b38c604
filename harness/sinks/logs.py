"""CloudWatch Logs groups as sinks: for functions whose only trace is their log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate


@dataclass(frozen=True)
class LogGroup:
    """The messages of a log group that match `pattern` (a regular expression found anywhere in them), each one record.

    A function that fails in the middle of a batch logged the records before already: they are found here once per
    attempt, and once more where the batch ended.
    """

    logs: Any
    group: str
    pattern: str = ""
    fate: Fate = "delivered"

    @property
    def name(self) -> str:
        return f"logs:{self.group}"

    def read(self) -> Reading:
        wanted = re.compile(self.pattern)
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group)
        return Reading(
            [
                Found(event["message"].encode(), f"{self.group} {event['logStreamName']}")
                for page in pages
                for event in page["events"]
                if wanted.search(event["message"])
            ]
        )
