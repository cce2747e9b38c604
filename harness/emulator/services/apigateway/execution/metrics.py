"""The CloudWatch metrics of REST APIs (D8): one sample of each per request, times in real milliseconds.

They go to ApiName, and to ApiName and Stage; methods with detailed metrics also to ApiName, Stage, Method and Resource.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.emulator.api_gateway.metrics import groups
from harness.emulator.metrics import Group
from harness.emulator.services.apigateway.descriptor import DESCRIPTOR
from harness.emulator.services.apigateway.execution.invocation import Invocation

if TYPE_CHECKING:
    from harness.emulator.world import World

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
        found = self._groups.get(key)
        if found is None:
            api, route = ("ApiName", api_name), (http_method, resource) if http_method else None
            names = _EACH if integration is None else _INTEGRATED
            found = self._groups[key] = groups(
                DESCRIPTOR.namespace, stage.account, stage.region, api, stage.name, route, names
            )
        latency = int((time.perf_counter() - invocation.started) * 1000)
        status = invocation.status
        values = (1, int(400 <= status < 500), int(status >= 500), latency)
        for group in found:
            self._metrics.add_all(group, values if integration is None else (*values, integration))
