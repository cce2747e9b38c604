"""What services measure of themselves, on its way to CloudWatch (A17, B12, C10).

`add` is for hot paths: it changes one statistic set (sum, minimum, maximum, sample count) per metric and minute. The
sets go to CloudWatch by `PutMetricData` over the bus when somebody calls CloudWatch, before that call: whoever looks
sees everything up to now, and nothing is paid, kept upstream or loaded for metrics that nobody looks at.

Fails: when nobody looks for long, the oldest minutes are forgotten (`MOST_SETS`).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.emulator.call import Call, Caller

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

SERVICE = "cloudwatch"
PRINCIPAL = "cloudwatch.amazonaws.com"
MOST_SETS = 100_000
"""Statistic sets kept for CloudWatch: 40 metrics for more than a day and a half without a reader, about 30 MB."""

_MINUTE = 60
_DATA_PER_CALL = 1000
"""Metric data of one PutMetricData call."""


class Metric(NamedTuple):
    """Whose metric, and which. `dimensions` are pairs of name and value; `unit` is CloudWatch's (`Count`, `None`)."""

    account: str
    region: str
    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...] = ()


# Sum, minimum, maximum, sample count.
_Set = list[float]


class Metrics:
    """The statistic sets that CloudWatch has not got yet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.store.table("metrics.pending")
        self._minutes: dict[int, dict[Metric, _Set]] = {}
        self._now: dict[Metric, _Set] = {}  # the newest of them
        self._minute = -1
        self._handing_over = asyncio.Lock()

    def add(self, metric: Metric, value: float) -> None:
        """One sample, now."""
        minute = int(self._world.clock.now()) // _MINUTE
        if minute != self._minute:
            self._begin(minute)
        found = self._now.get(metric)
        if found is None:
            self._now[metric] = [value, value, value, 1]
            return
        found[0] += value
        if value < found[1]:
            found[1] = value
        if value > found[2]:
            found[2] = value
        found[3] += 1

    def state(self, metric: Metric, value: float) -> None:
        """A value that holds rather than happens (a limit): one sample per minute."""
        if int(self._world.clock.now()) // _MINUTE != self._minute or metric not in self._now:
            self.add(metric, value)

    async def before(self, call: Call) -> None:
        """CloudWatch is about to be called: give it what it has not got."""
        if call.caller.service != PRINCIPAL and (self._minutes or self._handing_over.locked()):
            await self._world.clock.wait(self._handing_over.acquire())
            try:
                await self._hand_over()
            finally:
                self._handing_over.release()

    # -- life -------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Put everything into the store: a snapshot is about to be made."""
        for minute in self._table.keys():  # noqa: SIM118 (a copy: the table shrinks)
            self._table.delete(minute)
        for minute, sets in self._minutes.items():
            self._table.put(minute, {metric: list(values) for metric, values in sets.items()})

    def resume(self) -> None:
        """Take over what the store holds."""
        self._minutes = {minute: {m: list(v) for m, v in sets.items()} for minute, sets in self._table.items()}
        self._minute = -1
        self._now = {}
        self._handing_over = asyncio.Lock()

    # -- machinery --------------------------------------------------------------------------------------------

    def _begin(self, minute: int) -> None:
        kept = sum([len(sets) for sets in self._minutes.values()])
        while kept > MOST_SETS:
            oldest = min(self._minutes)
            kept -= len(self._minutes.pop(oldest))
            log.warning("metrics of one minute are forgotten: nobody has asked CloudWatch for a long time")
        self._minute = minute
        self._now = self._minutes.setdefault(minute, {})

    async def _hand_over(self) -> None:
        minutes, self._minutes = self._minutes, {}
        self._minute = -1
        rooms: dict[tuple[str, str, str], list[tuple[int, Metric, _Set]]] = {}
        for minute in sorted(minutes):
            for metric, values in minutes[minute].items():
                rooms.setdefault(metric[:3], []).append((minute, metric, values))
        for (account, region, namespace), sets in rooms.items():
            caller = Caller(account, region).on_behalf(PRINCIPAL)
            for start in range(0, len(sets), _DATA_PER_CALL):
                data = [_datum(*entry) for entry in sets[start : start + _DATA_PER_CALL]]
                try:
                    params = {"Namespace": namespace, "MetricData": data}
                    await self._world.bus.call(SERVICE, "PutMetricData", params, caller)
                except Exception as error:
                    log.warning("metrics of %s are lost: %s", namespace, error)


def _datum(minute: int, metric: Metric, values: _Set) -> dict[str, Any]:
    return {
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "Timestamp": minute * _MINUTE,
        "Unit": metric.unit,
        "StatisticValues": {"Sum": values[0], "Minimum": values[1], "Maximum": values[2], "SampleCount": values[3]},
    }
