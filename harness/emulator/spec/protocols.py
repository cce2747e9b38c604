"""How a service speaks that is not emulated: a refusal must be in its own protocol, or an SDK shows a bare `501`."""

from __future__ import annotations

import gzip
import os
import re
from functools import cache

from harness.emulator.spec.model import data_folders

_HEAD = 8192
"""Bytes of a model in which its metadata are: they come first."""
_PROTOCOL = re.compile(rb'"protocol"\s*:\s*"([^"]+)"')
_NAMES = re.compile(rb'"(?:signingName|endpointPrefix)"\s*:\s*"([^"]+)"')
_FORMS = {"json": "json", "rest-json": "rest", "ec2": "ec2"}


def error_form(service: str) -> str:
    """The form of errors (`faultshape.error_response`) of a service by its botocore or signing name: json, rest, query
    or ec2; `query`, whose XML is that of REST XML services too, for a name that botocore does not know."""
    found = _head(service)
    protocol = _PROTOCOL.search(found) if found else None
    name = protocol[1].decode() if protocol else _by_signing_name().get(service, "query")
    return _FORMS.get(name, "query")


@cache
def _head(service: str) -> bytes:
    """How the service's model begins; empty for a name that botocore does not know."""
    folder = data_folders().get(service)
    if folder is None:
        return b""
    path = os.path.join(folder, max(os.listdir(folder)), "service-2.json")
    if os.path.exists(path):
        with open(path, "rb") as plain:
            return plain.read(_HEAD)
    try:
        with gzip.open(path + ".gz") as packed:
            return packed.read(_HEAD)
    except OSError:
        return b""


@cache
def _by_signing_name() -> dict[str, str]:
    """Signing name or endpoint prefix → protocol, where no model has that name (0.2 s once)."""
    found: dict[str, str] = {}
    for service in data_folders():
        head = _head(service)
        protocol = _PROTOCOL.search(head)
        for name in _NAMES.findall(head) if protocol else ():
            found.setdefault(name.decode(), protocol[1].decode() if protocol else "")
    return found
