"""partial-failure: some entries of a batch fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.faults.arguments import argument, integers, number, text
from harness.emulator.faults.batches import BATCHES, run_without
from harness.emulator.faults.fault import Fault, Hit

_MESSAGES = {
    "InternalFailure": "Internal service failure.",
    "ServiceUnavailableException": "Slow down.",
}


@dataclass(kw_only=True)
class PartialFailure(Fault):
    """Entries of PutRecords or PutRecordBatch fail one by one, the others are taken (A5, B3).

    `indexes` from 0, or a `fraction` of the entries chosen by the seed (half by default). `code` is InternalFailure
    unless given.
    """

    calls = BATCHES

    indexes: list[int] | None = argument(integers(0), None)  # noqa: RUF009 (it makes a field)
    fraction: float = argument(number(0, 1), 0.5)
    code: str = argument(text(), "InternalFailure")
    message: str | None = argument(text(), None)

    async def around(self, hit: Hit) -> Any:
        count = len(hit.call.params["Records"])
        if self.indexes is not None:
            chosen = [index for index in self.indexes if index < count]
        else:
            chosen = sorted(hit.world.rng.sample(range(count), round(count * self.fraction)))
        message = self.message or _MESSAGES.get(self.code, f"{self.code} by the fault {hit.rule.id}.")
        return await run_without(hit, dict.fromkeys(chosen, (self.code, message)))
