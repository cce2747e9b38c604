"""Event streams: answers that are a sequence of messages (`application/vnd.amazon.eventstream`).

An operation whose output has such a member answers it with the events as they come, each by its name in the model and
with its members: an async generator of

    "SubscribeToShardEvent", {"Records": [...], "ContinuationSequenceNumber": "...", "MillisBehindLatest": 0}

An AwsError that it raises becomes the last message: an exception that the model names, or an error.

A message on the wire (Smithy's event stream specification): total length, length of the headers, CRC-32 of these eight
bytes, the headers, the payload, CRC-32 of all before it. Numbers are big-endian.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Mapping
from zlib import crc32

from harness.emulator.call import Pieces, StreamedResponse
from harness.emulator.errors import AwsError
from harness.emulator.spec.encode import RestEncoder, cbor_bytes, json_bytes
from harness.emulator.spec.model import Model
from harness.json_object import Json

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/vnd.amazon.eventstream"
Event = tuple[str, Json]
"""An event's name in the model, and its members by their AWS names; blobs are bytes."""

_STRING = 7  # the type of a header's value
_PRELUDE = struct.Struct(">II")
_NUMBER = struct.Struct(">I")


def event_members(model: Model) -> dict[str, str]:
    """The operations of a service whose answer has an event stream, with the output member that is one."""
    return {
        operation: name
        for operation in model.operations
        if (output := model.output_shape(operation)) is not None
        for name, ref in model.shapes[output].get("members", {}).items()
        if model.shapes[ref["shape"]].get("eventstream")
    }


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message. Header values are at most 32,767 bytes."""
    head = b"".join(
        bytes((len(name),)) + name + bytes((_STRING,)) + len(value).to_bytes(2, "big") + value
        for name, value in ((name.encode(), value.encode()) for name, value in headers.items())
    )
    prelude = _PRELUDE.pack(16 + len(head) + len(payload), len(head))
    body = prelude + _NUMBER.pack(crc32(prelude)) + head + payload
    return body + _NUMBER.pack(crc32(body))


class EventEncoder:
    """Encodes the events of one operation. `wire`: json, cbor or rest; `content_type` is that of their payloads."""

    def __init__(self, model: Model, operation: str, wire: str, content_type: str) -> None:
        output = model.output_shape(operation)
        assert output is not None
        stream = model.shapes[output]["members"][event_members(model)[operation]]
        self._model = model
        self._wire = wire
        self._content_type = content_type
        self._events: Json = model.shapes[stream["shape"]]["members"]

    def event(self, name: str, members: Json) -> bytes:
        """An event that the model has, as a message."""
        shape = self._model.shapes[self._events[name]["shape"]]
        headers = {":event-type": name}
        rest = dict(members)
        payload: bytes | None = None
        for member, ref in shape.get("members", {}).items():
            if ref.get("eventheader") and member in rest:
                headers[member] = str(rest.pop(member))
            elif ref.get("eventpayload"):
                value = rest.pop(member, b"")
                if isinstance(value, bytes | str):
                    headers[":content-type"] = "text/plain" if isinstance(value, str) else "application/octet-stream"
                    payload = value.encode() if isinstance(value, str) else value
                else:
                    payload = self._encoded(ref["shape"], value)
        if payload is None:
            payload = self._encoded(self._events[name]["shape"], rest)
        headers.setdefault(":content-type", self._content_type)
        return message({**headers, ":message-type": "event"}, payload)

    def initial_response(self, members: Json) -> bytes:
        """The first message where the answer has no other place for the members beside the events (AWS JSON)."""
        headers = {":event-type": "initial-response", ":content-type": self._content_type, ":message-type": "event"}
        return message(headers, self._encoded(None, members))

    def failure(self, error: AwsError) -> bytes:
        """The last message of a stream that fails."""
        if error.code not in self._events:
            headers = {":error-code": error.code, ":error-message": error.message or "", ":message-type": "error"}
            return message(headers, b"")
        headers = {":exception-type": error.code, ":content-type": self._content_type, ":message-type": "exception"}
        shape = self._events[error.code]["shape"]
        name = next((n for n in self._model.shapes[shape].get("members", {}) if n.lower() == "message"), "message")
        return message(headers, self._encoded(shape, {**error.members, name: error.message}))

    def _encoded(self, shape: str | None, value: Json) -> bytes:
        if self._wire == "cbor":
            return cbor_bytes(self._model, shape, value)
        if self._wire == "rest" and shape is not None:
            return json_bytes(RestEncoder(self._model).body(shape, value))
        return json_bytes(value)


class _Messages:
    """The messages of a stream, first `initial` if there is one; closes the events."""

    def __init__(self, encoder: EventEncoder, events: Pieces[Event], initial: bytes) -> None:
        self._encoder = encoder
        self._events = events
        self._initial = initial
        self._ended = False

    async def __anext__(self) -> bytes:
        if self._initial:
            initial, self._initial = self._initial, b""
            return initial
        if self._ended:
            raise StopAsyncIteration
        try:
            name, members = await self._events.__anext__()
            return self._encoder.event(name, members)
        except AwsError as error:
            failure = error
        except StopAsyncIteration:
            raise
        except Exception:
            log.exception("an event stream failed")
            failure = AwsError("InternalFailure", "The stream has failed because of an unknown error.", 500)
        self._ended = True
        return self._encoder.failure(failure)

    async def aclose(self) -> None:
        self._ended = True
        await self._events.aclose()


def event_stream(
    encoder: EventEncoder, events: Pieces[Event], status: int, headers: list[tuple[str, str]], initial: bytes = b""
) -> StreamedResponse:
    """The answer that carries the events, behind the message `initial` if there is one."""
    headers.append(("Content-Type", CONTENT_TYPE))
    return StreamedResponse(status, headers, _Messages(encoder, events, initial))
