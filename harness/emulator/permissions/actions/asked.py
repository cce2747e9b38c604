"""A call whose permissions are checked, and what it demands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.emulator.call import Call
from harness.emulator.call_members import CallMembers
from harness.emulator.permissions.facts import Value

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.world import World


@dataclass(slots=True, frozen=True)
class RequiredAction:
    """One action on one resource that the caller must be allowed. `facts` are condition keys of the request."""

    action: str
    resource: str
    facts: Mapping[str, Value] = field(default_factory=dict)


class Asked(CallMembers):
    """One call, and whom to ask about keys, secrets and identities."""

    def __init__(self, call: Call, world: World, directory: Directory) -> None:
        super().__init__(call, world)
        self.directory = directory

    def on(self, resource: str, **facts: Value) -> list[RequiredAction]:
        """The operation itself on one resource."""
        return [RequiredAction(f"{self.call.service}:{self.operation}", resource, facts)]
