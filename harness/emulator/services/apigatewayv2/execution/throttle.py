"""Route throttling: a token bucket per stage and route, on the clock."""

from __future__ import annotations

from harness.emulator.token_bucket import TokenBucket
from harness.json_object import Json


class Throttle:
    """Buckets by (stage, route key). A route's own settings replace the stage's default ones."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def admits(self, api_id: str, stage: Json, route_key: str, now: float) -> bool:
        settings = {**stage["DefaultRouteSettings"], **stage["RouteSettings"].get(route_key, {})}
        rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
        if rate is None and burst is None:
            return True
        size = float(burst if burst is not None else rate or 0)
        key = (api_id, stage["StageName"], route_key)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(rate or 0, size, now)
        bucket.rate, bucket.burst = rate or 0, size  # an update of the stage keeps what was used up
        return bucket.take(now)
