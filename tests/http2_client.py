"""A client that speaks HTTP/2 to a port, well or badly: frames as a test wants them, answers by stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, InformationalResponseReceived, ResponseReceived, StreamReset
from h2.events import StreamEnded as Ended

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
Headers = list[tuple[str, str]]
BOUND = 10.0  # real seconds after which a test gives up


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Any frame (RFC 9113, section 4.1)."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


class Answer:
    """What came on one stream so far."""

    def __init__(self) -> None:
        self.status = 0
        self.informational: list[int] = []
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self.reset: int | None = None


class Http2Client:
    """One connection. `h2` is its state: what is sent through it is well formed; `write` sends anything."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.answers: dict[int, Answer] = {}
        self.goodbye: int | None = None
        """The error code of the server's GOAWAY."""
        self.closed = False

    async def begin(self) -> None:
        self.h2.initiate_connection()
        await self.flush()

    async def flush(self) -> None:
        await self.write(self.h2.data_to_send())

    async def write(self, data: bytes) -> None:
        if self.closed or self.writer.is_closing():
            self.closed = True
            return
        try:
            self.writer.write(data)
            await self.writer.drain()
        except ConnectionError:
            self.closed = True

    async def send(self, path: str, body: bytes = b"", *, method: str = "POST", headers: Headers | None = None) -> int:
        """A whole request; returns its stream."""
        stream = self.head(path, method=method, headers=headers, ends=not body)
        while body:
            size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if not size:
                await self.flush()
                await self.read()
                continue
            self.h2.send_data(stream, body[:size], end_stream=size == len(body))
            body = body[size:]
        await self.flush()
        return stream

    def head(self, path: str, *, method: str = "POST", headers: Headers | None = None, ends: bool = False) -> int:
        stream = self.h2.get_next_available_stream_id()
        names = [name for name, _ in headers or []]
        pseudo = [(":method", method), (":scheme", "http"), (":path", path)]
        if ":authority" not in names:
            pseudo.append((":authority", "localhost"))
        self.h2.send_headers(stream, pseudo + (headers or []), end_stream=ends)
        self.answers[stream] = Answer()
        return stream

    async def read(self) -> None:
        """Take one read's worth of what the server sends."""
        try:
            data = await asyncio.wait_for(self.reader.read(65_536), BOUND)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return
        for event in self.h2.receive_data(data):
            if isinstance(event, ResponseReceived):
                answer = self.answers[event.stream_id]
                answer.headers = _texts(event.headers)
                answer.status = int(answer.headers[":status"])
            elif isinstance(event, InformationalResponseReceived):
                self.answers[event.stream_id].informational.append(int(_texts(event.headers)[":status"]))
            elif isinstance(event, DataReceived):
                self.answers[event.stream_id].body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, Ended):
                self.answers[event.stream_id].ended = True
            elif isinstance(event, StreamReset) and event.stream_id in self.answers:
                self.answers[event.stream_id].reset = int(event.error_code)
            elif isinstance(event, ConnectionTerminated):
                self.goodbye = int(event.error_code or 0)
        await self.flush()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition() and not self.closed:
            await self.read()
        assert condition(), "the server closed the connection before that"

    async def answer(self, stream: int) -> Answer:
        """The whole answer on a stream."""
        found = self.answers[stream]
        await self.until(lambda: found.ended or found.reset is not None)
        return found

    async def ended(self) -> int | None:
        """Read until the server closes; the error code of its GOAWAY, if it came through."""
        while not self.closed:
            await self.read()
        return self.goodbye


async def connect_http2(port: int) -> Http2Client:
    client = Http2Client(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))
    await client.begin()
    return client


def _texts(fields: Iterable[tuple[bytes | str, bytes | str]]) -> dict[str, str]:
    return {str(name): str(value) for name, value in fields}
