"""Answers in pieces over raw sockets (RFC 9112, sections 6 and 7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from harness.emulator.call import HttpRequest, HttpResponse, StreamedResponse
from tests.raw_http import Client, Handler, post, run, serving, until


async def chunk(client: Client) -> bytes:
    """The next piece of a chunked body; empty at its end."""
    length = int(await client.reader.readline(), 16)
    data = await client.reader.readexactly(length)
    assert await client.reader.readexactly(2) == b"\r\n"
    return data


async def pieces() -> AsyncGenerator[bytes]:
    yield b"one"
    await asyncio.sleep(0)
    yield b""
    yield b"two"


async def now(request: HttpRequest) -> HttpResponse:
    if request.path == "/whole":
        return HttpResponse(200, [], b"whole")
    return StreamedResponse(200, [("X-Kind", "stream")], pieces())


async def later(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return await now(request)


@pytest.mark.parametrize("handler", [now, later])
def test_pieces_are_chunks_and_the_connection_goes_on(handler: Handler) -> None:
    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b"", "/") + post(b"", "/whole") + post(b"", "/"))
            for _ in range(2):
                status, headers = await client.head()
                assert (status, headers["transfer-encoding"], headers["x-kind"]) == (200, "chunked", "stream")
                assert "content-length" not in headers
                assert [await chunk(client) for _ in range(3)] == [b"one", b"two", b""]
                if _ == 0:
                    assert (await client.answer())[2] == b"whole"

    run(test)


def test_http_1_0_gets_the_pieces_until_the_end_of_the_connection() -> None:
    async def test() -> None:
        async with serving(now) as (_, connect):
            client = await connect()
            await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            _, headers = await client.head()
            assert "transfer-encoding" not in headers
            assert await client.closed() == b"onetwo"

    run(test)


def test_head_gets_no_pieces_and_closes_them() -> None:
    async def test() -> None:
        closed = asyncio.Event()

        class Nothing:
            async def __anext__(self) -> bytes:
                raise AssertionError("nobody asked for a body")

            async def aclose(self) -> None:
                closed.set()

        async def handler(request: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [], Nothing()) if request.method == "HEAD" else await now(request)

        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + post(b"", "/whole"))
            assert (await client.head())[0] == 200
            assert (await client.answer())[2] == b"whole"
            assert closed.is_set()

    run(test)


def test_a_client_that_goes_away_ends_its_stream() -> None:
    async def test() -> None:
        ended = asyncio.Event()

        async def endless() -> AsyncGenerator[bytes]:
            try:
                yield b"first"
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [], endless())

        async with serving(handler) as (server, connect):
            client = await connect()
            await client.send(post(b""))
            await client.head()
            assert await chunk(client) == b"first"
            client.writer.close()
            await asyncio.wait_for(ended.wait(), 5)
            await until(lambda: not server.connections)

    run(test)


def test_a_client_that_does_not_read_holds_its_stream_back() -> None:
    async def test() -> None:
        made = 0

        async def fast() -> AsyncGenerator[bytes]:
            nonlocal made
            while True:
                made += 1
                yield b"x" * 65_536
                await asyncio.sleep(0)

        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [], fast())

        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b""))
            other = await connect()
            before = -1
            while made != before:  # until nothing more is made in many turns of the loop
                before = made
                for _ in range(20):
                    await other.send(b"")
                    await asyncio.sleep(0.001)
            assert made < 1000

    run(test)


def test_a_stream_that_fails_is_cut_before_its_end() -> None:
    async def test() -> None:
        async def failing() -> AsyncGenerator[bytes]:
            yield b"first"
            raise ValueError("bug")

        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [], failing())

        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b""))
            await client.head()
            assert await client.closed() == b"5\r\nfirst\r\n"

    run(test)


def test_a_forged_header_of_a_stream_is_refused_whole() -> None:
    async def test() -> None:
        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [("X-Bad", "a\r\nb")], pieces())

        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b""))
            assert (await client.answer())[0] == 500

    run(test)
