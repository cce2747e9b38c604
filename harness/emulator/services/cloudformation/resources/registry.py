"""Finds resource types: every module of this package that has `TYPES`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from harness.emulator.services.cloudformation import resources
from harness.emulator.services.cloudformation.resources.resource import ResourceType


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
