"""What CloudWatch Logs sends: gzip of an envelope of log events; Decompression and message extraction (A7, A19)."""

from __future__ import annotations

import zlib
from typing import Any

import orjson

from harness.emulator.services.firehose.reason import Reason

NOT_FROM_LOGS = Reason(
    "Decompression failed.",
    "Decompression failed because input data does not conform to cloudwatch log.",
)
LARGEST = 32 * 1024 * 1024
"""Bytes of an envelope, decompressed; a record that unpacks to more counts as failed, so that memory stays bounded."""

_MESSAGE_TYPES = ("DATA_MESSAGE", "CONTROL_MESSAGE")


class NotCloudWatchLogs(ValueError):
    """The record is not what CloudWatch Logs sends."""


def unpack(data: bytes, *, extract: bool) -> bytes:
    """The envelope's JSON or, with `extract`, its messages, each followed by a line feed (nothing for a probe).

    Raises NotCloudWatchLogs.
    """
    gunzip = zlib.decompressobj(wbits=31)
    try:
        text = gunzip.decompress(data, LARGEST)
        envelope = orjson.loads(text) if gunzip.eof and not gunzip.unused_data else None
    except (zlib.error, ValueError) as error:
        raise NotCloudWatchLogs from error
    messages = _messages(envelope)
    return b"".join([message.encode() + b"\n" for message in messages]) if extract else text


def _messages(envelope: Any) -> list[str]:
    if not isinstance(envelope, dict) or envelope.get("messageType") not in _MESSAGE_TYPES:
        raise NotCloudWatchLogs
    events = envelope.get("logEvents")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise NotCloudWatchLogs
    messages = [event.get("message") for event in events]
    if not all(isinstance(message, str) for message in messages):
        raise NotCloudWatchLogs
    # A probe carries one event of its own, which is nobody's log message.
    return [] if envelope["messageType"] == "CONTROL_MESSAGE" else messages
