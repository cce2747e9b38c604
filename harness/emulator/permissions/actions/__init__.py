"""What an API call demands: IAM actions and the ARNs that they are about."""

from __future__ import annotations

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.actions.roles import passed_roles
from harness.emulator.service_registry import descriptors


def required_actions(asked: Asked) -> list[RequiredAction]:
    """Everything that must be allowed, in AWS's order of checking. Raises NotEmulated for a service or operation whose
    permissions nobody here knows."""
    known = descriptors().get(asked.call.service)
    if known is None:
        raise NotEmulated("iam", f"the permission check of {asked.call.service}")
    return [*known.actions_of(asked), *passed_roles(asked)]
