"""Built-in HTTP sinks: endpoints that a Firehose HTTP endpoint destination can deliver to.

A sink exists as soon as its name is used. It records what it gets and answers by its script, one entry after the other;
without a script, or after it, with the acknowledgement that Firehose expects (A14).
"""

from __future__ import annotations

import base64
import re
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from harness.emulator.call import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from harness.emulator.clock import Clock

Json = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ANSWER_MEMBERS = {"status", "times", "body", "headers"}
_MAX_RECORDED = 128 * 1024 * 1024  # bytes of bodies that one sink keeps; older requests are dropped
_MAX_DECODED = 256 * 1024 * 1024  # bytes that a compressed body may grow to (A14: 64 MiB before compression)


@dataclass(slots=True)
class Answer:
    """One entry of a script. A body of None is Firehose's acknowledgement, with an error message for errors."""

    status: int
    times: int
    body: bytes | None
    headers: list[tuple[str, str]]


@dataclass(slots=True)
class _Sink:
    answers: deque[Answer] = field(default_factory=deque)
    requests: deque[tuple[Json, int]] = field(default_factory=deque)
    recorded: int = 0
    dropped: int = 0


class Sinks:
    """All sinks of one emulator. Methods raise ValueError with a sentence for bad input."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sinks: dict[str, _Sink] = {}

    def names(self) -> list[str]:
        return sorted(self._sinks)

    def clear(self) -> None:
        self._sinks.clear()

    def script(self, name: str, content: Json) -> Json:
        """Replace the script: `{"answers": [{"status": 500, "times": 3, "body": …, "headers": {…}}, …]}`."""
        entries = content.get("answers", [])
        if not isinstance(entries, list):
            raise ValueError("answers must be a list")
        answers = deque(_answer(entry) for entry in entries)
        self._get(name).answers = answers
        return {"name": name, "answers": len(answers)}

    def read(self, name: str) -> Json:
        """The recorded requests, oldest first, each with the `status` it was answered with. `dropped` is how many older
        ones were forgotten to bound memory, `answers_left` how many scripted answers are still to come."""
        sink = self._get(name)
        return {
            "name": name,
            "requests": [request for request, _ in sink.requests],
            "dropped": sink.dropped,
            "answers_left": sum(answer.times for answer in sink.answers),
        }

    def delete(self, name: str) -> Json:
        self._get(name)
        del self._sinks[name]
        return {"name": name}

    def deliver(self, name: str, request: HttpRequest) -> HttpResponse:
        """Record a request and answer it."""
        sink = self._get(name)
        body, problem = _decoded(request)
        refusal = Answer(400, 1, orjson.dumps({"errorMessage": problem}), [])
        answer = refusal if problem else _next_answer(sink)
        self._record(sink, request, body, answer.status)
        content = answer.body if answer.body is not None else self._acknowledge(request, body, answer.status)
        headers = list(answer.headers)
        if not any(key.lower() == "content-type" for key, _ in headers):
            headers.append(("Content-Type", "application/json"))
        return HttpResponse(answer.status, headers, content)

    def _acknowledge(self, request: HttpRequest, body: bytes, status: int) -> bytes:
        request_id = request.header("x-amz-firehose-request-id")
        if not request_id:
            try:
                request_id = str(orjson.loads(body)["requestId"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                request_id = ""
        content: Json = {"requestId": request_id, "timestamp": int(self._clock.now() * 1000)}
        if status != 200:
            content["errorMessage"] = f"scripted answer {status}"
        return orjson.dumps(content)

    def _record(self, sink: _Sink, request: HttpRequest, body: bytes, status: int) -> None:
        try:
            text, encoding = body.decode(), "text"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(body).decode(), "base64"
        seen: Json = {
            "time": self._clock.now(),
            "path": request.target,
            "headers": dict(request.headers),
            "body": text,
            "body_encoding": encoding,
            "status": status,
        }
        sink.requests.append((seen, len(body)))
        sink.recorded += len(body)
        while sink.recorded > _MAX_RECORDED and len(sink.requests) > 1:
            sink.recorded -= sink.requests.popleft()[1]
            sink.dropped += 1

    def _get(self, name: str) -> _Sink:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't name a sink: use 1 to 100 letters, digits, dots, dashes and underscores")
        return self._sinks.setdefault(name, _Sink())


def _next_answer(sink: _Sink) -> Answer:
    if not sink.answers:
        return Answer(200, 1, None, [])
    answer = sink.answers[0]
    answer.times -= 1
    if answer.times <= 0:
        sink.answers.popleft()
    return answer


def _answer(entry: object) -> Answer:
    if not isinstance(entry, dict):
        raise ValueError("each answer must be an object")
    unknown = sorted(set(entry) - _ANSWER_MEMBERS)
    if unknown:
        raise ValueError(f"unknown member {unknown[0]!r} of an answer; known: {', '.join(sorted(_ANSWER_MEMBERS))}")
    status, times, headers = entry.get("status", 200), entry.get("times", 1), entry.get("headers", {})
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("status must be a number from 200 to 599")
    if not isinstance(times, int) or times < 1:
        raise ValueError("times must be a number of at least 1")
    if not isinstance(headers, dict) or not all(isinstance(v, str) and v.isprintable() for v in headers.values()):
        raise ValueError("headers must be an object of texts without line breaks")
    if not all(key and key.isprintable() and ":" not in key for key in headers):
        raise ValueError("a header's name must not be empty nor contain a colon or a line break")
    body = entry.get("body")
    content = body.encode() if isinstance(body, str) else None if body is None else orjson.dumps(body)
    return Answer(status, times, content, list(headers.items()))


def _decoded(request: HttpRequest) -> tuple[bytes, str]:
    """The body without its content encoding, and what is wrong with it."""
    encoding = request.header("content-encoding").lower()
    if encoding in ("", "identity"):
        return request.body, ""
    if encoding != "gzip":
        return request.body, f"content encoding {encoding!r} is not known here"
    inflate = zlib.decompressobj(wbits=31)
    try:
        body = inflate.decompress(request.body, _MAX_DECODED)
    except zlib.error as error:
        return request.body, f"the body is not gzip: {error}"
    if not inflate.eof:
        return request.body, "the gzip body is cut short or too large"
    return body, ""
