"""HTTP/2 with prior knowledge, on the port of HTTP/1.1 (RFC 9113): the same requests, answers and limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from harness.emulator.call import HttpRequest, HttpResponse, StreamedResponse, Unanswered
from harness.emulator.edge.http import HttpServer
from harness.emulator.edge.http2 import Http2Connection
from tests.http2_client import PREFACE, Answer, Http2Client, connect_http2, frame
from tests.raw_http import post, run, serving, until


async def echo(request: HttpRequest) -> HttpResponse:
    text = "|".join(f"{name}={value}" for name, value in request.headers)
    headers = [("X-Seen", text), ("X-Target", request.target), ("Connection", "close"), ("Transfer-Encoding", "x")]
    return HttpResponse(200, headers, request.body)


async def echo_later(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return await echo(request)


def test_a_request_is_what_it_is_over_http_1_1() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            extra = [("x-amz-target", "T.Op"), ("cookie", "a=1"), ("cookie", "b=2"), ("content-length", "4")]
            answer = await client.answer(await client.send("/a%20b?c=d", b"body", headers=extra))
            assert (answer.status, answer.body, answer.headers["x-target"]) == (200, b"body", "/a%20b?c=d")
            assert answer.headers["x-seen"] == "host=localhost|x-amz-target=T.Op|content-length=4|cookie=a=1; b=2"
            assert answer.headers["content-length"] == "4"
            assert answer.headers["server"] == "pipeline-harness"
            assert "date" in answer.headers
            assert not {"connection", "transfer-encoding"} & set(answer.headers)

    run(test)


@pytest.mark.parametrize("cut", [1, 3, 4, 10, 24, 30])
def test_the_preface_may_come_in_parts(cut: int) -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = Http2Client(*await asyncio.open_connection("127.0.0.1", server.port))
            client.h2.initiate_connection()
            stream = client.head("/", ends=True)
            data = client.h2.data_to_send()
            await client.write(data[:cut])
            await until(lambda: bool(server.connections))
            await client.write(data[cut:])
            assert (await client.answer(stream)).status == 200

    run(test)


def test_what_only_begins_like_the_preface_is_http_1_1() -> None:
    async def test() -> None:
        async with serving(echo) as (server, connect):
            client = await connect()
            await client.send(b"P")
            await until(lambda: bool(server.connections))
            await client.send(post(b"body", "/x")[1:])
            assert (await client.answer())[2] == b"body"

    run(test)


@pytest.mark.parametrize("handler", [echo, echo_later])
def test_many_requests_side_by_side(handler: object) -> None:
    async def test() -> None:
        async with serving(handler) as (server, _):  # type: ignore[arg-type]
            client = await connect_http2(server.port)
            await client.read()  # the server's settings
            streams = [await client.send(f"/{n}", b"x" * n) for n in range(100)]
            for n, stream in enumerate(streams):
                answer = await client.answer(stream)
                assert (answer.status, answer.headers["x-target"], len(answer.body)) == (200, f"/{n}", n)

    run(test)


def test_a_slow_answer_holds_no_other_back() -> None:
    async def test() -> None:
        release = asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            if request.path == "/slow":
                await release.wait()
            return HttpResponse(200, [], request.path.encode())

        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            slow, quick = await client.send("/slow"), await client.send("/quick")
            assert (await client.answer(quick)).body == b"/quick"
            assert not client.answers[slow].ended
            release.set()
            assert (await client.answer(slow)).body == b"/slow"

    run(test)


def test_bodies_above_every_window_go_both_ways() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            body = bytes(range(256)) * 12_000  # 3 MB
            answers = [await client.send("/", body), await client.send("/", body)]
            for stream in answers:
                assert (await client.answer(stream)).body == body
            assert server.unfinished == 0

    run(test)


def test_answers_without_a_body() -> None:
    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(204 if request.path == "/204" else 200, [], b"not sent")

    async def test() -> None:
        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            head = await client.answer(await client.send("/", method="HEAD"))
            assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "8")
            none = await client.answer(await client.send("/204"))
            assert (none.status, none.body, none.headers.get("content-length")) == (204, b"", None)

    run(test)


def test_trailers_are_ignored() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            stream = client.head("/")
            client.h2.send_data(stream, b"body")
            client.h2.send_headers(stream, [("x-amz-checksum", "1")], end_stream=True)
            await client.flush()
            answer = await client.answer(stream)
            assert (answer.body, answer.headers["x-seen"]) == (b"body", "host=localhost")

    run(test)


def test_expect_continue_is_answered() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            stream = client.head("/", headers=[("expect", "100-continue")])
            await client.flush()
            await client.until(lambda: client.answers[stream].informational == [100])
            client.h2.send_data(stream, b"body", end_stream=True)
            await client.flush()
            assert (await client.answer(stream)).body == b"body"

    run(test)


@pytest.mark.parametrize(("method", "path"), [("get", "/"), ("POST", "no-slash"), ("A B", "/")])
def test_what_http_1_1_refuses_is_refused(method: str, path: str) -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            assert (await client.answer(await client.send(path, method=method))).status == 400
            assert (await client.answer(await client.send("/", b"next"))).body == b"next"

    run(test)


def test_a_tunnel_is_refused() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            stream = client.h2.get_next_available_stream_id()
            client.answers[stream] = Answer()
            client.h2.send_headers(stream, [(":method", "CONNECT"), (":authority", "localhost:1")], end_stream=True)
            await client.flush()
            assert (await client.answer(stream)).status == 400

    run(test)


def test_a_body_beyond_the_limit() -> None:
    async def test() -> None:
        async with serving(echo, max_body=1000) as (server, _):
            client = await connect_http2(server.port)
            declared = client.head("/", headers=[("content-length", "1001")])
            told = client.head("/")
            client.h2.send_data(told, bytes(1001))
            await client.flush()
            for stream in (declared, told):
                await client.until(lambda stream=stream: client.answers[stream].reset is not None)  # type: ignore[misc]
                assert (client.answers[stream].status, client.answers[stream].ended) == (413, True)
            assert server.unfinished == 0
            assert (await client.answer(await client.send("/", b"next"))).body == b"next"

    run(test)


def test_all_unfinished_bodies_together_have_a_limit() -> None:
    async def test() -> None:
        async with serving(echo, max_unfinished=1000) as (server, _):
            client = await connect_http2(server.port)
            first, second = client.head("/1"), client.head("/2")
            client.h2.send_data(first, bytes(600))
            client.h2.send_data(second, bytes(600))
            await client.flush()
            assert (await client.answer(second)).status == 503
            client.h2.end_stream(first)
            await client.flush()
            assert (await client.answer(first)).status == 200
            assert server.unfinished == 0

    run(test)


def test_an_upload_that_stalls_is_answered_and_a_frame_that_stalls_ends_the_connection() -> None:
    async def test() -> None:
        async with serving(echo, stalled_seconds=0.05) as (server, _):
            client = await connect_http2(server.port)
            stream = client.head("/", headers=[("content-length", "10")])
            client.h2.send_data(stream, b"begun")
            await client.flush()
            answer = await client.answer(stream)
            assert (answer.status, b"RequestTimeout" in answer.body) == (408, True)
            assert (await client.answer(await client.send("/", b"next"))).body == b"next"
            await client.write(frame(0x1, 0, 99)[:5])
            assert await client.ended() == 1
            await until(lambda: not server.connections)

    run(test)


def test_pieces_come_when_they_are_made_and_a_reset_ends_them() -> None:
    async def test() -> None:
        more, ended = asyncio.Event(), asyncio.Event()

        async def pieces() -> AsyncGenerator[bytes]:
            try:
                yield b"one"
                await more.wait()
                yield b"x" * 100_000
                await asyncio.Event().wait()
            finally:
                ended.set()

        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [("X-Kind", "stream")], pieces())

        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            stream = await client.send("/")
            answer = client.answers[stream]
            await client.until(lambda: answer.body == b"one")
            assert (answer.status, answer.headers["x-kind"], "content-length" in answer.headers) == (
                200,
                "stream",
                False,
            )
            more.set()
            await client.until(lambda: len(answer.body) == 100_003)
            client.h2.reset_stream(stream, 8)
            await client.flush()
            await asyncio.wait_for(ended.wait(), 5)
            await until(lambda: not _tasks(server))

    run(test)


def test_pieces_wait_for_the_window_and_end_with_the_stream() -> None:
    async def test() -> None:
        made = 0

        async def pieces() -> AsyncGenerator[bytes]:
            nonlocal made
            for _ in range(50):
                made += 1
                yield b"x" * 10_000

        async def handler(_: HttpRequest) -> HttpResponse:
            return StreamedResponse(200, [], pieces())

        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            stream = await client.send("/")
            await until(lambda: made == 7)  # the window of 65,535 bytes is used up within the seventh
            answer = await client.answer(stream)
            assert (len(answer.body), answer.ended, made) == (500_000, True, 50)

    run(test)


def test_a_failing_stream_and_a_forged_header() -> None:
    async def failing() -> AsyncGenerator[bytes]:
        yield b"one"
        raise ValueError("bug")

    async def handler(request: HttpRequest) -> HttpResponse:
        if request.path == "/forged":
            return HttpResponse(200, [("X-Bad", "a\nb")])
        if request.path == "/raises":
            raise ValueError("bug")
        return StreamedResponse(200, [], failing())

    async def test() -> None:
        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            failed = await client.answer(await client.send("/"))
            assert (failed.body, failed.ended, failed.reset) == (b"one", False, 2)
            for path in ("/forged", "/raises"):
                assert (await client.answer(await client.send(path))).status == 500

    run(test)


def test_a_fault_cuts_the_connection_off() -> None:
    async def handler(_: HttpRequest) -> HttpResponse:
        return Unanswered(reset=True)

    async def test() -> None:
        async with serving(handler) as (server, _):
            client = await connect_http2(server.port)
            await client.send("/")
            assert await client.ended() is None

    run(test)


def test_a_stop_says_goodbye_and_lets_answers_finish() -> None:
    async def test() -> None:
        release = asyncio.Event()

        async def handler(request: HttpRequest) -> HttpResponse:
            await release.wait()
            return HttpResponse(200, [], b"done")

        async with serving(handler) as (server, _):
            idle, busy = await connect_http2(server.port), await connect_http2(server.port)
            stream = await busy.send("/")
            await idle.read()
            await until(lambda: bool(_tasks(server)))
            stopping = asyncio.create_task(server.stop())
            assert await idle.ended() == 0
            # The client's library answers nothing behind a GOAWAY, so the frames are read as they are.
            rest = b""
            release.set()
            while data := await busy.reader.read(65_536):
                rest += data
            assert frame(0x7, 0, 0, bytes((0, 0, 0, stream, 0, 0, 0, 0))) in rest
            assert b"done" in rest
            await stopping

    run(test)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([(":authority", "evil.example")], 403),
        ([("origin", "http://evil.example")], 403),
    ],
)
@pytest.mark.emulator_only
def test_foreign_hosts_and_pages_get_nothing(aws: Any, headers: list[tuple[str, str]], status: int) -> None:
    """Law 9: `:authority` is the Host that the guard judges."""

    async def test() -> None:
        client = await connect_http2(int(aws.url.rpartition(":")[2]))
        answer = await client.answer(await client.send("/_harness/health", method="GET", headers=headers))
        assert answer.status == status
        client.writer.close()

    run(test)


def test_another_host_beside_the_authority_ends_the_connection() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            client = await connect_http2(server.port)
            client.h2.config.validate_outbound_headers = False
            await client.send("/", headers=[("host", "evil.example")])
            assert await client.ended() == 1

    run(test)


def test_a_preface_that_goes_wrong_ends_the_connection() -> None:
    async def test() -> None:
        async with serving(echo) as (_, connect):
            client = await connect()
            await client.send(PREFACE[:-4] + b"oops" + frame(0x4, 0, 0))
            assert b"\x07" in await client.closed()

    run(test)


def _tasks(server: HttpServer) -> list[object]:
    """The handlers that run."""
    return [task for c in server.connections if isinstance(c, Http2Connection) for task in c._tasks]
