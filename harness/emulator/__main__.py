"""`python -m harness.emulator`: one emulator process.

Prints `ready http://127.0.0.1:4566 in 0.21 s` on standard output when it listens (the time counts from the start of
the process). SIGTERM and SIGINT end it: requests in progress are answered, children end, exit code 0. What keeps it
from starting is one sentence on standard error and exit code 1.
"""

from __future__ import annotations

from harness.emulator.private import leave_host_environment

if __name__ == "__main__":
    leave_host_environment()  # before anything else runs, and before the imports that would run twice

import argparse
import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.emulator.edge.guard import checked_origin
from harness.emulator.edge.sink_forward import SinkServer
from harness.emulator.listening import add_listening, check_listening, stop_signals, why_not
from harness.emulator.record import Record
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
        world = build_world(
            options.clock,
            options.seed,
            upstream=options.upstream,
            native=options.native,
            allowed_hosts=options.allow_host,
            verify_signatures=options.verify_signatures,
        )
        sinks = SinkServer.at(options.sinks) if options.sinks is not None else None
        options.allow_origin = [checked_origin(origin) for origin in options.allow_origin]
        world.faults.may_kill = True
        world.kept.strict = options.strict
        world.permissions.initial = options.iam
        world.permissions.switch(options.iam)
    except ValueError as error:
        return _fail(str(error))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(world, sinks, options))


async def _run(world: World, sinks: SinkServer | None, options: argparse.Namespace) -> int:
    from harness.emulator.edge.server import Edge

    durability: Durability | None = None
    edge = Edge(
        world,
        host=options.host,
        port=options.port,
        snapshot_dir=options.snapshot_dir,
        sinks=sinks,
        allowed_origins=options.allow_origin,
    )
    try:
        url = await edge.bind()
    except OSError as error:
        return _fail(why_not(error, options.host, options.port))
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
    if options.record is not None:
        Record(options.record).watch()
    ended = stop_signals()
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
        except Exception as error:
            why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            failure = _fail(
                f"No snapshot can be saved in {durability.folder.path}: {why}. The journal there has everything that "
                "could be written before."
            )
    await world.stop()
    return failure


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m harness.emulator", description="A local AWS on one port.")
    add_listening(parser)
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
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)  # the starter's note (`record.py`)
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
    parser.add_argument(
        "--verify-signatures", action="store_true", help="refuse requests that are not signed, or not rightly"
    )
    parser.add_argument("--strict", action="store_true", help="refuse settings that would be kept without effect")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host that deliveries, HTTP integrations and token issuers may name besides this machine; repeatable",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="an origin, such as http://localhost:3000, whose pages may use the emulator as any client may; repeatable",
    )
    parser.add_argument(
        "--sinks",
        metavar="URL",
        help="a sink server (python -m harness.emulator.sink_server) that gets what the built-in sinks get, and gives "
        "the answers",
    )
    options = parser.parse_args(arguments)
    check_listening(parser, options)
    return options


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
