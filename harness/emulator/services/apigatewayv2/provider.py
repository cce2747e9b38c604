"""The HTTP API service: control plane by parts, execution behind `execute`."""

from __future__ import annotations

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.services.apigatewayv2.execution.run import Execution
from harness.emulator.services.apigatewayv2.imports import Imports
from harness.emulator.services.apigatewayv2.stages import Stages
from harness.emulator.world import World


class ApiGatewayV2(Imports, Stages):
    """API Gateway v2, HTTP APIs only (section D9)."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._execution = Execution(self)

    async def start(self) -> None:
        self._execution = Execution(self)

    def forget_authorizations(self, api_id: str, stage_name: str) -> None:
        self._execution.forget_authorizations(api_id, stage_name)

    async def stop(self) -> None:
        await self._execution.stop()

    def owns(self, api_id: str) -> bool:
        return api_id in self.apis

    async def execute(self, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request to a deployed API. `path` is `/<stage>/<rest>` or, for `$default`, `/<rest>`."""
        api = self.apis.get(api_id)
        assert api is not None
        return await self._execution.run(api, request, path)
