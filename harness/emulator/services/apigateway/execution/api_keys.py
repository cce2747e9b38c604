"""API keys and usage plans: who may call, how often, how much (D6)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.emulator.services.apigateway.execution.failure import Failure
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.emulator.services.apigateway.execution.quota_period import quota_period
from harness.emulator.services.apigateway.state import PlanKey, ResourceKey
from harness.emulator.store import Table
from harness.emulator.token_bucket import TokenBucket
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World


class KeyRing:
    """Checks API keys against the usage plans in the store. `forget` after every change of keys or plans."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys: Table[ResourceKey, Json] = world.store.table("apigateway.apikeys")
        self._plans: Table[ResourceKey, Json] = world.store.table("apigateway.usageplans")
        self._plan_keys: Table[PlanKey, str] = world.store.table("apigateway.usageplankeys")
        self._usage: Table[PlanKey, dict[str, int]] = world.store.table("apigateway.usage")
        self._index: dict[tuple[str, str, str, str, str], tuple[Json, Json]] | None = None
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def forget(self) -> None:
        self._index = None
        self._buckets.clear()

    def check(self, invocation: Invocation) -> None:
        """For a method that requires a key. Raises Failure 403 (no such key in a plan of this stage) or 429."""
        stage = invocation.stage
        from_authorizer = stage.api.api_key_source == "AUTHORIZER"
        value = invocation.usage_key if from_authorizer else invocation.header("x-api-key")
        found = self._lookup().get((stage.account, stage.region, stage.api_id, stage.name, value or ""))
        if found is None:
            raise Failure("INVALID_API_KEY", cause="no enabled key of that value is in a usage plan of this stage")
        key, plan = found
        invocation.api_key = key
        self._throttle(invocation, key, plan)
        self._count(invocation, key, plan)

    def _lookup(self) -> dict[tuple[str, str, str, str, str], tuple[Json, Json]]:
        if self._index is None:
            index: dict[tuple[str, str, str, str, str], tuple[Json, Json]] = {}
            for account, region, plan_id, key_id in self._plan_keys.keys():  # noqa: SIM118 (a Table, not a dict)
                plan = self._plans.get((account, region, plan_id))
                key = self._keys.get((account, region, key_id))
                if plan is None or key is None or not key.get("enabled"):
                    continue
                for stage in plan.get("apiStages") or []:
                    index[(account, region, stage["apiId"], stage["stage"], key["value"])] = (key, plan)
            self._index = index
        return self._index

    def _throttle(self, invocation: Invocation, key: Json, plan: Json) -> None:
        method, stage = invocation.method, invocation.stage
        assert method is not None
        name, throttle = "", plan.get("throttle")
        for item in plan.get("apiStages") or []:
            if item["apiId"] == stage.api_id and item["stage"] == stage.name:
                wanted = f"{method.resource_path}/{method.http_method}".strip("/")
                for path, own in (item.get("throttle") or {}).items():
                    if path.strip("/") == wanted:
                        name, throttle = f"{stage.api_id}/{stage.name}/{wanted}", own
        if not throttle:
            return
        bucket = self._buckets.get((plan["id"], key["id"], name))
        if bucket is None:
            rate, burst = throttle.get("rateLimit", -1.0), throttle.get("burstLimit", -1)
            bucket = self._buckets[(plan["id"], key["id"], name)] = TokenBucket(rate, burst, invocation.now)
        if not bucket.take(invocation.now):
            raise Failure("THROTTLED")

    def _count(self, invocation: Invocation, key: Json, plan: Json) -> None:
        stage = invocation.stage
        row = (stage.account, stage.region, plan["id"], key["id"])
        used: dict[str, int] = self._usage.get(row) or {}
        quota = plan.get("quota")
        if quota:
            start = quota_period(quota.get("period", "DAY"), quota.get("offset", 0), invocation.now)
            if sum(count for day, count in used.items() if day >= start) >= quota.get("limit", 0):
                raise Failure("QUOTA_EXCEEDED")
        today = time.strftime("%Y-%m-%d", time.gmtime(invocation.now))
        used[today] = used.get(today, 0) + 1
        self._usage.put(row, used)
