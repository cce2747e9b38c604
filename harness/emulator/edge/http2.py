"""HTTP/2 with prior knowledge (RFC 9113), on the port of HTTP/1.1: the AWS SDK for JavaScript speaks it to Kinesis.

A connection that begins with HTTP/2's preface is handed to a `Http2Connection`; the handler sees the same requests and
gives the same answers. Requests of one connection run side by side, each in a task.

A client may ask for little and cost much. So it has at most 100 streams, and twice as many handlers, those of streams
that it has reset included; frames that carry nothing (resets, pings, settings, window updates, empty data) are drawn
from a bucket; frames are worked off for some milliseconds at a time; a client that does not read its answers is not
read from. Whoever goes beyond that loses the connection.

`Upgrade: h2c`, server push and priorities are not there: no client of AWS needs them. Trailers are ignored.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from typing import cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import H2Error, ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from harness.emulator.call import HttpRequest, HttpResponse, StreamedResponse, Unanswered
from harness.emulator.edge.connection import cut_off
from harness.emulator.edge.http import STALLED, HttpServer
from harness.emulator.edge.http2_frames import (
    ENHANCE_YOUR_CALM,
    GOAWAY,
    PROTOCOL_ERROR,
    Frame,
    FrameRefused,
    Frames,
)
from harness.emulator.edge.http_wire import HeaderRefused, encode_fields, header_name, origin_form
from harness.emulator.token_bucket import TokenBucket

log = logging.getLogger(__name__)

MAX_STREAMS = 100
"""Streams of a connection that are open at the same time."""
IDLE_FRAMES = 1000
"""Frames that carry nothing, at once; then `_IDLE_RATE` a second. Each `_BYTES_PER_UPDATE` that were sent to the client
give one back: it has to widen its window for more."""
MAX_UNSENT = 16 * 1024 * 1024
"""Bytes of answers that wait for a client; with more, its next requests are not begun."""

_IDLE_RATE = 10.0
_BYTES_PER_UPDATE = 1024
_WINDOW = 1024 * 1024  # bytes of a body that a client may send ahead, and
_CONNECTION_WINDOW = 16 * 1024 * 1024  # of all bodies of a connection
_TURN = 0.005  # seconds of frames in one turn of the event loop
_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")


class _Stream:
    """One request and its answer."""

    __slots__ = (
        "body", "drained", "ends", "headers", "id", "is_open", "method", "out", "seen", "seen_at", "streaming",
        "target", "unfinished",
    )  # fmt: skip

    def __init__(self, stream_id: int, method: str, target: str, headers: list[tuple[str, str]]) -> None:
        self.id = stream_id
        self.method = method
        self.target = target
        self.headers = headers
        self.body = bytearray()
        self.unfinished = True  # the request's body still comes
        self.seen, self.seen_at = -1, 0.0  # how far it was at a sweep, and when it first was so
        self.is_open = True
        self.out = bytearray()
        self.ends = False  # the stream ends behind `out`
        self.drained: asyncio.Future[None] | None = None
        self.streaming: asyncio.Task[None] | None = None  # sends an answer in pieces

    def request(self) -> HttpRequest:
        return HttpRequest(self.method, self.target, self.headers, bytes(self.body))


class Http2Connection(asyncio.Protocol):
    """One client connection, from its preface on."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        self.gone: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        initial = {
            SettingCodes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
            SettingCodes.MAX_HEADER_LIST_SIZE: H2Connection.DEFAULT_MAX_HEADER_LIST_SIZE,
            SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW,
        }
        self._h2.local_settings = Settings(client=False, initial_values=initial)
        self._streams: dict[int, _Stream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._calm = TokenBucket(_IDLE_RATE, IDLE_FRAMES, loop.time())
        self._unsent = 0
        self._room: asyncio.Future[None] | None = None  # handlers wait for it while too much is unsent
        self._full = False  # the transport's write buffer
        self._is_leaving = False  # a GOAWAY was received or sent: the connection ends with its last stream
        self._is_deaf = False
        self._going_on: asyncio.Handle | None = None
        self._whole, self._whole_at = -1, 0.0

    # -- transport --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.server.connections.add(self)
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_CONNECTION_WINDOW)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self._transport = None
        self._is_deaf = True
        if self._going_on is not None:
            self._going_on.cancel()
        for stream in tuple(self._streams.values()):
            self._drop(stream)
        if not self.gone.done():
            self.gone.set_result(None)

    def pause_writing(self) -> None:
        self._full = True
        self._read_or_not()

    def resume_writing(self) -> None:
        self._full = False
        for stream in tuple(self._streams.values()):
            self._push(stream)
        self._read_or_not()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._frames.feed(data)
        if self._going_on is None:
            self._work()

    def _read_or_not(self) -> None:
        """A client is read from when its frames are worked off and it takes its answers."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._full or self._going_on is not None:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
            self._work()

    # -- frames -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Work off the frames that are there, for one turn."""
        self._going_on = None
        until = self.loop.time() + _TURN
        try:
            while not self._is_deaf and (frame := self._frames.take()) is not None:
                self._take(frame)
                if self._full:
                    return
                if self.loop.time() >= until:
                    self._going_on = self.loop.call_soon(self._go_on)
                    self._read_or_not()
                    break
        except FrameRefused as refused:
            self._give_up(refused.code, str(refused))
        except ProtocolError as error:
            # The library has its GOAWAY ready.
            self._flush()
            self._end(str(error))
        except H2Error as error:
            self._give_up(PROTOCOL_ERROR, str(error))
        except Exception as error:
            log.exception("an HTTP/2 connection failed")
            self._give_up(ErrorCodes.INTERNAL_ERROR, type(error).__name__)
        self._flush()

    def _go_on(self) -> None:
        self._going_on = None
        self._read_or_not()

    def _take(self, frame: Frame) -> None:
        if frame.carries_nothing and not self._calm.take(self.loop.time()):
            raise FrameRefused(ENHANCE_YOUR_CALM, "too many frames that carry nothing")
        if frame.kind == GOAWAY:
            # The library would send nothing any more; the streams that are open may still be answered.
            self._is_leaving = True
            self._close_if_done()
            return
        for event in self._h2.receive_data(frame.raw):
            self._on(event)
        self._flush()

    def _on(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._begin(event)
        elif isinstance(event, DataReceived):
            self._body(event)
        elif isinstance(event, StreamEnded):
            stream = self._streams.get(event.stream_id)
            if stream is not None and stream.unfinished:
                self._request_read(stream)
        elif isinstance(event, WindowUpdated):
            streams = [self._streams.get(event.stream_id)] if event.stream_id else list(self._streams.values())
            for stream in streams:
                if stream is not None:
                    self._push(stream)
        elif isinstance(event, StreamReset):
            stream = self._streams.get(event.stream_id)
            if stream is not None:
                self._drop(stream)

    # -- requests ---------------------------------------------------------------------------------------------

    def _begin(self, event: RequestReceived) -> None:
        stream = _read_head(event.stream_id, event.headers)
        self._streams[stream.id] = stream
        if self.server.stopping or len(self._tasks) >= 2 * MAX_STREAMS:
            self._reset(stream, ErrorCodes.REFUSED_STREAM)
        elif not stream.target.startswith("/") or not _METHOD.fullmatch(stream.method):
            self._refuse(stream, 400, "The request is not valid HTTP/2.")
        elif stream.method == "CONNECT":
            self._refuse(stream, 400, "CONNECT is not supported.")
        elif _declared_length(stream) > self.server.max_body:
            self._refuse(stream, 413, "The request body is too large.")
        elif not event.stream_ended and ("expect", "100-continue") in stream.headers:
            self._h2.send_headers(stream.id, [(b":status", b"100")])

    def _body(self, event: DataReceived) -> None:
        stream_id = event.stream_id
        with suppress(H2Error):  # the stream may be closed by now
            self._h2.acknowledge_received_data(event.flow_controlled_length, stream_id)
        stream = self._streams.get(stream_id)
        if stream is None or not stream.unfinished or not event.data:
            return
        stream.body += event.data
        self.server.unfinished += len(event.data)
        if len(stream.body) > self.server.max_body:
            self._refuse(stream, 413, "The request body is too large.")
        elif self.server.unfinished > self.server.max_unfinished:
            self._refuse(stream, 503, "Please reduce your request rate.")

    def _body_is_over(self, stream: _Stream) -> None:
        if stream.unfinished:
            stream.unfinished = False
            self.server.unfinished -= len(stream.body)

    def _request_read(self, stream: _Stream) -> None:
        self._body_is_over(stream)
        request = stream.request()
        stream.body = bytearray()
        task = self.loop.create_task(self._answer(stream, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refuse(self, stream: _Stream, status: int, message: str, request: HttpRequest | None = None) -> None:
        """Answer what can't be read, and read no more of it."""
        self._body_is_over(stream)
        stream.body = bytearray()
        self._send_whole(stream, stream.method, self.server.refuse(status, message, request))

    # -- answers ----------------------------------------------------------------------------------------------

    async def _answer(self, stream: _Stream, request: HttpRequest) -> None:
        task = asyncio.current_task()
        while self._unsent > MAX_UNSENT and stream.is_open:
            if self._room is None:
                self._room = self.loop.create_future()
            await asyncio.shield(self._room)
        if not stream.is_open:
            return
        try:
            response = await self.server.handler(request)
        except (Exception, asyncio.CancelledError) as error:
            if task is not None and task.cancelling():
                raise
            response = self.server.failed(request, error)
        if isinstance(response, StreamedResponse):
            await self._stream(stream, request, response)
        elif not response.status:
            self._leave_unanswered(cast(Unanswered, response))
        else:
            self._send_whole(stream, request.method, response, request)
        self._flush()

    def _send_whole(
        self, stream: _Stream, method: str, response: HttpResponse, request: HttpRequest | None = None
    ) -> None:
        if not stream.is_open:
            return
        try:
            fields = encode_fields(response, method)
        except HeaderRefused as error:
            response = self.server.badly_headed(request, error)
            fields = encode_fields(response, method)
        body = b"" if method == "HEAD" or response.status in (204, 304) else response.body
        self._h2.send_headers(stream.id, fields, end_stream=not body)
        stream.ends = True
        if body:
            self._queue(stream, body)
            self._push(stream)
        else:
            self._finished(stream)

    async def _stream(self, stream: _Stream, request: HttpRequest, streamed: StreamedResponse) -> None:
        """Send an answer in pieces, as fast as the client reads. Ends, cancelled, with the stream."""
        try:
            if not stream.is_open:
                return
            try:
                fields = encode_fields(streamed, request.method)
            except HeaderRefused as error:
                self._send_whole(stream, request.method, self.server.badly_headed(request, error))
                return
            self._h2.send_headers(stream.id, fields)
            self._flush()
            stream.streaming = asyncio.current_task()
            while request.method != "HEAD":
                try:
                    chunk = await streamed.chunks.__anext__()
                except StopAsyncIteration:
                    break
                except Exception as error:
                    log.error("the answer to %s %s failed", request.method, request.path, exc_info=error)
                    stream.streaming = None
                    self._reset(stream, ErrorCodes.INTERNAL_ERROR)
                    return
                self._queue(stream, chunk)
                self._push(stream)
                self._flush()
                if stream.out:
                    stream.drained = self.loop.create_future()
                    await stream.drained
            stream.streaming = None
            stream.ends = True
            self._push(stream)
        finally:
            await streamed.chunks.aclose()

    def _queue(self, stream: _Stream, data: bytes) -> None:
        stream.out += data
        self._unsent += len(data)

    def _push(self, stream: _Stream) -> None:
        """Send as much of what a stream holds as the client's windows and the connection take."""
        while stream.is_open and (stream.out or stream.ends) and not self._full:
            size = min(len(stream.out), self._h2.max_outbound_frame_size)
            size = min(size, self._h2.local_flow_control_window(stream.id)) if size else 0
            if stream.out and size <= 0:
                return
            data = bytes(stream.out[:size])
            del stream.out[:size]
            self._unsent -= size
            self._calm.spend(-size / _BYTES_PER_UPDATE)
            ends = stream.ends and not stream.out
            self._h2.send_data(stream.id, data, end_stream=ends)
            self._flush()
            if ends:
                self._finished(stream)
        if not stream.out and stream.drained is not None and not stream.drained.done():
            stream.drained.set_result(None)
        self._make_room()

    def _make_room(self) -> None:
        if self._room is not None and (self._unsent <= MAX_UNSENT or self._transport is None):
            self._room.set_result(None)
            self._room = None

    def _finished(self, stream: _Stream) -> None:
        """The answer is sent in full. A client that still sends its request is told to stop."""
        with suppress(H2Error):  # closed, where the request had come in full
            self._h2.reset_stream(stream.id, ErrorCodes.NO_ERROR)
        self._drop(stream)

    def _reset(self, stream: _Stream, code: ErrorCodes) -> None:
        with suppress(H2Error):
            self._h2.reset_stream(stream.id, code)
        self._drop(stream)

    def _drop(self, stream: _Stream) -> None:
        """Forget a stream. Its handler goes on, its answer is dropped; an answer in pieces ends."""
        self._streams.pop(stream.id, None)
        stream.is_open = False
        self._body_is_over(stream)
        stream.body = bytearray()
        self._unsent -= len(stream.out)
        stream.out = bytearray()
        if stream.streaming is not None:
            stream.streaming.cancel()
        self._make_room()
        self._close_if_done()

    def _leave_unanswered(self, response: Unanswered) -> None:
        """Cut the connection off, or say nothing until the client goes away."""
        if response.reset and self._transport is not None:
            cut_off(self._transport)

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing() and (data := self._h2.data_to_send()):
            self._transport.write(data)

    # -- the end ----------------------------------------------------------------------------------------------

    def _give_up(self, code: int, reason: str) -> None:
        """End the connection for what the client did."""
        self._say_goodbye(code)
        self._end(reason)

    def _end(self, reason: str) -> None:
        log.info("an HTTP/2 connection was ended: %s", reason)
        self._is_deaf = True
        for stream in tuple(self._streams.values()):
            self._drop(stream)
        if self._transport is not None:
            self._transport.close()

    def _say_goodbye(self, code: int) -> None:
        """GOAWAY, written by hand: behind its own the library would not answer the streams that are open."""
        self._flush()
        if self._transport is not None and not self._transport.is_closing():
            frame = GoAwayFrame(0, last_stream_id=self._h2.highest_inbound_stream_id, error_code=code)
            self._transport.write(frame.serialize())

    def _close_if_done(self) -> None:
        if self._is_leaving and not self._streams and self._transport is not None:
            self._flush()
            self._transport.close()

    def close_if_stalled(self, now: float, seconds: float) -> None:
        """End what has begun and does not go on: a frame, a block of headers, the body of a request."""
        if self._is_deaf:
            return
        if not self._frames.is_unfinished or self._whole != self._frames.whole:
            self._whole, self._whole_at = self._frames.whole, now
        elif now - self._whole_at >= seconds:
            self._give_up(PROTOCOL_ERROR, "a frame did not come to its end")
            return
        for stream in tuple(self._streams.values()):
            if stream.unfinished and stream.seen != len(stream.body):
                stream.seen, stream.seen_at = len(stream.body), now
            elif stream.unfinished and now - stream.seen_at >= seconds:
                self._refuse(stream, 408, STALLED, stream.request())
        self._flush()

    def close_if_idle(self) -> None:
        """The server stops: no more streams, and the end with the last of those that are open."""
        if not self._is_leaving:
            self._is_leaving = True
            self._say_goodbye(ErrorCodes.NO_ERROR)
        self._close_if_done()

    def cut(self) -> list[asyncio.Task[None]]:
        """Give up what is in progress."""
        if self._transport is not None:
            self._transport.abort()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks


def _read_head(stream_id: int, fields: list[tuple[bytes, bytes]]) -> _Stream:
    """A request's head as HTTP/1.1 would have brought it; the library has checked it (RFC 9113, section 8.3)."""
    pseudo: dict[bytes, str] = {}
    headers: list[tuple[str, str]] = []
    cookies: list[str] = []
    for name, value in fields:
        text = value.decode("latin-1")
        if name.startswith(b":"):
            pseudo[bytes(name)] = text
        elif name == b"cookie":
            cookies.append(text)  # may come in parts (section 8.2.3)
        else:
            headers.append((header_name(bytes(name)), text))
    if cookies:
        headers.append(("cookie", "; ".join(cookies)))
    if b":authority" in pseudo:
        headers = [("host", pseudo[b":authority"]), *(item for item in headers if item[0] != "host")]
    target = pseudo.get(b":path", "").encode("latin-1").decode("utf-8", "surrogateescape")
    if not target.startswith("/"):
        target = origin_form(target, headers)
    return _Stream(stream_id, pseudo.get(b":method", ""), target, headers)


def _declared_length(stream: _Stream) -> int:
    return next((int(value) for name, value in stream.headers if name == "content-length" and value.isdecimal()), 0)
