"""A whole World: all native services, and the upstream for everything else."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from harness.emulator.clock import Clock
from harness.emulator.world import World

log = logging.getLogger(__name__)

# The services' own modules are named here and nowhere else.
_NATIVE = (
    ("harness.emulator.services.kinesis.provider", "Kinesis"),
    ("harness.emulator.services.firehose.provider", "Firehose"),
    ("harness.emulator.services.lambda_.provider", "Lambda"),
    ("harness.emulator.services.apigateway.provider", "ApiGateway"),
    ("harness.emulator.services.apigatewayv2.provider", "ApiGatewayV2"),
)
_UPSTREAM = ("harness.emulator.upstream.moto_upstream", "MotoUpstream")


def build_world(clock: str = "real", seed: int | None = None, transition_seconds: float = 0.0) -> World:
    """A world that is not yet started. `clock` as in `Clock.parse`, which raises ValueError."""
    world = World(clock=Clock.parse(clock), seed=seed, transition_seconds=transition_seconds)
    for module, name in _NATIVE:
        service = _load(module, name)
        if service is not None:
            world.add(service(world))
    upstream = _load(*_UPSTREAM)
    if upstream is not None:
        world.upstream = upstream(world)
    return world


def _load(module: str, name: str) -> Any:
    """The class, or None while its module is not written yet."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        log.warning("%s is not there yet", module)
        return None
