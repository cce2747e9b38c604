"""Deployments: snapshots of an API, and what of them a client sees (D8)."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.patch import Patchable, text
from harness.emulator.services.apigateway.stages import Stages
from harness.emulator.services.apigateway.state import Deployment, RestApi, page
from harness.json_object import Json

_PATCHABLE = Patchable(scalars={"/description": text}, removable=frozenset({"/description"}), listed=("/description",))


class Deployments(Stages):
    """Create, read, update and delete deployments."""

    @operation
    def create_deployment(
        self,
        call: Call,
        *,
        rest_api_id: str,
        stage_name: str | None = None,
        stage_description: str | None = None,
        description: str | None = None,
        cache_cluster_enabled: bool | None = None,
        cache_cluster_size: str | None = None,
        variables: dict[str, str] | None = None,
        tracing_enabled: bool | None = None,
    ) -> Json:
        api = self._api(call, rest_api_id)
        _check_complete(api)
        document = present(id=self._new_id(), description=description or None, createdDate=self._now())
        if stage_name:
            # Refuse before anything is stored.
            stage = self._new_stage(
                api,
                stage_name,
                document["id"],
                description=stage_description,
                cache_cluster_enabled=cache_cluster_enabled,
                cache_cluster_size=cache_cluster_size,
                variables=variables,
                tracing_enabled=tracing_enabled,
            )
            existing = api.stages.get(stage_name)
            if existing is not None:
                existing = {**existing, "deploymentId": document["id"], "lastUpdatedDate": self._now()}
                if variables is not None:
                    existing["variables"] = variables
                if stage_description:
                    existing["description"] = stage_description
                stage = existing
            api.stages[stage_name] = stage
        api.deployments[document["id"]] = Deployment(document, api.snapshot())
        self._executor.forget(api.id)
        self._save(api)
        return dict(document)

    def _deployment(self, api: RestApi, deployment_id: str) -> Deployment:
        found = api.deployments.get(deployment_id)
        if found is None:
            raise not_found("Invalid Deployment identifier specified")
        return found

    @operation
    def get_deployment(
        self, call: Call, *, rest_api_id: str, deployment_id: str, embed: list[str] | None = None
    ) -> Json:
        deployment = self._deployment(self._api(call, rest_api_id), deployment_id)
        answer = dict(deployment.document)
        if "apisummary" in (embed or []):
            answer["apiSummary"] = {
                resource["path"]: {
                    name: {
                        "authorizationType": method["authorizationType"],
                        "apiKeyRequired": method["apiKeyRequired"],
                    }
                    for name, method in resource["resourceMethods"].items()
                }
                for resource in deployment.api["resources"].values()
                if resource["resourceMethods"]
            }
        return answer

    @operation
    def get_deployments(
        self, call: Call, *, rest_api_id: str, position: str | None = None, limit: int | None = None
    ) -> Json:
        deployments = self._api(call, rest_api_id).deployments.values()
        return page([dict(deployment.document) for deployment in deployments], position, limit)

    @operation
    def update_deployment(
        self, call: Call, *, rest_api_id: str, deployment_id: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api = self._api(call, rest_api_id)
        deployment = self._deployment(api, deployment_id)
        document = dict(deployment.document)
        _PATCHABLE.apply(document, patch_operations)
        deployment.document = document
        self._save(api)
        return dict(document)

    @operation
    def delete_deployment(self, call: Call, *, rest_api_id: str, deployment_id: str) -> None:
        api = self._api(call, rest_api_id)
        self._deployment(api, deployment_id)
        if any(stage["deploymentId"] == deployment_id for stage in api.stages.values()):
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
        del api.deployments[deployment_id]
        self._executor.forget(api.id, deployments=True)
        self._save(api)


def _check_complete(api: RestApi) -> None:
    """Raises BadRequestException for an API that AWS would not deploy."""
    methods = [method for resource in api.resources.values() for method in resource["resourceMethods"].values()]
    if not methods:
        raise bad_request("The REST API doesn't contain any methods")
    for method in methods:
        integration = method.get("methodIntegration")
        if integration is None:
            raise bad_request("No integration defined for method")
        if integration["type"] in ("AWS_PROXY", "HTTP_PROXY"):
            continue
        for status in integration.get("integrationResponses") or {}:
            if status not in (method.get("methodResponses") or {}):
                raise bad_request(f"Output mapping refers to an invalid method response: {status}")
