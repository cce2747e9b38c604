"""The CloudWatch metrics of functions (C10).

Each goes to three sets of dimensions: none (the whole account), FunctionName, FunctionName and Resource (`name` or
`name:qualifier`); what an alias ran goes to a fourth one, with ExecutedVersion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.metrics import Group, Metric
from harness.emulator.services.lambda_.descriptor import DESCRIPTOR
from harness.emulator.services.lambda_.names import FunctionName

if TYPE_CHECKING:
    from harness.emulator.world import World

NAMESPACE = DESCRIPTOR.namespace

_UNITS = {"Duration": "Milliseconds", "IteratorAge": "Milliseconds", "AsyncEventAge": "Milliseconds"}
_RUN = ("Invocations", "Errors", "Throttles", "Duration")


class FunctionMetrics:
    """Groups of metrics are remembered per name and executed version: an invocation costs no look-up per metric."""

    def __init__(self, world: World) -> None:
        self._metrics = world.metrics
        self._runs: dict[tuple[FunctionName, str], list[Group]] = {}

    def clear(self) -> None:
        self._runs.clear()

    def ran(self, name: FunctionName, version: str, *, failed: bool, duration_ms: float) -> None:
        """An invocation that reached the function has ended; `version` is the one that ran."""
        groups = self._runs.get((name, version))
        if groups is None:
            groups = self._runs[(name, version)] = [
                Group(_metric(name, metric, dimensions) for metric in _RUN) for dimensions in _dimensions(name, version)
            ]
        values = (1, int(failed), 0, duration_ms)
        for group in groups:
            self._metrics.add_all(group, values)

    def concurrency(self, name: FunctionName, running: int, all_running: int, unreserved: int) -> None:
        """Invocations in progress as one more begins: of the function, of the account, and of functions without
        reserved concurrency."""
        for dimensions in _dimensions(name)[1:]:
            self._metrics.add(_metric(name, "ConcurrentExecutions", dimensions), running)
        self._metrics.add(_metric(name, "ConcurrentExecutions", ()), all_running)
        self._metrics.add(_metric(name, "UnreservedConcurrentExecutions", ()), unreserved)

    def add(self, name: FunctionName, metric: str, value: float) -> None:
        """One sample of any other metric."""
        for dimensions in _dimensions(name):
            self._metrics.add(_metric(name, metric, dimensions), value)


def _metric(name: FunctionName, metric: str, dimensions: tuple[tuple[str, str], ...]) -> Metric:
    return Metric(name.account, name.region, NAMESPACE, metric, _UNITS.get(metric, "Count"), dimensions)


def _dimensions(name: FunctionName, version: str | None = None) -> list[tuple[tuple[str, str], ...]]:
    function = ("FunctionName", name.name)
    resource = ("Resource", f"{name.name}:{name.qualifier}" if name.qualifier else name.name)
    sets: list[tuple[tuple[str, str], ...]] = [(), (function,), (function, resource)]
    if version is not None and name.qualifier not in (None, version):
        sets.append((("ExecutedVersion", version), function, resource))
    return sets
