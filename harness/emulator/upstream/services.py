"""Which services moto serves in this process, by botocore's names, which are moto's as well."""

from __future__ import annotations

from harness.emulator.upstream.descriptors import BY_MOTO

SERVED = frozenset(each.name for each in BY_MOTO)
