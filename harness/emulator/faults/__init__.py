"""Faults: what can be made to go wrong, by rules that are listed, counted, seeded and kept in the store."""

from harness.emulator.faults.registry import Faults

__all__ = ["Faults"]
