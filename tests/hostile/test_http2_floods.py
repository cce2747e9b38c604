"""HTTP/2 clients that ask for little and cost much: each flood against a real emulator.

Others never wait for more than 250 ms, the process never grows by more than 256 MB, and the flood loses its connection
(RFC 9113, section 10.5; CVE-2023-44487, CVE-2024-27316, CVE-2019-9511 to 9518, CVE-2025-8671 and their kind).
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hpack import Encoder

from tests.hostile.test_budgets import Emulator, others_are_served
from tests.http2_client import PREFACE, frame

pytestmark = [
    pytest.mark.emulator_only,
    pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process waited for"),
]

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
CALM, FRAME_SIZE, PROTOCOL = 0xB, 0x6, 0x1
BOUND = 30.0
HELLO = PREFACE + frame(SETTINGS, 0, 0)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    one = Emulator()
    with closing(one.http):
        # The first connection loads the library, which is no attack.
        assert flooded(one, frame(PING, 0, 0, bytes(7))) == FRAME_SIZE
        yield one
        one.process.terminate()
        one.process.wait(30)


def block(**pseudo: str) -> bytes:
    fields = {"method": "GET", "scheme": "http", "path": "/_harness/health", "authority": "localhost", **pseudo}
    return bytes(Encoder().encode([(f":{name}", value) for name, value in fields.items()], huffman=False))


def flooded(emulator: Emulator, data: bytes, *, reads: bool = False) -> int | None:
    """Send everything, without reading meanwhile unless `reads`; the error code of the GOAWAY, None where the reset
    of the connection overtook it. Fails when the server lets it all pass."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=BOUND) as link:
        link.setblocking(False)
        answer, view = b"", memoryview(HELLO + data)
        until = time.monotonic() + BOUND
        while time.monotonic() < until:
            try:
                if view:
                    view = view[link.send(view[:65_536]) :]
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                view = memoryview(b"")
            if reads or not view:
                try:
                    part = link.recv(65_536)
                except BlockingIOError:
                    time.sleep(0.001)
                    continue
                except OSError:
                    return goodbye(answer)
                if not part:
                    return goodbye(answer)
                answer += part
    raise AssertionError("the server let it pass")


def goodbye(answer: bytes) -> int | None:
    """The error code of the last GOAWAY among the server's frames."""
    code = None
    while len(answer) >= 9:
        length = int.from_bytes(answer[:3], "big")
        if answer[3] == GOAWAY and len(answer) >= 9 + length:
            code = int(struct.unpack(">I", answer[13:17])[0])
        answer = answer[9 + length :]
    return code


_HEAD = [(":method", "GET"), (":scheme", "http"), (":path", "/_harness/health"), (":authority", "localhost")]
_ENTRY = [("x", "y" * 3900)]  # as large as the compression's table takes one
_CANCEL = bytes((0, 0, 0, 8))


def _heads(count: int, entries: int, behind: Callable[[int], bytes]) -> bytes:
    """Requests with `entries` large headers, which the table holds: a byte for each from the second request on."""
    encoder, parts = Encoder(), [b""]
    encoder.encode(_HEAD + _ENTRY[:entries])
    first = Encoder().encode(_HEAD + _ENTRY[:entries])
    again = encoder.encode(_HEAD + _ENTRY * entries)
    for stream in range(1, 2 * count, 2):
        parts.append(frame(HEADERS, END_STREAM | END_HEADERS, stream, first if stream == 1 else again))
        parts.append(behind(stream))
    return b"".join(parts)


def _given_up(stream: int) -> bytes:
    return frame(RST_STREAM, 0, stream, _CANCEL)


def _to_be_reset(stream: int) -> bytes:
    """A window that grows beyond what there is: the server has to reset the stream (MadeYouReset)."""
    return frame(WINDOW_UPDATE, 0, stream, b"\x7f\xff\xff\xff")


