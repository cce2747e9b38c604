"""A whole World: all native services that the registry finds, and the upstream for everything else."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

from harness.emulator.clock import Clock
from harness.emulator.outbound import Outbound
from harness.emulator.service_registry import native as native_services
from harness.emulator.service_registry import provider_module
from harness.emulator.upstream.split import NATIVE_BY_DEFAULT, Split
from harness.emulator.world import World

_SPLIT_UPSTREAM = ("harness.emulator.upstream.split_upstream", "SplitUpstream")
_SIGNATURES = ("harness.emulator.signatures", "Signatures")
_UPSTREAM = ("harness.emulator.upstream.moto_upstream", "MotoUpstream")


def build_world(
    clock: str = "real",
    seed: int | None = None,
    transition_seconds: float = 0.0,
    *,
    upstream: str | None = None,
    native: str = NATIVE_BY_DEFAULT,
    allowed_hosts: Iterable[str] = (),
    verify_signatures: bool = False,
) -> World:
    """A world that is not yet started. `clock` as in `Clock.parse`, `upstream` and `native` as in `Split.parse`,
    `allowed_hosts` as in `Outbound`; all raise ValueError. So does `verify_signatures` where IAM is not served here."""
    world = World(
        clock=Clock.parse(clock), seed=seed, transition_seconds=transition_seconds, outbound=Outbound(allowed_hosts)
    )
    services = [_load(provider_module(each.name), each.provider) for each in native_services()]
    if upstream is None:
        world.upstream = _load(*_UPSTREAM)(world)
    else:
        split = Split.parse(upstream, native, frozenset(service.name for service in services))
        services = [service for service in services if service.name in split.here]
        world.upstream = split_upstream = _load(*_SPLIT_UPSTREAM)(world, split)
        world.remote = split_upstream.remote
        world.here = split.here
    for service in services:
        world.add(service(world))
    if verify_signatures:
        identities: Any = world.upstream
        world.signatures = _load(*_SIGNATURES)(world, identities.directory())
    return world


def _load(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)
