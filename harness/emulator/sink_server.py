"""`python -m harness.emulator.sink_server`: the built-in HTTP sinks as a process of their own, without any service.

It stands in for HTTP endpoints such as New Relic's beside an emulator that is started with `--sinks URL`. Deliveries
are POSTs to `/_harness/sinks/<name>/deliver`; `GET /_harness/sinks/<name>` tells what came. It starts and ends as the
emulator does.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from harness.emulator.edge.server import Edge
from harness.emulator.listening import add_listening, check_listening, stop_signals, why_not
from harness.emulator.loop import loop_factory
from harness.emulator.world import World

_GRACE = 5.0  # real seconds for requests in progress at a stop


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m harness.emulator.sink_server", description="HTTP sinks.")
    add_listening(parser)
    options = parser.parse_args(arguments)
    check_listening(parser, options)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(_run(options.host, options.port))


async def _run(host: str, port: int) -> int:
    world = World()
    edge = Edge(world, host=host, port=port)
    try:
        url = await edge.bind()
    except OSError as error:
        print(why_not(error, host, port), file=sys.stderr, flush=True)
        return 1
    await world.start()
    await edge.serve()
    ended = stop_signals()
    print(f"ready {url}", flush=True)
    await ended.wait()
    await edge.stop(_GRACE)
    await world.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
