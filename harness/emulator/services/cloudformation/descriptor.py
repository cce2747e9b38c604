"""What the rest of the emulator must know of CloudFormation."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, ServiceDescriptor


def _actions(asked: Asked) -> list[RequiredAction]:
    name = asked.text("StackName", "StackId")
    if not name:
        return asked.on(ANYTHING)
    return asked.on(name if name.startswith("arn:") else asked.arn(f"stack/{name}/*"))


DESCRIPTOR = ServiceDescriptor(
    name="cloudformation",
    protocol="query",
    hosts=("cloudformation",),
    version="2010-05-15",
    provider="CloudFormation",
    rank=4,
    actions=_actions,
    principal="cloudformation.amazonaws.com",
    passes_roles=frozenset(("CreateStack", "CreateChangeSet", "UpdateStack")),
)
