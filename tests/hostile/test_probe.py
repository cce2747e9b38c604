"""The attack's other caller sees what stops an emulator's loop, and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hostile.attack.probe import STALL_SECONDS, Clocks, emulators_part, probing
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what a process waited for")

_SERVER = """
import asyncio, re, sys, threading, time

LONG = re.compile("(a|aa)+$")  # matching keeps the interpreter's lock


def work(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def keep_lock():
    n = 20
    while True:
        began = time.thread_time()
        LONG.match("a" * n + "!")
        if time.thread_time() - began > 0.3:
            return
        n += 1


STOPS = {
    "works": lambda: work(0.4),
    "sleeps": lambda: time.sleep(0.4),
    "keeps the lock": lambda: threading.Thread(target=keep_lock).start(),
    "nothing": lambda: None,
}


async def serve(reader, writer):
    for count in range(10**9):
        if not await reader.readuntil(b"\\r\\n\\r\\n"):
            return
        if count == 5:
            STOPS[sys.argv[1]]()
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{}")
        if count == 40:
            print("done", flush=True)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
"""


@pytest.mark.parametrize("stop", ["works", "sleeps", "keeps the lock"])
def test_a_stop_of_the_loop_is_seen(stop: str) -> None:
    server = subprocess.Popen([sys.executable, "-c", _SERVER, stop], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        with probing(int(server.stdout.readline()), server.pid) as waits:
            wait_until(lambda: bool(waits.stalls), 60)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    assert waits.worst > STALL_SECONDS


_BEFORE = Clocks(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("waited", "asked", "others", "worked", "part"),
    [
        (0.4, 0.0, 0.0, 0.4, 0.4),
        (0.4, 0.0, 0.0, 0.0, 0.4),
        (0.4, 0.3, 0.0, 0.1, 0.1),
        (0.4, 0.0, 0.35, 0.02, 0.05),
        (0.4, 0.0, 0.4, 0.3, 0.3),
        (0.4, 0.1, 0.9, 0.9, 0.3),
        (0.4, 0.9, 0.0, 0.0, 0.0),
    ],
    ids=["works", "sleeps", "had no CPU", "lock without CPU", "lock", "many threads", "more than it waited"],
)
def test_whose_a_wait_is(waited: float, asked: float, others: float, worked: float, part: float) -> None:
    after = Clocks(1 + asked, 1 + others, 1 + worked)
    assert emulators_part(waited, _BEFORE, after) == pytest.approx(part)
