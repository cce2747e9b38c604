"""Built-in HTTP sinks: endpoints that a Firehose HTTP endpoint destination can deliver to.

A sink exists as soon as its name is used. It records what it gets and answers by its script, one entry after the other;
without a script, or after it, with the acknowledgement that Firehose expects (A14), or with what a sink server says
(`sink_forward.py`).
"""

from __future__ import annotations

import asyncio
import base64
import re
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse
from harness.emulator.faults.endpoint_answer import HANG, MEMBERS, RESET, EndpointAnswer, read_answer
from harness.emulator.faults.fault import SINK
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.edge.sink_forward import SinkServer
    from harness.emulator.world import World

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MAX_RECORDED = 128 * 1024 * 1024  # bytes of bodies that one sink keeps; older requests are dropped
_MAX_DECODED = 256 * 1024 * 1024  # bytes that a compressed body may grow to (A14: 64 MiB before compression)


@dataclass(slots=True)
class _Entry:
    """One entry of a script: an answer, and how often it is still to be given."""

    answer: EndpointAnswer
    times: int


@dataclass(slots=True)
class _Sink:
    answers: deque[_Entry] = field(default_factory=deque)
    requests: deque[tuple[Json, int]] = field(default_factory=deque)
    recorded: int = 0
    dropped: int = 0


class Sinks:
    """All sinks of one emulator. Methods raise ValueError with a sentence for bad input."""

    def __init__(self, world: World, server: SinkServer | None = None) -> None:
        self._world = world
        self._server = server
        self._sinks: dict[str, _Sink] = {}

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()

    def names(self) -> list[str]:
        return sorted(self._sinks)

    def clear(self) -> None:
        self._sinks.clear()

    def script(self, name: str, content: Json) -> Json:
        """Replace the script: `{"answers": [{"status": 500, "times": 3}, {"behaviour": "hang"}, …]}`."""
        entries = content.get("answers", [])
        if not isinstance(entries, list):
            raise ValueError("answers must be a list")
        answers = deque(_entry(entry) for entry in entries)
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
            "answers_left": sum(entry.times for entry in sink.answers),
        }

    def delete(self, name: str) -> Json:
        self._get(name)
        del self._sinks[name]
        return {"name": name}

    async def deliver(self, name: str, request: HttpRequest) -> HttpResponse:
        """Record a request and answer it, by a fault's rule, else by the script."""
        sink = self._get(name)
        body, problem = _decoded(request)
        if problem:
            answer = EndpointAnswer(400, body=orjson.dumps({"errorMessage": problem}))
        elif self._world.faults.active:
            call = Call("http-sink", "Deliver", {"Name": name}, Caller(), self._world.new_id(), request)
            answer = await self._world.faults.around(SINK, call, None, lambda passed: self._answer(name, request))
        else:
            answer = await self._answer(name, request)
        self._record(sink, request, body, None if answer.behaviour in (HANG, RESET) else answer.status)
        request_id = _request_id(request, body)
        await self._take_time(name, request_id, answer)
        return answer.response(request_id, self._world.clock.now())

    async def _answer(self, name: str, request: HttpRequest) -> EndpointAnswer:
        """The script's next answer; without one the sink server's, else the acknowledgement."""
        sink = self._get(name)
        if sink.answers:
            entry = sink.answers[0]
            entry.times -= 1
            if entry.times <= 0:
                sink.answers.popleft()
            return entry.answer
        return EndpointAnswer() if self._server is None else await self._server.deliver(name, request)

    async def _take_time(self, name: str, request_id: str, answer: EndpointAnswer) -> None:
        """The answer's delay, or for one that hangs the client's whole patience.

        This handler is no counted work itself. Firehose in this world is, while it waits for us: it must not count
        while virtual time is to pass. Who else delivers here can't be known to wait, so nothing but the delay counts.
        """
        clock = self._world.clock
        given_up = self._world.exchanges.get(request_id)
        if answer.seconds and answer.real:
            await asyncio.sleep(answer.seconds)
        hangs = answer.behaviour == HANG
        late = answer.seconds if not answer.real else 0.0
        what = f"sink {name}: a late answer"
        if given_up is None:
            if late and not hangs:
                with clock.working():
                    await clock.sleep(late, name=what)
            return
        if not late and not hangs:
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def end(*_: object) -> None:
            if not over.done():
                over.set_result(None)

        timer = None if hangs else clock.call_later(late, end, name=what, data=True)
        given_up.add_done_callback(end)
        try:
            await clock.wait(over)
        finally:
            if timer is not None:
                timer.cancel()

    def _record(self, sink: _Sink, request: HttpRequest, body: bytes, status: int | None) -> None:
        try:
            text, encoding = body.decode(), "text"
        except UnicodeDecodeError:
            text, encoding = base64.b64encode(body).decode(), "base64"
        seen: Json = {
            "time": self._world.clock.now(),
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


def _entry(content: object) -> _Entry:
    if not isinstance(content, dict):
        raise ValueError("each answer must be an object")
    known = {*MEMBERS, "times"}
    unknown = sorted(set(content) - known)
    if unknown:
        raise ValueError(f"unknown member {unknown[0]!r} of an answer; known: {', '.join(sorted(known))}")
    times = content.get("times", 1)
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise ValueError("times must be a number of at least 1")
    return _Entry(read_answer(content), times)


def _request_id(request: HttpRequest, body: bytes) -> str:
    """The delivery's id: of the header, else of the body; empty if neither has one."""
    request_id = request.header("x-amz-firehose-request-id")
    if request_id:
        return request_id
    try:
        return str(orjson.loads(body)["requestId"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


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
