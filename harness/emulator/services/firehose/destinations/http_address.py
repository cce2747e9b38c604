"""Where an HTTP endpoint's URL leads here: no data leaves the machine (design, law 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from harness.emulator.world import World


def delivery_address(url: str, world: World) -> str:
    """The URL that a request for `url` goes to: itself where it may go, else the built-in sink named by its host."""
    host = urlsplit(url).hostname or ""
    if world.outbound.reaches(host):
        return url
    return f"{world.endpoint_url}/_harness/sinks/{host}/deliver"