_FLOODS: dict[str, tuple[Callable[[], bytes], int | None]] = {
    "rapid-reset": (lambda: _heads(4000, 0, _given_up), CALM),
    "made-you-reset": (lambda: _heads(4000, 0, _to_be_reset), CALM),
    "ping": (lambda: frame(PING, 0, 0, bytes(8)) * 200_000, CALM),
    "settings": (lambda: frame(SETTINGS, 0, 0) * 200_000, CALM),
    "large-settings": (lambda: frame(SETTINGS, 0, 0, bytes((0, 4, 0, 0, 255, 255)) * 2700) * 500, CALM),
    "priority": (lambda: frame(PRIORITY, 0, 1, bytes((0, 0, 0, 0, 1))) * 200_000, CALM),
    "window": (lambda: frame(WINDOW_UPDATE, 0, 0, bytes((0, 0, 0, 1))) * 200_000, CALM),
    "unknown": (lambda: frame(0xFA, 0, 0) * 200_000, CALM),
    "empty-data": (
        lambda: frame(HEADERS, END_HEADERS, 1, block(method="POST")) + frame(DATA, 0, 1) * 200_000,
        CALM,
    ),
    "empty-continuation": (
        lambda: frame(HEADERS, 0, 1, block()) + frame(CONTINUATION, 0, 1) * 200_000,
        None,
    ),
    "large-continuation": (
        lambda: frame(HEADERS, 0, 1, block()) + frame(CONTINUATION, 0, 1, b"\x20" * 16_384) * 1000,
        CALM,
    ),
    "table-sizes": (lambda: frame(HEADERS, END_HEADERS, 1, b"\x20" * 16_384) * 1000, None),
    "bomb": (lambda: _heads(1000, 1000, _given_up), None),
    "large-frame": (lambda: b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(20_000_000), FRAME_SIZE),
    "too-many-streams": (
        lambda: b"".join(frame(HEADERS, END_HEADERS, 2 * n + 1, block(method="POST")) for n in range(1000)),
        PROTOCOL,
    ),
}


@pytest.mark.parametrize("reads", [False, True], ids=["deaf", "reading"])
@pytest.mark.parametrize("name", _FLOODS)
@others_are_served
def test_a_flood_loses_its_connection(emulator: Emulator, name: str, reads: bool) -> None:
    make, code = _FLOODS[name]
    found = flooded(emulator, make(), reads=reads)
    assert code is None or found in (None, code)


@others_are_served
def test_heads_that_are_large_when_they_are_unpacked(emulator: Emulator) -> None:
    """Fifteen bytes that stand for 58 KB, which a head may have: it is work, and others get their turns between."""
    with socket.create_connection(("127.0.0.1", emulator.port), timeout=BOUND) as link:
        link.sendall(HELLO + _heads(100, 15, _given_up) + frame(PING, 0, 0, b"question"))
        answer = b""
        while b"question" not in answer:
            answer += link.recv(65_536)


@others_are_served
def test_answers_that_nobody_takes_are_few(emulator: Emulator) -> None:
    """A hundred answers of 13 MB each, into a window of no bytes."""
    kinesis = emulator.client("kinesis")
    kinesis.create_stream(StreamName="big", ShardCount=1)
    try:
        for _ in range(10):
            kinesis.put_record(StreamName="big", Data=bytes(1_000_000), PartitionKey="k")
        place: dict[str, Any] = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        body = json.dumps({"ShardIterator": kinesis.get_shard_iterator(StreamName="big", **place)["ShardIterator"]})
        extra = [("x-amz-target", "Kinesis_20131202.GetRecords"), ("content-type", "application/x-amz-json-1.1")]
        head = block(method="POST", path="/") + bytes(Encoder().encode(extra, huffman=False))
        requests = b"".join(
            frame(HEADERS, END_HEADERS, stream, head) + frame(DATA, END_STREAM, stream, body.encode())
            for stream in range(1, 200, 2)
        )
        with socket.create_connection(("127.0.0.1", emulator.port), timeout=BOUND) as link:
            link.sendall(PREFACE + frame(SETTINGS, 0, 0, bytes((0, 4, 0, 0, 0, 0))) + requests)
            # Its last request is begun when it makes room for it; a ping behind all of them is answered.
            link.sendall(frame(PING, 0, 0, b"question"))
            answer = b""
            while b"question" not in answer:
                answer += link.recv(65_536)
    finally:
        kinesis.delete_stream(StreamName="big")
