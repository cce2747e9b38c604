"""Route throttling: a token bucket per stage and route, on the clock."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Throttle:
    """Buckets by (stage, route key). A route's own settings replace the stage's default ones."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def admits(self, api_id: str, stage: Json, route_key: str, now: float) -> bool:
        settings = {**stage["DefaultRouteSettings"], **stage["RouteSettings"].get(route_key, {})}
        rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
        if rate is None and burst is None:
            return True
        size = float(burst if burst is not None else rate or 0)
        key = (api_id, stage["StageName"], route_key)
        tokens, last = self._buckets.get(key, (size, now))
        tokens = min(size, tokens + (now - last) * float(rate or 0))
        admitted = tokens >= 1
        self._buckets[key] = (tokens - 1 if admitted else tokens, now)
        return admitted
