"""What calls of ECR demand."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import ANYTHING, Asked, RequiredAction


def ecr(asked: Asked) -> list[RequiredAction]:
    """Actions are named as operations; what is about a repository names it."""
    name = asked.text("repositoryName")
    return [RequiredAction(f"ecr:{asked.operation}", asked.arn(f"repository/{name}") if name else ANYTHING)]
