"""Errors that many parts of Firehose raise."""

from __future__ import annotations

from harness.emulator.errors import AwsError


def invalid(message: str) -> AwsError:
    """InvalidArgumentException with `message`."""
    return AwsError("InvalidArgumentException", message)
