"""`python -m harness.emulator`: one emulator process.

Prints `ready http://127.0.0.1:4566 in 0.21 s` on standard output when it listens (the time counts from the start of
the process). SIGTERM and SIGINT end it: requests in progress are answered, children end, exit code 0. What keeps it
from starting is one sentence on standard error and exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.emulator.upstream.split import NATIVE_BY_DEFAULT

if TYPE_CHECKING:
    from harness.emulator.durability import Durability
    from harness.emulator.edge.server import Edge
    from harness.emulator.world import World

_IMPORTED = time.monotonic()
_GRACE = 5.0  # real seconds for requests in progress at a graceful stop
_QUIET = 5.0  # real seconds in which work in flight may end before the state is saved as it is


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # It tells every request with its whole URL, and a backend's query may hold a token.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    from harness.emulator.build import build_world
    from harness.emulator.loop import loop_factory

    try:
        world = build_world(options.clock, options.seed, upstream=options.upstream, native=options.native)
        world.faults.may_kill = True
        world.permissions.initial = options.iam
        world.permissions.switch(options.iam)
    except ValueError as error:
        return _fail(str(error))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(world, options))


async def _run(world: World, options: argparse.Namespace) -> int:
    from harness.emulator.edge.server import Edge

    durability: Durability | None = None
    edge = Edge(world, host=options.host, port=options.port, snapshot_dir=options.snapshot_dir)
    try:
        url = await edge.bind()
    except OSError as error:
        return _fail(_why_not(error, options))
    try:
        if options.state_dir is not None:
            durability = await _survive(world, options.state_dir)
        else:
            await world.start()
        await edge.serve()
    except CannotUse as problem:
        await edge.stop(0.0)
        await world.stop()
        return _fail(str(problem))
    ended = _stop_signals()
    print(f"ready {url} in {_seconds_since_start():.2f} s", flush=True)
    await ended.wait()
    return await _end(world, edge, durability)


class CannotUse(Exception):
    """The state folder can't be used; the text is a sentence."""


async def _survive(world: World, folder: Path) -> Durability:
    """Start the world from what the folder holds, and keep it there. Raises CannotUse."""
    from harness.emulator.durability import Durability, InUse

    durability: Durability | None = None
    try:
        durability = Durability(world, folder)
        await durability.start()
    except InUse as holder:
        raise CannotUse(
            f"The state in {folder} is used by another emulator ({holder}); choose another --state-dir."
        ) from holder
    except (OSError, ValueError) as error:
        if durability is not None:
            durability.close()
        raise CannotUse(
            f"The state in {folder} can't be used: {error}. Remove it or choose another --state-dir."
        ) from error
    return durability


async def _end(world: World, edge: Edge, durability: Durability | None) -> int:
    """A graceful stop: answer what is in progress, save, end timers and children."""
    await edge.stop(_GRACE)
    failure = 0
    if durability is not None:
        try:
            await asyncio.wait_for(world.clock.quiesce(), _QUIET)
        except TimeoutError:
            logging.warning("work is still in flight; the state is saved as it is now")
        try:
            await durability.finish()
        except OSError as error:
            failure = _fail(f"The state can't be saved in {durability.folder.path}: {error.strerror}.")
    await world.stop()
    return failure


def _stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second one ends the process at once."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        ended.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return ended


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m harness.emulator", description="A local AWS on one port.")
    parser.add_argument("--port", type=int, default=4566, help="0 lets the system choose (default: %(default)s)")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--clock", default="real", help="real, manual, or x60 for sixty times as fast")
    parser.add_argument("--seed", type=int, help="makes ids and random choices repeatable (default: chosen anew)")
    parser.add_argument(
        "--state-dir",
        type=Path,
        help="keep the state in this folder: what was acknowledged is there again at the next start, "
        "however this process ends",
    )
    parser.add_argument(
        "--snapshot-dir", type=Path, help="where named snapshots are kept (default: until the emulator ends)"
    )
    parser.add_argument(
        "--upstream", help="an AWS-compatible endpoint, such as http://localhost:4567, that takes all other services"
    )
    parser.add_argument(
        "--native",
        default=NATIVE_BY_DEFAULT,
        help="with --upstream, the services that are served here, or what is left out of all: all,-s3 "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--iam",
        choices=["off", "enforce"],
        default="off",
        help="whether IAM policies decide what is allowed (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if not 0 <= options.port <= 65535:
        parser.error("--port must be from 0 to 65535")
    return options


def _loopback(text: str) -> str:
    """No data leaves the machine (law 8): nobody else's machine may ask either."""
    host = "127.0.0.1" if text == "localhost" else text
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text} is not a loopback address")


def _why_not(error: OSError, options: argparse.Namespace) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {options.port} is in use; choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {options.port} needs special rights; choose one above 1023 with --port."
    return f"Can't listen on {options.host} port {options.port}: {os.strerror(error.errno) if error.errno else error}."


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


def _seconds_since_start() -> float:
    """Since the process began where the system tells (Linux), else since this module was loaded."""
    try:
        with open("/proc/self/stat") as file:
            started = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError, ValueError):
        return time.monotonic() - _IMPORTED


if __name__ == "__main__":
    sys.exit(main())
