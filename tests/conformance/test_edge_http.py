"""The HTTP server over raw sockets: framing, order, limits, broken clients, shutdown."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.edge.http import MAX_HEAD
from tests.raw_http import BOUND, Handler, post, run, serving, until


async def echo(request: HttpRequest) -> HttpResponse:
    names = ",".join(name for name, _ in request.headers)
    return HttpResponse(200, [("X-Names", names), ("X-Target", request.target)], request.body)


async def echo_later(request: HttpRequest) -> HttpResponse:
    for _ in range(3):
        await asyncio.sleep(0)
    return await echo(request)


@pytest.mark.parametrize("handler", [echo, echo_later])
def test_requests_of_one_connection_are_answered_in_order(handler: Handler) -> None:
    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(b"".join(post(f"body {n}".encode(), f"/{n}") for n in range(100)))
            for n in range(100):
                status, headers, body = await client.answer()
                assert (status, headers["x-target"], body) == (200, f"/{n}", f"body {n}".encode())

    run(test)


def test_a_quick_answer_waits_for_the_slow_one_before_it() -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        return await (echo_later if request.path == "/slow" else echo)(request)

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b"1", "/slow") + post(b"2", "/quick") + post(b"3", "/slow"))
            assert [(await client.answer())[2] for _ in range(3)] == [b"1", b"2", b"3"]

    run(test)


def test_connections_do_not_wait_for_each_other() -> None:
    async def test() -> None:
        release = asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            if request.path == "/wait":
                await release.wait()
            return await echo(request)

        async with serving(handler) as (_, connect):
            slow, quick = await connect(), await connect()
            await slow.send(post(b"slow", "/wait"))
            await quick.send(post(b"quick"))
            assert (await quick.answer())[2] == b"quick"
            release.set()
            assert (await slow.answer())[2] == b"slow"

    run(test)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 400), max_size=30))
def test_a_request_may_come_in_any_pieces(cuts: list[int]) -> None:
    """Chunked and plain requests, cut anywhere, mean the same."""
    stream = (
        post(b"plain", "/a?x=%20y")
        + b"POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
        + post(b"last", "/c")
    )

    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            client.writer.transport.set_write_buffer_limits(0)
            position = 0
            for cut in [*cuts, len(stream)]:
                await client.send(stream[position : position + cut])
                await asyncio.sleep(0)
                position += cut
            got = [(await client.answer()) for _ in range(3)]
            assert got[1][1]["x-names"] == "host,transfer-encoding"  # without the trailer
            assert [(h["x-target"], b) for _, h, b in got] == [
                ("/a?x=%20y", b"plain"),
                ("/b", b"hello world"),
                ("/c", b"last"),
            ]

    run(test)


def test_header_names_are_lower_case_and_values_untouched() -> None:
    seen: list[HttpRequest] = []

    async def handler(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(200)

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(
                b"GET /%C3%BC%2F/../x?a=%C3%9F&b HTTP/1.1\r\nHost: h\r\nX-A: One\r\nx-a: Two\r\nX-Empty:\r\n\r\n"
                b"GET http://Other:80/p?q HTTP/1.1\r\nHost: h\r\n\r\n"
            )
            await client.answer()
            await client.answer()
        first, second = seen
        assert first.target == "/%C3%BC%2F/../x?a=%C3%9F&b"
        assert (first.path, first.query) == ("/%C3%BC%2F/../x", "a=%C3%9F&b")
        assert [value for name, value in first.headers if name == "x-a"] == ["One", "Two"]
        assert first.header("x-empty", "absent") == ""
        assert (second.target, second.header("host")) == ("/p?q", "Other:80")

    run(test)


def test_expect_100_continue_is_answered_before_the_body_comes() -> None:
    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            head, body = post(b"12345", "/", "Expect: 100-continue\r\n").split(b"\r\n\r\n")
            await client.send(head + b"\r\n\r\n")
            assert await client.head() == (100, {})
            await client.send(body)
            assert (await client.answer())[2] == b"12345"
            # A body that does not wait needs no 100.
            await client.send(post(b"678", "/", "Expect: 100-continue\r\n"))
            status, _, answer = await client.answer()
            assert (status, answer) == (200, b"678")

    run(test)


def test_head_has_the_length_but_no_body() -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        if request.path == "/object":
            return HttpResponse(200, [("Content-Length", "7")])
        return HttpResponse(204 if request.path == "/none" else 200, [("Content-Length", "99")], b"")

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(
                b"HEAD /object HTTP/1.1\r\nHost: h\r\n\r\nDELETE /none HTTP/1.1\r\nHost: h\r\n\r\n" + post(b"")
            )
            _, headers, _ = await client.answer("HEAD")
            assert headers["content-length"] == "7"
            status, headers, _ = await client.answer()
            assert status == 204
            assert "content-length" not in headers
            assert (await client.answer())[1]["content-length"] == "0"

    run(test)


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("1.1", "", True), ("1.1", "close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
def test_keep_alive(version: str, connection: str, kept: bool) -> None:
    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            header = f"Connection: {connection}\r\n" if connection else ""
            request = f"GET / HTTP/{version}\r\nHost: h\r\n{header}\r\n".encode()
            await client.send(request)
            status, headers, _ = await client.answer()
            assert status == 200
            if not kept:
                assert headers["connection"] == "close"
                assert await client.closed() == b""
                return
            assert headers.get("connection", "keep-alive") == "keep-alive"
            assert version == "1.1" or "connection" in headers
            await client.send(request)
            assert (await client.answer())[0] == 200

    run(test)


def test_an_upgrade_is_ignored_and_its_body_is_read() -> None:
    """Java's own HTTP client asks for HTTP/2 this way, with bodies."""

    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            upgrade = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
            whole = post(b"upgraded body", "/u", upgrade)
            await client.send(whole[:-5])
            await asyncio.sleep(0.01)
            await client.send(whole[-5:] + post(b"next", "/n"))
            assert (await client.answer())[2] == b"upgraded body"
            assert (await client.answer())[2] == b"next"

    run(test)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS hello",
        b"HELLO\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHo st: h\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n".encode(),
        b"CONNECT example.com:443 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_400_after_the_answers_before_it(garbage: bytes) -> None:
    async def test() -> None:
        async with serving(echo_later) as (_, connect):
            client = await connect()
            await client.send(post(b"good") + garbage)
            assert (await client.answer())[2] == b"good"
            status, headers, _ = await client.answer()
            assert (status, headers["connection"]) == (400, "close")
            client.writer.write_eof()
            await client.closed()
            fresh = await connect()
            await fresh.send(post(b"still here"))
            assert (await fresh.answer())[2] == b"still here"

    run(test)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=300))
