"""What the plugin's fixtures need of a target, by their names."""

from __future__ import annotations

from collections.abc import Mapping

from harness.targets import Capability

NEEDS: Mapping[str, Capability] = {
    "clock": Capability.CLOCK,
    "faults": Capability.FAULTS,
    "sink": Capability.SINKS,
    "tokens": Capability.ISSUERS,
    "containers": Capability.CONTAINERS,
}
