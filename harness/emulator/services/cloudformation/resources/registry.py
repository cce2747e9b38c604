"""Finds resource types: every module of this package that has `TYPES`; and which types AWS has besides."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.resources import files

from harness.emulator.services.cloudformation import resources
from harness.emulator.services.cloudformation.resources.resource import ResourceType

CUSTOM = "AWS::CloudFormation::CustomResource"


@cache
def resource_types() -> dict[str, ResourceType]:
    """Type name → entry, of all files of this package. Raises ValueError if two files claim one type."""
    found: dict[str, ResourceType] = {}
    for module in sorted(info.name for info in pkgutil.iter_modules(resources.__path__)):
        entries: tuple[ResourceType, ...] = getattr(
            importlib.import_module(f"{resources.__name__}.{module}"), "TYPES", ()
        )
        for entry in entries:
            if entry.name in found:
                raise ValueError(f"{entry.name} is declared twice, the second time in {module}.py")
            found[entry.name] = entry
    return found


def find_type(name: str) -> ResourceType | None:
    """The entry of a type; every `Custom::…` is a custom resource."""
    return resource_types().get(CUSTOM if name.startswith("Custom::") else name)


def type_of(name: str) -> ResourceType:
    """`find_type` for a type that is known to be there."""
    entry = find_type(name)
    assert entry is not None, name
    return entry


@cache
def known_to_aws() -> frozenset[str]:
    """Every type that AWS has, emulated here or not (`aws_types.txt`)."""
    text = files(resources).joinpath("aws_types.txt").read_text()
    lines = [line.partition(": ") for line in text.splitlines() if not line.startswith("#")]
    return frozenset(f"AWS::{service}::{name}" for service, _, names in lines for name in names.split())
