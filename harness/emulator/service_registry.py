"""All services that anything here knows of, by botocore's name.

Descriptors are found, not listed: each folder of `services/` that has a `descriptor.py`, and the list of
`upstream/descriptors`. They are loaded when first asked for, so that whoever stands under them may import this module.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from harness.emulator.service_descriptor import Protocol, ServiceDescriptor

_PACKAGE = "harness.emulator.services"
_FOLDER = os.path.join(os.path.dirname(__file__), "services")
_BEHIND = "harness.emulator.upstream.descriptors"


@cache
def descriptors() -> Mapping[str, ServiceDescriptor]:
    """Every service, native or behind; a native one takes the place of one behind with its name."""
    behind: tuple[ServiceDescriptor, ...] = importlib.import_module(_BEHIND).DESCRIPTORS
    return MappingProxyType({each.name: each for each in (*behind, *_native().values())})


def native() -> tuple[ServiceDescriptor, ...]:
    """The services that have code here, in the order in which they start."""
    return tuple(sorted(_native().values(), key=lambda each: (each.rank, each.name)))


def provider_module(name: str) -> str:
    """The module of a native service's class."""
    folder = next(folder for folder, each in _native().items() if each.name == name)
    return f"{_PACKAGE}.{folder}.provider"


def descriptor_of(service: str) -> ServiceDescriptor:
    """The descriptor of a botocore name; of one that nobody here knows, one that says nothing but the name."""
    return descriptors().get(service) or ServiceDescriptor(name=service, protocol="json")


def protocol_of(service: str) -> Protocol:
    return descriptor_of(service).protocol


@cache
def principal_owners() -> Mapping[str, tuple[ServiceDescriptor, ...]]:
    """Service principal → the services that call by that name."""
    found: dict[str, tuple[ServiceDescriptor, ...]] = {}
    for each in descriptors().values():
        if each.principal:
            found[each.principal] = (*found.get(each.principal, ()), each)
    return MappingProxyType(found)


@cache
def _native() -> Mapping[str, ServiceDescriptor]:
    """Folder → descriptor."""
    found: dict[str, ServiceDescriptor] = {}
    for entry in sorted(os.scandir(_FOLDER), key=lambda entry: entry.name):
        if os.path.exists(os.path.join(entry.path, "descriptor.py")):
            descriptor: ServiceDescriptor = importlib.import_module(f"{_PACKAGE}.{entry.name}.descriptor").DESCRIPTOR
            found[entry.name] = descriptor
    return MappingProxyType(found)
