"""What all parts of the HTTP API control plane share: look-up, paging, saving with redeployment."""

from __future__ import annotations

import copy

from harness.emulator.api_gateway.answers import bad_request, not_found
from harness.emulator.call import Call
from harness.emulator.service import Service
from harness.emulator.services.apigatewayv2.state import Api, Deployment
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json


class Base(Service):
    name = "apigatewayv2"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.apis: Table[str, Api] = world.store.table("apigatewayv2.apis")

    def find(self, call: Call, api_id: str) -> Api:
        """The caller's API. Raises NotFoundException."""
        api = self.apis.get(api_id)
        if api is None or (api.account, api.region) != (call.account, call.region):
            raise not_found(f"Invalid API identifier specified {call.account}:{api_id}")
        return api

    def new_id(self, length: int = 7) -> str:
        return self.world.random_token(length)

    def changed(self, api: Api) -> None:
        """Save a change of routes, integrations, authorizers or CORS; stages with auto-deploy take it at once (D9)."""
        for stage in api.stages.values():
            if stage.get("AutoDeploy"):
                self.deploy(api, stage, automatic=True)
        self.save(api)

    def save(self, api: Api) -> None:
        self.apis.put(api.api_id, api)

    def forget_authorizations(self, api_id: str, stage_name: str) -> None:
        """Forget what Lambda authorizers answered for a stage."""
        raise NotImplementedError

    def deploy(self, api: Api, stage: Json | None, *, automatic: bool, description: str | None = None) -> Deployment:
        """Freeze the routes, integrations and authorizers into a deployment, and point the stage at it."""
        deployment_id = self.new_id(6)
        attributes: Json = {
            "AutoDeployed": automatic,
            "CreatedDate": self.world.clock.now(),
            "DeploymentId": deployment_id,
            "DeploymentStatus": "DEPLOYED",
        }
        if automatic:
            attributes["Description"] = "Automatic deployment triggered by changes to the Api configuration"
        elif description is not None:
            attributes["Description"] = description
        routes = copy.deepcopy(list(api.routes.values()))
        deployment = Deployment(attributes, routes, copy.deepcopy(api.integrations), copy.deepcopy(api.authorizers))
        if stage is not None:
            self._drop_automatic(api, stage.get("DeploymentId"))
            stage["DeploymentId"] = deployment_id
            stage["LastUpdatedDate"] = self.world.clock.now()
            if automatic:
                message = f"Successfully deployed stage with deployment ID '{deployment_id}'"
                stage["LastDeploymentStatusMessage"] = message
        api.deployments[deployment_id] = deployment
        return deployment

    def _drop_automatic(self, api: Api, deployment_id: str | None) -> None:
        """An automatic deployment that no stage uses any more is of no use to anybody."""
        old = api.deployments.get(deployment_id or "")
        users = [stage for stage in api.stages.values() if stage.get("DeploymentId") == deployment_id]
        if old is not None and old.attributes["AutoDeployed"] and len(users) <= 1:
            del api.deployments[deployment_id or ""]


def page(items: list[Json], max_results: str | None, next_token: str | None) -> Json:
    """One page of a listing. `MaxResults` is a string in this service's model; tokens are positions."""
    try:
        start = int(next_token or 0)
        size = int(max_results) if max_results else len(items)
    except ValueError:
        raise bad_request("Invalid paging parameter") from None
    result: Json = {"Items": items[start : start + size]}
    if start + size < len(items):
        result["NextToken"] = str(start + size)
    return result
