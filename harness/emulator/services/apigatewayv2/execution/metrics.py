"""The CloudWatch metrics of HTTP APIs (D8): one sample of each per request, times in real milliseconds.

They go to ApiId, and to ApiId and Stage; with detailed metrics also to ApiId, Stage, Method and Resource of the route.
DataProcessed is the bytes of both bodies.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.emulator.api_gateway.metrics import groups
from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.metrics import Group
from harness.emulator.services.apigatewayv2.descriptor import DESCRIPTOR
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.apigatewayv2.state import Api
    from harness.emulator.world import World

_EACH = ("Count", "4xx", "5xx", "Latency", "DataProcessed")
_INTEGRATED = (*_EACH, "IntegrationLatency")

_Key = tuple[str, str, str, str, str, bool]


class Served:
    """What becomes known of a request on its way: its stage, its route, and how long the integration took."""

    __slots__ = ("integration_ms", "route_key", "stage", "started")

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.stage: Json | None = None
        self.route_key = ""
        self.integration_ms: int | None = None


class StageMetrics:
    """Groups of metrics are remembered per API, stage and route."""

    def __init__(self, world: World) -> None:
        self._metrics = world.metrics
        self._groups: dict[_Key, list[Group]] = {}

    def answered(self, api: Api, served: Served, request: HttpRequest, response: HttpResponse) -> None:
        """A request to a deployed stage has its answer."""
        stage = served.stage
        if stage is None:
            return
        integrated = served.integration_ms is not None
        route = served.route_key if _is_detailed(stage, served.route_key) else ""
        key = (api.account, api.region, api.api_id, stage["StageName"], route, integrated)
        found = self._groups.get(key)
        if found is None:
            method, _, path = route.partition(" ")
            measured = (method, path or route) if route else None
            names = _INTEGRATED if integrated else _EACH
            found = self._groups[key] = groups(
                DESCRIPTOR.namespace,
                api.account,
                api.region,
                ("ApiId", api.api_id),
                stage["StageName"],
                measured,
                names,
            )
        latency = int((time.perf_counter() - served.started) * 1000)
        status = response.status
        size = len(request.body) + len(response.body)
        values = (1, int(400 <= status < 500), int(status >= 500), latency, size)
        for group in found:
            self._metrics.add_all(group, (*values, served.integration_ms or 0) if integrated else values)


def _is_detailed(stage: Json, route_key: str) -> bool:
    if not route_key:
        return False
    settings = stage.get("RouteSettings", {}).get(route_key, {})
    default = stage.get("DefaultRouteSettings", {}).get("DetailedMetricsEnabled", False)
    return bool(settings.get("DetailedMetricsEnabled", default))
