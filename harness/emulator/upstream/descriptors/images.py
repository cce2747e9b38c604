"""ECR, whose repositories are kept without images."""

from __future__ import annotations

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, ServiceDescriptor


def _ecr(asked: Asked) -> list[RequiredAction]:
    """Actions are named as operations; what is about a repository names it."""
    name = asked.text("repositoryName")
    return [RequiredAction(f"ecr:{asked.operation}", asked.arn(f"repository/{name}") if name else ANYTHING)]


ECR = ServiceDescriptor(name="ecr", protocol="json", targets=("AmazonEC2ContainerRegistry_V20150921",), actions=_ecr)
