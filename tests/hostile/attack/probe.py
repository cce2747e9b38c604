"""Another caller: asks the emulator one small question after the other, and tells how long it had to wait.

A process of its own (`python -m tests.hostile.attack.probe PORT PID`), so that the attacker's work does not slow it
down. On a loaded machine a wait is also the machine's; `emulators_part` tells what is the emulator's.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

STALL_SECONDS = 0.25
_PAUSE = 0.01
_QUESTION = b"GET /_harness/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
_GIVEN_UP = 120.0


@dataclass
class Waits:
    """`stalls` are (beginning on the monotonic clock, seconds) of the waits that were too long."""

    worst: float = 0.0
    stalls: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def probing(port: int, pid: int) -> Iterator[Waits]:
    """Ask until the end of the block; the waits are complete behind it."""
    found = Waits()
    prober = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.attack.probe", str(port), str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert prober.stdin is not None and prober.stdout is not None
    lines = prober.stdout

    def listen() -> None:
        for line in lines:
            began, seconds = map(float, line.split())
            found.worst = max(found.worst, seconds)
            if seconds > STALL_SECONDS:
                found.stalls.append((began, seconds))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield found
    finally:
        prober.stdin.close()
        try:
            prober.wait(10)
        except subprocess.TimeoutExpired:
            prober.kill()
            prober.wait()
        listener.join(10)
        prober.stdout.close()


def main() -> None:
    port, pid = int(sys.argv[1]), int(sys.argv[2])
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    worst = 0.0
    with socket.create_connection(("127.0.0.1", port), timeout=_GIVEN_UP) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not ended.is_set():
            before = Clocks.of(pid)
            began = time.monotonic()
            try:
                link.sendall(_QUESTION)
                if not _answered(link):
                    return
            except OSError:
                return
            waited = emulators_part(time.monotonic() - began, before, Clocks.of(pid))
            if waited > worst or waited > STALL_SECONDS:
                worst = max(worst, waited)
                print(began, waited, flush=True)
            ended.wait(_PAUSE)


def _answered(link: socket.socket) -> bool:
    held = b""
    while b"\r\n\r\n" not in held:
        got = link.recv(65_536)
        if not got:
            return False
        held += got
    head, _, body = held.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < size:
        got = link.recv(65_536)
        if not got:
            return False
        body += got
    return True


class Clocks(NamedTuple):
    """Seconds: ready to run and without a CPU, of the probe and the emulator's main thread together and of the
    emulator's other threads; CPU time of the emulator. All 0 where the system does not tell (only Linux does)."""

    asked: float
    others: float
    worked: float

    @classmethod
    def of(cls, pid: int) -> Clocks:
        try:
            threads = os.listdir(f"/proc/{pid}/task")
            # The kernel's clock of another process: its id with all bits turned, and 2 for "as the scheduler counts".
            worked = time.clock_gettime((~pid << 3) | 2)
        except OSError:
            return cls(0.0, 0.0, 0.0)
        main = _ready(f"/proc/{pid}/task/{pid}")
        others = sum(_ready(f"/proc/{pid}/task/{thread}") for thread in threads if thread != str(pid))
        return cls(main + _ready("/proc/thread-self"), others, worked)


def emulators_part(waited: float, before: Clocks, after: Clocks) -> float:
    """Seconds of a wait that the emulator is to blame for.

    What the main thread and the probe lacked a CPU is never its fault. Where another thread lacked one it may have held
    the interpreter's lock, so that is taken off too; but never what the emulator really worked meanwhile. So a loop
    that computes, a thread that keeps the lock, and a loop that sleeps or waits for a disk are all seen.
    """
    waited -= max(0.0, after.asked - before.asked)
    idle = waited - max(0.0, after.others - before.others)
    return max(0.0, idle, min(waited, after.worked - before.worked))


def _ready(thread: str) -> float:
    """Seconds that a thread was ready to run without a CPU; 0 for one that ended."""
    try:
        with open(f"{thread}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


if __name__ == "__main__":
    main()
