"""State that survives: tables, logs and blobs, in memory. A snapshot is one pickle of all of them."""

from harness.emulator.store.log import Log
from harness.emulator.store.memory import Store
from harness.emulator.store.table import Table

__all__ = ["Log", "Store", "Table"]
