"""An HTTP/1.1 server on a C parser: as little Python per request as possible. HTTP/2 is in `http2.py`.

    server = HttpServer(handler)          # handler: async (HttpRequest) -> HttpResponse
    port = await server.start()
    ...
    await server.stop()

Requests of one connection are answered in order, one after the other; connections run side by side. A handler is
stepped at once, inside the read callback: when it finishes without waiting for anything, no task is made and no turn of
the event loop is spent. When it waits, the connection's own task carries it on.

When a client goes away while its request is handled, the handler goes on and its answer is dropped. What the server
must answer itself (400, 408, 413, 431, 500, 503) is shaped by `refuse`.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import CancelledError, _enter_task, _leave_task  # documented in "Extending asyncio"
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, cast

import httptools

from harness.emulator.call import HttpRequest, HttpResponse, StreamedResponse, Unanswered
from harness.emulator.edge.connection import Connection, cut_off
from harness.emulator.edge.http_wire import HeaderRefused, encode_head, header_name, method_name, origin_form
from harness.emulator.edge.stepping import at_once, carry_on

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]
Refuse = Callable[[int, str, HttpRequest | None], HttpResponse]

MAX_HEAD = 64 * 1024
"""Bytes of request line and headers; more is answered with 431."""
MAX_BODY = 512 * 1024 * 1024
"""Bytes of a request body; more is answered with 413."""

MAX_UNFINISHED = 1024 * 1024 * 1024
"""Bytes of all bodies that are still being read; more is answered with 503."""
STALLED_SECONDS = 20.0
"""Real seconds without a byte after which an unfinished request is answered with 408 and closed; a head has
no more than these for the whole of it."""

_HTTP2 = b"PRI "
_SMALL_BODY = 64 * 1024  # up to here one write of head and body together is cheaper than two
_MAX_PIPELINED = 32  # requests that wait on one connection before reading from it pauses
STALLED = (
    "Your socket connection to the server was not read from or written to within the timeout period. "
    "Idle connections will be closed."
)
"""S3's text (RequestTimeout)."""
_LINGER = 2.0  # seconds in which a refused upload is read and thrown away, so that the client sees the refusal


def refuse_plainly(status: int, message: str, request: HttpRequest | None) -> HttpResponse:
    """The answer to what never reaches a handler, in AWS's JSON shape."""
    codes = {408: "RequestTimeout", 413: "RequestEntityTooLarge", 500: "InternalFailure", 503: "ServiceUnavailable"}
    code = codes.get(status, "BadRequest")
    body = f'{{"__type":"{code}","message":"{message}"}}'.encode()
    return HttpResponse(status, [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)], body)