def test_no_bytes_break_the_server(data: bytes) -> None:
    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            await client.send(data)
            client.writer.write_eof()
            await client.closed()
            fresh = await connect()
            await fresh.send(post(b"x"))
            assert (await fresh.answer())[0] == 200

    run(test)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_gets_413(chunked: bool) -> None:
    async def test() -> None:
        async with serving(echo, max_body=100_000) as (_, connect):
            client = await connect()
            if chunked:
                chunk = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
                await client.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 11)
            else:
                await client.send(b"POST / HTTP/1.1\r\nContent-Length: 100001\r\n\r\n")
            status, headers, _ = await client.answer()
            assert (status, headers["connection"]) == (413, "close")
            fresh = await connect()
            await fresh.send(post(b"y" * 100_000))
            assert len((await fresh.answer())[2]) == 100_000

    run(test)


def test_an_oversize_upload_with_expect_is_refused_before_it_is_sent() -> None:
    async def test() -> None:
        async with serving(echo, max_body=10) as (_, connect):
            client = await connect()
            await client.send(b"PUT /o HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
            assert (await client.answer())[0] == 413

    run(test)


@pytest.mark.parametrize("shape", ["many", "one name", "one target"])
def test_headers_without_end_get_431(shape: str) -> None:
    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            start = {"many": b"GET / HTTP/1.1\r\n", "one name": b"GET / HTTP/1.1\r\nX", "one target": b"GET /"}[shape]
            more = b"A: b\r\n" * 2000 if shape == "many" else b"x" * 12_000
            await client.send(start)
            for _ in range(2 * MAX_HEAD // 12_000):
                await client.send(more)
                await asyncio.sleep(0)
            assert (await client.answer())[0] == 431

    run(test)


@pytest.mark.parametrize("header", [("X-A", "1\r\nX-Forged: 2"), ("X-A", "1\nX-Forged: 2"), ("X-A\r\nX-Forged", "1")])
def test_line_breaks_in_answer_headers_are_refused(header: tuple[str, str]) -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [header], b"secret")

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b""))
            status, headers, body = await client.answer()
            assert status == 500
            assert "x-forged" not in headers
            assert b"secret" not in body

    run(test)


