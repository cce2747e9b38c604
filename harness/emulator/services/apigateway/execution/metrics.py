"""The CloudWatch metrics of REST APIs (D8): one sample of each per request, times in real milliseconds.

They go to ApiName, and to ApiName and Stage; methods with detailed metrics also to ApiName, Stage, Method and Resource.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.emulator.metrics import Group, Metric
from harness.emulator.services.apigateway.execution.invocation import Invocation

if TYPE_CHECKING:
    from harness.emulator.world import World

NAMESPACE = "AWS/ApiGateway"

_UNITS = {"Latency": "Milliseconds", "IntegrationLatency": "Milliseconds"}
_EACH = ("Count", "4XXError", "5XXError", "Latency")
_INTEGRATED = (*_EACH, "IntegrationLatency")

_Key = tuple[str, str, str, str, str, str, bool]


class StageMetrics:
    """Groups of metrics are remembered per API, stage and method."""

    def __init__(self, world: World) -> None:
        self._metrics = world.metrics
        self._groups: dict[_Key, list[Group]] = {}

    def clear(self) -> None:
        self._groups.clear()

    def answered(self, api_name: str, invocation: Invocation) -> None:
        """A request to a deployed stage has its answer."""
        stage, method = invocation.stage, invocation.method
        http_method = resource = ""
        if method is not None and stage.method_settings(method, invocation.now).metrics:
            http_method, resource = method.http_method, method.resource_path
        integration = invocation.integration_latency
        room = (stage.account, stage.region, api_name, stage.name)
        key = (*room, http_method, resource, integration is not None)
        groups = self._groups.get(key)
        if groups is None:
            groups = self._groups[key] = _groups(key)
        latency = int((time.perf_counter() - invocation.started) * 1000)
        status = invocation.status
        values = (1, int(400 <= status < 500), int(status >= 500), latency)
        for group in groups:
            self._metrics.add_all(group, values if integration is None else (*values, integration))


def _groups(key: _Key) -> list[Group]:
    account, region, api_name, stage, method, resource, integrated = key
    api = (("ApiName", api_name),)
    sets = [api, (*api, ("Stage", stage))]
    if method:
        sets.append((*api, ("Method", method), ("Resource", resource), ("Stage", stage)))
    names = _INTEGRATED if integrated else _EACH
    return [
        Group(Metric(account, region, NAMESPACE, name, _UNITS.get(name, "Count"), dimensions) for name in names)
        for dimensions in sets
    ]
