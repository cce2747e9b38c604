"""Entry points by the names that commands take: `kinesis:NAME`, `firehose:NAME`, a URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.ledger.entry_points import EntryPoint, FirehoseEntry, HttpEntry, KinesisEntry
from harness.problem import Problem

# A POST each: few at a time, so that few are unknown when the sender is killed.
_POSTS = 16


def entry_named(text: str, client: Callable[[str], Any]) -> EntryPoint:
    """The entry point of that name; `client(service)` makes the boto3 client. Raises Problem for any other text."""
    kind, _, name = text.partition(":")
    if kind in ("http", "https") and name.startswith("//"):
        return HttpEntry(text, most_records=_POSTS)
    if kind == "kinesis" and name:
        return KinesisEntry(client("kinesis"), name)
    if kind == "firehose" and name:
        return FirehoseEntry(client("firehose"), name)
    raise Problem(f"{text!r} is no target; use firehose:NAME, kinesis:NAME or a URL.")
