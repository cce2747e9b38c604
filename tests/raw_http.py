"""An HTTP server of the edge and raw connections to it, for tests of framing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from harness.emulator.call import HttpRequest
from harness.emulator.edge.http import HttpServer
from harness.emulator.loop import loop_factory

Handler = Callable[[HttpRequest], Any]
BOUND = 10.0  # real seconds after which a test gives up


class Client:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = text.strip().split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return int(status.split()[1]), {name.lower(): value for name, value in pairs}

    async def answer(self, method: str = "POST") -> tuple[int, dict[str, str], bytes]:
        status, headers = await self.head()
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        return status, headers, await self.reader.readexactly(length)

    async def closed(self) -> bytes:
        """What is left until the server closes."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def serving(
    handler: Handler, **options: Any
) -> AsyncIterator[tuple[HttpServer, Callable[[], Awaitable[Client]]]]:
    server = HttpServer(handler, **options)
    port = await server.start()
    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(Client(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)))
        return clients[-1]

    try:
        yield server, connect
    finally:
        await server.stop(grace=0.1)
        for client in clients:
            client.writer.close()


def run(test: Callable[[], Any]) -> None:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(asyncio.wait_for(test(), BOUND))


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise TimeoutError


def post(body: bytes, target: str = "/", extra: str = "") -> bytes:
    return f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body
