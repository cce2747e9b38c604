"""How a built-in HTTP endpoint answers a delivery: properly, with an error, wrongly or not at all (A14).

The same form serves the scripts of sinks and the fault `http-sink`:

    {"status": 500, "body": …, "headers": {…}, "seconds": 10, "real": false}    an answer, late if asked for
    {"behaviour": "hang"}                                                       or one of `BEHAVIOURS`
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from harness.emulator.call import HttpResponse, Unanswered
from harness.json_object import Json

HANG, RESET = "hang", "reset"
BEHAVIOURS = (HANG, RESET, "wrong-request-id", "no-timestamp", "too-large", "wrong-content-type", "not-json")
MEMBERS = ("status", "behaviour", "body", "headers", "seconds", "real")

_TOO_LARGE = 1024 * 1024 + 1  # bytes; Firehose reads 1 MiB of an answer


@dataclass(slots=True)
class EndpointAnswer:
    """`body` None is Firehose's acknowledgement, with an error message for a status that is none. `seconds` pass on
    the clock before the answer, or with `real` by themselves."""

    status: int = 200
    behaviour: str | None = None
    body: bytes | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    real: bool = False

    def response(self, request_id: str, now: float) -> HttpResponse:
        """The answer to the delivery `request_id` at epoch seconds `now`."""
        if self.behaviour in (HANG, RESET):
            return Unanswered(reset=self.behaviour == RESET)
        body = self.body if self.body is not None else self._acknowledgement(request_id, now)
        headers = list(self.headers)
        if not any(name.lower() == "content-type" for name, _ in headers):
            kind = "text/plain" if self.behaviour == "wrong-content-type" else "application/json"
            headers.append(("Content-Type", kind))
        return HttpResponse(self.status, headers, body)

    def _acknowledgement(self, request_id: str, now: float) -> bytes:
        if self.behaviour == "not-json":
            return b"<html>OK</html>"
        content: Json = {"requestId": request_id, "timestamp": int(now * 1000)}
        if self.behaviour == "wrong-request-id":
            content["requestId"] = f"not-{request_id}"
        elif self.behaviour == "no-timestamp":
            del content["timestamp"]
        elif self.behaviour == "too-large":
            content["errorMessage"] = "x" * _TOO_LARGE
        if self.status != 200:
            content["errorMessage"] = f"scripted answer {self.status}"
        return orjson.dumps(content)


def read_answer(entry: Json) -> EndpointAnswer:
    """An answer from its JSON form, of which the members in `MEMBERS` are read. Raises ValueError with a sentence."""
    status, behaviour, headers = entry.get("status", 200), entry.get("behaviour"), entry.get("headers", {})
    seconds, real = entry.get("seconds", 0), entry.get("real", False)
    if not _is_number(status, int) or not 200 <= status <= 599:
        raise ValueError("status must be a number from 200 to 599")
    if behaviour is not None and behaviour not in BEHAVIOURS:
        raise ValueError(f"behaviour must be one of {', '.join(BEHAVIOURS)}")
    if behaviour in (HANG, RESET) and entry.keys() & {"status", "body", "headers"}:
        raise ValueError(f"with the behaviour {behaviour} there is no answer to give a status, a body or headers")
    if behaviour is not None and entry.get("body") is not None:
        raise ValueError("an answer has a behaviour or a body, not both")
    if not isinstance(headers, dict) or not all(isinstance(v, str) and v.isprintable() for v in headers.values()):
        raise ValueError("headers must be an object of texts without line breaks")
    if not all(key and key.isprintable() and ":" not in key for key in headers):
        raise ValueError("a header's name must not be empty nor contain a colon or a line break")
    if not _is_number(seconds, int | float) or not 0 <= seconds < float("inf"):
        raise ValueError("seconds must be a number of at least 0")
    if not isinstance(real, bool):
        raise ValueError("real must be true or false")
    body = entry.get("body")
    content = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
    return EndpointAnswer(status, behaviour, content, list(headers.items()), float(seconds), real)


def _is_number(value: object, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
