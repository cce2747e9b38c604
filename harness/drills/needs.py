"""What a drill asks of its target, derived from what it does; on a target that cannot, it is skipped.

The words are those of the targets' capabilities.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from harness.drills.drill import Act, Drill
from harness.targets import Capability, lacks

_AT_AN_ENDPOINT = "log-relay"  # the system whose destination is a built-in HTTP sink, whatever the drill does to it


def needs(drill: Drill) -> dict[Capability, str]:
    """Capabilities, each with the reason why the drill needs it."""
    return dict(_needs(drill))


def lacking(drill: Drill, target: str, capabilities: Collection[str]) -> list[str]:
    """A sentence for each capability that the drill needs and the target does not have."""
    return [
        lacks(target, capability, why) for capability, why in needs(drill).items() if capability not in capabilities
    ]


def _needs(drill: Drill) -> Iterator[tuple[Capability, str]]:
    yield Capability.RESET, "it begins with nothing"
    yield Capability.CLOCK, "its plan moves time"
    if drill.faults:
        yield Capability.FAULTS, "it puts up rules: " + ", ".join(sorted({rule["fault"] for rule in drill.faults}))
    if drill.scripts or drill.system == _AT_AN_ENDPOINT:
        yield Capability.SINKS, "its records go to a built-in HTTP endpoint"
    if drill.durable:
        yield Capability.RESTART, "the emulator's process is killed and started again"
    broken = sorted({step.container for step in drill.plan if isinstance(step, Act) and step.container})
    if broken:
        yield Capability.CONTAINERS, "it breaks the container " + ", ".join(broken)