class HttpServer:
    """Listens on one address. `start` (and `bind`) raise OSError when the port is in use."""

    def __init__(
        self,
        handler: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        max_body: int = MAX_BODY,
        max_unfinished: int = MAX_UNFINISHED,
        stalled_seconds: float = STALLED_SECONDS,
        refuse: Refuse = refuse_plainly,
    ) -> None:
        self.handler = handler
        self.host = host
        self.port = port
        self.max_body = max_body
        self.max_unfinished = max_unfinished
        self.unfinished = 0
        """Bytes of bodies that are being read."""
        self._stalled_seconds = stalled_seconds
        self._sweep: asyncio.TimerHandle | None = None
        self.refuse = refuse
        self.stopping = False
        self.connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port (chosen by the system if 0 was asked for)."""
        await self.bind()
        await self.serve()
        return self.port

    async def bind(self) -> int:
        """Take the port without accepting connections yet."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self, loop), self.host, self.port, backlog=2048, start_serving=False
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def serve(self) -> None:
        """Accept connections on the port that `bind` took."""
        assert self._server is not None
        await self._server.start_serving()
        self._sweep_later()

    def _sweep_later(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(self._stalled_seconds / 4, self._swept)

    def _swept(self) -> None:
        """One timer for all connections: nothing is measured where requests come whole."""
        now = asyncio.get_running_loop().time()
        for connection in tuple(self.connections):
            connection.close_if_stalled(now, self._stalled_seconds)
        self._sweep_later()

    async def stop(self, grace: float = 5.0) -> None:
        """Stop accepting, let requests in progress finish for `grace` real seconds, then cut what is left.

        A request that arrives meanwhile on an open connection is answered with 503 and the connection closes.
        """
        self.stopping = True
        if self._sweep is not None:
            self._sweep.cancel()
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.close_if_idle()
        deadline = asyncio.get_running_loop().time() + grace
        while self.connections and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait([c.gone for c in self.connections], timeout=left, return_when=asyncio.FIRST_COMPLETED)
        tasks = [task for connection in tuple(self.connections) for task in connection.cut()]
        if tasks:
            await asyncio.wait(tasks, timeout=1.0)

    # -- for connections --------------------------------------------------------------------------------------

    def failed(self, request: HttpRequest, error: BaseException) -> HttpResponse:
        """The answer where the handler failed; the log has the reason."""
        if isinstance(error, CancelledError):
            return self.refuse(503, "The request was given up because the emulator stopped its work.", request)
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        return self.refuse(500, "The emulator failed on this request; its log has the reason.", request)

    def badly_headed(self, request: HttpRequest | None, error: HeaderRefused) -> HttpResponse:
        """The answer in place of one with a header that can't be sent."""
        asked = f"{request.method} {request.path}" if request is not None else "a request"
        log.error("the answer to %s is refused: %s", asked, error)
        return self.refuse(500, "The answer had a header that is not valid in HTTP.", request)


class _Connection(asyncio.Protocol):
    """One client connection: parser callbacks fill the queue, `_work` empties it."""

    def __init__(self, server: HttpServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.loop = loop
        self.gone: asyncio.Future[None] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        # The message being read.
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._header_count = -1  # set when the headers are complete: later ones are trailers
        self._chunks: list[bytes] = []
        self._size = 0  # of the head while it is read, then of the body
        self._raw_left = 0  # body bytes still to come behind an Upgrade that is ignored
        self._continue_due = False
        self._unfinished = 0  # what the server counts of the body
        self._seen: tuple[int, int] = (0, 0)  # how far the message was at a sweep, and
        self._seen_at = 0.0  # when it first was so
        # Messages read, (request, keep alive, HTTP/1.0); a HttpResponse in place of a request is sent as it is.
        self._queue: deque[tuple[HttpRequest | HttpResponse, bool, bool]] = deque()
        self._busy = False
        self._full = False  # the transport's write buffer
        self._reading = True
        self._deaf = False  # no more requests are read from this connection
        self._silent = False  # the request gets no answer: the client has to give up
        # The task that carries on handlers that wait.
        self._parked: asyncio.Future[None] = loop.create_future()
        self._suspended: tuple[Coroutine[Any, Any, HttpResponse], Any] | None = None
        self._current: tuple[HttpRequest, bool, bool]
        self._task: asyncio.Task[None] | None = None
        self._drained: asyncio.Future[None] | None = None  # an answer in pieces waits for a client that reads slowly
        self._streaming = False
        self._first: bytes | None = b""  # the first bytes, until they tell the version of HTTP

    # -- transport --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._task = self.loop.create_task(self._drive())
        self.server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.connections.discard(self)
        self._forget_body()
        self._transport = None
        self._parser = None
        self._deaf = True
        self._queue.clear()
        if not self.gone.done():
            self.gone.set_result(None)
        if not self._parked.done():
            self._parked.set_result(None)
        if self._streaming and self._task is not None:
            self._task.cancel()

    def eof_received(self) -> bool:
        """A client that half-closes still gets the answers it waits for; in the midst of an answer in pieces, whose end
        nobody knows, it is taken to be gone."""
        self._deaf = True
        return not self._streaming and (self._busy or bool(self._queue))

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._work()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._first is not None:
            data = self._begin(data)
        waiting = len(self._queue)
        if self._raw_left:
            data = self._raw_body(data)
        try:
            while data:
                try:
                    self._parser.feed_data(data)
                    break
                except httptools.HttpParserUpgrade as upgrade:
                    # HTTP/2 or a websocket is asked for: we may ignore that, and the message goes on as HTTP/1.1.
                    data = self._raw_body(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._deaf:
                self._refuse(400, "The request is not valid HTTP/1.1.")
        if not self._deaf:
            # Behind a message that ended here, the start of the next one is not measured: it is one read at most.
            self._check_unfinished(len(data) if len(self._queue) == waiting else 0)
        if self._queue and not self._busy:
            self._work()
        if len(self._queue) >= _MAX_PIPELINED and self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def _begin(self, data: bytes) -> bytes:
        """The first bytes: `PRI` is what HTTP/2 begins with, and no method. Returns what is there for HTTP/1.1."""
        data = (self._first or b"") + data
        if len(data) < len(_HTTP2) and _HTTP2.startswith(data):
            self._first = data
            return b""
        self._first = None
        transport = self._transport
        if not data.startswith(_HTTP2) or transport is None:
            return data
        from harness.emulator.edge.http2 import Http2Connection

        successor = Http2Connection(self.server, self.loop)
        transport.set_protocol(successor)
        self.connection_lost(None)
        successor.connection_made(transport)
        successor.data_received(data)
        return b""

    # -- parser callbacks -------------------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._target = self._target + url if self._target else url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((header_name(name), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._header_count = len(self._headers)
        self._size = 0

    def on_body(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self.server.max_body:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self._deaf:
            return
        parser = self._parser
        if parser.should_upgrade():
            if parser.get_method() == b"CONNECT":
                self._refuse(400, "CONNECT is not supported.")
                return
            self._raw_left = self._declared_length()
            if self._raw_left:
                return
        if self._size > self.server.max_body:
            self._refuse(413, "The request body is too large.")
            return
        self._message_read(parser.should_keep_alive(), parser.get_http_version() == "1.0")

    def _message(self) -> HttpRequest:
        """The message that was read, with as much of its body as has come."""
        chunks = self._chunks
        body = b"" if not chunks else chunks[0] if len(chunks) == 1 else b"".join(chunks)
        headers = self._headers
        if len(headers) > self._header_count:
            del headers[self._header_count :]
        target = self._target.decode("utf-8", "surrogateescape")
        if not target.startswith("/"):
            target = origin_form(target, headers)
        return HttpRequest(method_name(self._parser.get_method()), target, headers, body)

    def _message_read(self, keep_alive: bool, http10: bool) -> None:
        self._queue.append((self._message(), keep_alive, http10))
        if not keep_alive:
            self._deaf = True
        self._target = b""
        self._headers = []
        self._header_count = -1
        self._chunks = []
        self._size = 0
        self._continue_due = False
        if self._unfinished:
            self._forget_body()

    def _raw_body(self, data: bytes) -> bytes:
        """Take the body behind an ignored Upgrade header, which the parser does not read; returns what is left."""
        if not self._raw_left:
            return data
        taken = data[: self._raw_left]
        self._raw_left -= len(taken)
        self.on_body(taken)
        if not self._raw_left:
            self._message_read(True, False)
        return data[len(taken) :]

    def _check_unfinished(self, received: int) -> None:
        """Limits and `Expect` of a message of which a part has come. A message that came whole skips this."""
        if self._header_count < 0:
            if self._target or self._headers:
                self._size += received
                if self._size > MAX_HEAD:
                    self._refuse(431, "The request headers are too large.")
            return
        if self._size > self.server.max_body or self._declared_length() > self.server.max_body:
            self._refuse(413, "The request body is too large.")
            return
        self.server.unfinished += self._size - self._unfinished
        self._unfinished = self._size
        if self.server.unfinished > self.server.max_unfinished:
            self._refuse(503, "Please reduce your request rate.")
        elif not self._chunks and not self._continue_due:
            for name, value in self._headers:
                if name == "expect" and value.lower() == "100-continue":
                    self._continue_due = True
                    self._send_continue()

    def _declared_length(self) -> int:
        return next((int(value) for name, value in self._headers if name == "content-length"), 0)

    def _send_continue(self) -> None:
        if self._continue_due and not self._busy and not self._queue and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: int, message: str, request: HttpRequest | None = None) -> None:
        """Answer what can't be read, after the answers that are due before it, and read no more."""
        self._deaf = True
        self._forget_body()
        self._queue.append((self.server.refuse(status, message, request), False, False))

    def _forget_body(self) -> None:
        self._chunks = []
        self.server.unfinished -= self._unfinished
        self._unfinished = 0

    def close_if_stalled(self, now: float, seconds: float) -> None:
        """End a message that has begun and does not go on."""
        if self._deaf or not (self._target or self._headers):
            self._seen = (0, 0)
            return
        # A head has its time as a whole; a body may come slowly, but it must come.
        seen = (1, 0) if self._header_count < 0 else (2, self._size)
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        elif now - self._seen_at >= seconds:
            self._refuse(408, STALLED, self._message() if self._header_count >= 0 else None)
            if not self._busy:
                self._work()

    # -- answering --------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Answer what is in the queue, until a handler has to wait. Never called inside a task."""
        assert self._task is not None
        while self._queue and not self._busy and not self._full:
            message, keep_alive, http10 = self._queue.popleft()
            if isinstance(message, HttpResponse) or self.server.stopping:
                self._answer_itself(message)
                return
            self._busy = True
            handling = self.server.handler(message)
            _enter_task(self.loop, self._task)
            try:
                awaited = handling.send(None)
            except StopIteration as stop:
                response: HttpResponse = stop.value
            except (Exception, CancelledError) as error:
                response = self.server.failed(message, error)
            else:
                if awaited is not None:
                    awaited._asyncio_future_blocking = False
                self._suspended = (handling, awaited)
                self._current = (message, keep_alive, http10)
                self._parked.set_result(None)
                return
            finally:
                _leave_task(self.loop, self._task)
            if isinstance(response, StreamedResponse):
                self._suspended = (at_once(response), None)
                self._current = (message, keep_alive, http10)
                self._parked.set_result(None)
                return
            self._busy = False
            self._answer(message, response, keep_alive, http10)
        self._after_work()

    async def _drive(self) -> None:
        """The connection's task: carries on handlers that wait."""
        assert self._task is not None
        while True:
            thrown: CancelledError | None = None
            try:
                await self._parked
            except CancelledError as error:
                thrown = error
            if self._suspended is None:
                return
            (handling, awaited), self._suspended = self._suspended, None
            message, keep_alive, http10 = self._current
            self._parked = self.loop.create_future()
            try:
                response = await carry_on(handling, awaited, thrown)
            except (Exception, CancelledError) as error:
                if self._task.cancelling():
                    raise
                response = self.server.failed(message, error)
            answer: HttpResponse | None = response
            if isinstance(response, StreamedResponse):
                answer = await self._stream(message, response, keep_alive, http10)
            self._busy = False
            if self._transport is None:
                return
            if answer is not None:
                self._answer(message, answer, keep_alive, http10)
            # Outside of this task, so that the next handler can be stepped as the first was.
            self.loop.call_soon(self._work)

    def _answer(self, request: HttpRequest, response: HttpResponse, keep_alive: bool, http10: bool) -> None:
        transport = self._transport
        if transport is None:
            return
        if not response.status:
            self._leave_unanswered(transport, cast(Unanswered, response))
            return
        if self.server.stopping:
            keep_alive = False
        try:
            head = encode_head(response, request.method, keep_alive, http10)
        except HeaderRefused as error:
            response = self.server.badly_headed(request, error)
            head = encode_head(response, request.method, keep_alive, http10)
        body = b"" if request.method == "HEAD" or response.status in (204, 304) else response.body
        if len(body) <= _SMALL_BODY:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        if not keep_alive:
            self._deaf = True
            self._queue.clear()
            transport.close()

    async def _stream(
        self, request: HttpRequest, streamed: StreamedResponse, keep_alive: bool, http10: bool
    ) -> HttpResponse | None:
        """Send an answer in pieces, as fast as the client reads. Ends, cancelled, with the connection.

        Returns the answer to give in its place, where none of it was sent.
        """
        chunks, transport = streamed.chunks, self._transport
        self._streaming = True
        keep_alive = keep_alive and not http10 and not self.server.stopping
        try:
            if transport is None:
                return None
            try:
                transport.write(encode_head(streamed, request.method, keep_alive, http10))
            except HeaderRefused as error:
                return self.server.badly_headed(request, error)
            while request.method != "HEAD":
                try:
                    chunk = await chunks.__anext__()
                except StopAsyncIteration:
                    if not http10:
                        transport.write(b"0\r\n\r\n")
                    break
                except Exception as error:
                    # The client sees a body that does not end.
                    log.error("the answer to %s %s failed", request.method, request.path, exc_info=error)
                    keep_alive = False
                    break
                if chunk:
                    transport.write(chunk if http10 else b"%x\r\n%b\r\n" % (len(chunk), chunk))
                if self._full:
                    self._drained = self.loop.create_future()
                    await self._drained
        finally:
            self._streaming = False
            await chunks.aclose()
        if not keep_alive:
            self._deaf = True
            self._queue.clear()
            transport.close()
        return None

    def _leave_unanswered(self, transport: asyncio.Transport, response: Unanswered) -> None:
        """Cut the connection off, or say nothing until the client goes away."""
        self._deaf = self._silent = True
        self._queue.clear()
        if response.reset:
            cut_off(transport)

    def _answer_itself(self, message: HttpRequest | HttpResponse) -> None:
        """Answer without a handler, then close; what the client still sends is thrown away for a moment before that,
        because closing on unread bytes would reset the connection and the client would not see the answer."""
        transport = self._transport
        if transport is None:
            return
        if isinstance(message, HttpResponse):
            response, method = message, "GET"
        else:
            response, method = self.server.refuse(503, "The emulator is shutting down.", message), message.method
        transport.write(encode_head(response, method, False, False) + (b"" if method == "HEAD" else response.body))
        self._deaf = True
        self._queue.clear()
        if transport.can_write_eof():
            transport.write_eof()
        self.loop.call_later(0.0 if self.server.stopping else _LINGER, transport.close)

    def _after_work(self) -> None:
        transport = self._transport
        if transport is None or self._busy or self._queue or self._silent:
            return
        if self._deaf or (self.server.stopping and self._idle()):
            transport.close()
            return
        if not self._reading:
            self._reading = True
            transport.resume_reading()
        self._send_continue()

    # -- the end ----------------------------------------------------------------------------------------------

    def _idle(self) -> bool:
        return not (self._busy or self._queue or self._target or self._headers)

    def close_if_idle(self) -> None:
        if self._idle() and self._transport is not None:
            self._transport.close()

    def cut(self) -> list[asyncio.Task[None]]:
        assert self._task is not None
        if self._transport is not None:
            self._transport.abort()
        self._task.cancel()
        return [self._task]
