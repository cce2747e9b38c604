"""API Gateway REST APIs: the control plane from its features, and the door for requests to deployed stages.

Not emulated, and refused by name: exporting APIs, domain names, VPC links, client certificates,
documentation, canaries, cache clusters, Cognito authorization.
"""

from __future__ import annotations

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.services.apigateway.account import Account
from harness.emulator.services.apigateway.authorizers import Authorizers
from harness.emulator.services.apigateway.deployments import Deployments
from harness.emulator.services.apigateway.gateway_responses import GatewayResponses
from harness.emulator.services.apigateway.imports import Imports
from harness.emulator.services.apigateway.integrations import Integrations
from harness.emulator.services.apigateway.methods import Methods
from harness.emulator.services.apigateway.models import Models
from harness.emulator.services.apigateway.resources import Resources
from harness.emulator.services.apigateway.usage_plans import UsagePlans


class ApiGateway(
    Imports,
    Resources,
    Methods,
    Integrations,
    Models,
    GatewayResponses,
    Authorizers,
    Deployments,
    UsagePlans,
    Account,
):
    """The service `apigateway`."""

    async def start(self) -> None:
        self._by_id.clear()
        self._by_id.update((api.id, api) for api in self._apis.values())
        self._executor.forget_everything()

    async def stop(self) -> None:
        await self._executor.stop()

    def owns(self, api_id: str) -> bool:
        """Whether `api_id` is a REST API, of whatever account."""
        return api_id in self._by_id

    async def execute(self, api_id: str, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request for a stage: `path` is `/<stage>/<rest>`, percent-encoded, without the query."""
        return await self._executor.execute(self._by_id[api_id], request, path)
