"""What the features of the control plane share: finding and saving APIs."""

from __future__ import annotations

from typing import ClassVar

from harness.emulator.api_gateway.answers import not_found
from harness.emulator.call import Call
from harness.emulator.service import Service
from harness.emulator.services.apigateway.execution.executor import Executor
from harness.emulator.services.apigateway.state import PlanKey, ResourceKey, RestApi
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json


class ApiGatewayBase(Service):
    """The store's tables and the executor. Tables are keyed by (account, region, id)."""

    name: ClassVar[str] = "apigateway"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._apis: Table[ResourceKey, RestApi] = world.store.table("apigateway.restapis")
        self._keys: Table[ResourceKey, Json] = world.store.table("apigateway.apikeys")
        self._plans: Table[ResourceKey, Json] = world.store.table("apigateway.usageplans")
        self._plan_keys: Table[PlanKey, str] = world.store.table("apigateway.usageplankeys")
        self._usage: Table[PlanKey, dict[str, int]] = world.store.table("apigateway.usage")
        self._accounts: Table[tuple[str, str], Json] = world.store.table("apigateway.accounts")
        self._by_id: dict[str, RestApi] = {}
        self._executor = Executor(world)

    def _api(self, call: Call, api_id: str) -> RestApi:
        """Raises NotFoundException."""
        api: RestApi | None = self._apis.get((call.account, call.region, api_id))
        if api is None:
            raise not_found(f"Invalid API identifier specified {call.account}:{api_id}")
        return api

    def _api_of_resource(self, call: Call, api_id: str) -> RestApi:
        """As `_api`; AWS speaks of the resource where an operation on one names an unknown API."""
        api: RestApi | None = self._apis.get((call.account, call.region, api_id))
        if api is None:
            raise not_found("Invalid Resource identifier specified")
        return api

    def _save(self, api: RestApi) -> None:
        self._apis.put((api.account, api.region, api.id), api)

    def _now(self) -> float:
        """Epoch seconds without a fraction, as API Gateway stores times."""
        return float(int(self.world.clock.now()))

    def _new_id(self, length: int = 6) -> str:
        return self.world.random_token(length)