@pytest.mark.parametrize("late", [False, True])
def test_a_failing_handler_gives_500_without_its_reason_and_the_connection_lives(late: bool) -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        if late:
            await asyncio.sleep(0)
        if request.path == "/fail":
            raise RuntimeError("inner secret")
        return await echo(request)

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b"", "/fail") + post(b"next"))
            status, _, body = await client.answer()
            assert status == 500
            assert b"inner secret" not in body
            assert (await client.answer())[2] == b"next"

    run(test)


@pytest.mark.parametrize("reset", [False, True])
def test_a_handler_goes_on_when_its_client_is_gone(reset: bool) -> None:
    async def test() -> None:
        started, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            started.set()
            await release.wait()
            finished.set()
            return HttpResponse(200)

        async with serving(handler) as (server, connect):
            client = await connect()
            await client.send(post(b""))
            await started.wait()
            if reset:
                linger = struct.pack("ii", 1, 0)
                client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.writer.transport.abort()
            while reset and server.connections:
                await asyncio.wait([connection.gone for connection in server.connections])
            release.set()
            await finished.wait()
            fresh = await connect()
            await fresh.send(post(b""))
            assert (await fresh.answer())[0] == 200

    run(test)


def test_a_client_that_half_closes_gets_its_answer() -> None:
    async def test() -> None:
        async with serving(echo_later) as (_, connect):
            client = await connect()
            client.writer.write(post(b"1") + post(b"2"))
            client.writer.write_eof()
            assert (await client.answer())[2] == b"1"
            assert (await client.answer())[2] == b"2"
            assert await client.closed() == b""

    run(test)


def test_handlers_may_use_task_features_before_they_wait() -> None:
    """asyncio.timeout needs a current task at once, and cancels it later."""
    tasks: list[object] = []

    async def handler(request: HttpRequest) -> HttpResponse:
        tasks.append(asyncio.current_task())
        try:
            async with asyncio.timeout(0.01 if request.path == "/late" else 0 if request.path == "/now" else 60):
                tasks.append(asyncio.current_task())
                if request.path != "/ok":
                    await asyncio.get_running_loop().create_future()
        except TimeoutError:
            tasks.append(asyncio.current_task())
            return HttpResponse(504)
        return HttpResponse(200)

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            for path, status in [("/ok", 200), ("/late", 504), ("/now", 504), ("/ok", 200)] * 2:
                await client.send(post(b"", path))
                assert (await client.answer())[0] == status
        assert None not in tasks
        assert len(set(tasks)) == 1

    run(test)


def test_two_handlers_may_wait_for_the_same_future() -> None:
    async def test() -> None:
        shared: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def handler(request: HttpRequest) -> HttpResponse:
            return HttpResponse(200, [], await shared)

        async def waits() -> bytes:
            return await shared

        async with serving(handler) as (_, connect):
            first, second = await connect(), await connect()
            other = asyncio.create_task(waits())
            await first.send(post(b""))
            await second.send(post(b""))
            await asyncio.sleep(0.01)
            shared.set_result(b"same")
            assert (await first.answer())[2] == (await second.answer())[2] == await other == b"same"

    run(test)


