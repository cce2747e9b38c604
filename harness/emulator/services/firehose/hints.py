"""Buffering hints, CloudWatch logging options, retry options: small blocks with defaults (A2, A3)."""

from __future__ import annotations

from harness.emulator.services.firehose.errors import invalid
from harness.json_object import Json

DEFAULT_SIZE_MB = 5
DEFAULT_INTERVAL = 300


def new_hints(given: Json | None, default_mb: int = DEFAULT_SIZE_MB) -> Json:
    """Hints of a new destination. Raises InvalidArgumentException when only one of the two members is given."""
    if not given:
        return {"SizeInMBs": default_mb, "IntervalInSeconds": DEFAULT_INTERVAL}
    if given.get("SizeInMBs") is None or given.get("IntervalInSeconds") is None:
        raise invalid("BufferingHints: SizeInMBs and IntervalInSeconds must be given together.")
    return {"SizeInMBs": given["SizeInMBs"], "IntervalInSeconds": given["IntervalInSeconds"]}


def check_hints(hints: Json, largest_mb: int, shortest: int) -> None:
    """Ranges that differ per destination (A3). Raises InvalidArgumentException."""
    if not 1 <= hints["SizeInMBs"] <= largest_mb:
        raise invalid(f"BufferingHints: SizeInMBs must be between 1 and {largest_mb}.")
    if not shortest <= hints["IntervalInSeconds"] <= 900:
        raise invalid(f"BufferingHints: IntervalInSeconds must be between {shortest} and 900.")


def check_logging(options: Json) -> None:
    """Logging that is enabled needs a group and a stream. Raises InvalidArgumentException."""
    if options.get("Enabled") and not (options.get("LogGroupName") and options.get("LogStreamName")):
        raise invalid("CloudWatchLoggingOptions: LogGroupName and LogStreamName are required when logging is enabled.")