def test_an_answer_that_nobody_reads_holds_the_next_one_back() -> None:
    handled: list[str] = []

    async def handler(request: HttpRequest) -> HttpResponse:
        handled.append(request.path)
        return HttpResponse(200, [], bytes(16 * 1024 * 1024))

    async def test() -> None:
        async with serving(handler) as (_, connect):
            client = await connect()
            await client.send(post(b"", "/1") + post(b"", "/2") + post(b"", "/3"))
            await client.head()
            assert handled == ["/1"]
            await client.reader.readexactly(16 * 1024 * 1024)
            for _ in range(2):
                assert len((await client.answer())[2]) == 16 * 1024 * 1024
            assert handled == ["/1", "/2", "/3"]

    run(test)


def test_reading_pauses_while_many_requests_wait() -> None:
    async def test() -> None:
        release = asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            await release.wait()
            return HttpResponse(200)

        async with serving(handler) as (server, connect):
            client = await connect()
            sent = 2000
            sending = asyncio.create_task(client.send(post(bytes(10_000)) * sent))
            await until(lambda: bool(server.connections))
            connection: Any = next(iter(server.connections))
            await until(lambda: not connection._reading)
            assert len(connection._queue) < 100
            assert not sending.done()
            release.set()
            for _ in range(sent):
                assert (await client.answer())[0] == 200
            await sending

    run(test)


def test_stop_lets_a_request_in_progress_finish_and_refuses_later_ones() -> None:
    async def test() -> None:
        started, release = asyncio.Event(), asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            started.set()
            await release.wait()
            return await echo(request)

        async with serving(handler) as (server, connect):
            idle, busy, half = await connect(), await connect(), await connect()
            await busy.send(post(b"in progress") + post(b"queued"))
            await half.send(post(b"arrives late")[:-4])
            await started.wait()
            await asyncio.sleep(0.01)
            stopping = asyncio.create_task(server.stop(grace=5.0))
            assert await idle.closed() == b""
            await half.send(b"late")
            status, headers, _ = await half.answer()
            assert (status, headers["connection"]) == (503, "close")
            release.set()
            status, headers, body = await busy.answer()
            assert (status, headers["connection"], body) == (200, "close", b"in progress")
            assert await busy.closed() == b""
            await stopping
            with pytest.raises(ConnectionRefusedError):
                await connect()

    run(test)


def test_stop_cuts_what_does_not_end() -> None:
    async def test() -> None:
        ended: list[str] = []

        async def handler(request: HttpRequest) -> HttpResponse:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(request.path)
            return HttpResponse(200)

        async with serving(handler) as (server, connect):
            client = await connect()
            await client.send(post(b"", "/hangs"))
            await asyncio.sleep(0.01)
            await server.stop(grace=0.05)
            assert ended == ["/hangs"]
            assert await client.closed() == b""

    run(test)


async def ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, [], b"%d" % len(request.body))


def test_what_does_not_go_on_is_ended() -> None:
    """Heads and bodies that stop, and heads that trickle; an idle connection and a slow handler stay."""

    async def scenario() -> None:
        asked = asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            if request.path == "/slow":
                await asked.wait()
            return await ok(request)

        async with serving(handler, stalled_seconds=0.2) as (_, connect):
            body, head, idle, slow = [await connect() for _ in range(4)]
            await body.send(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            await head.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
            await slow.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            for client in (body, head):
                status, _, text = await asyncio.wait_for(client.answer(), BOUND)
                assert status == 408 and b"RequestTimeout" in text
                await asyncio.wait_for(client.closed(), BOUND)
            await idle.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await asyncio.wait_for(idle.answer(), BOUND))[0] == 200
            asked.set()
            assert (await asyncio.wait_for(slow.answer(), BOUND))[0] == 200

    run(scenario)


def test_unfinished_bodies_are_bounded_together() -> None:
    async def scenario() -> None:
        async with serving(ok, max_unfinished=3000) as (server, connect):
            clients = [await connect() for _ in range(3)]
            for client in clients[:2]:
                await client.send(b"PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n" + b"x" * 1400)
            await until(lambda: server.unfinished == 2800)
            await clients[2].send(b"PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 1500\r\n\r\n" + b"x" * 400)
            assert (await asyncio.wait_for(clients[2].answer(), BOUND))[0] == 503
            for client in clients[:2]:
                await client.send(b"x" * 100)
                assert (await asyncio.wait_for(client.answer(), BOUND))[2] == b"1500"
            assert server.unfinished == 0

    run(scenario)
