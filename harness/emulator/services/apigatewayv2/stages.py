"""Stages and deployments: what is served, and from which frozen copy."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2.base import Base, page
from harness.json_object import Json


class Stages(Base):
    @operation
    def create_stage(
        self,
        call: Call,
        *,
        api_id: str,
        stage_name: str,
        auto_deploy: bool | None = None,
        deployment_id: str | None = None,
        description: str | None = None,
        default_route_settings: Json | None = None,
        route_settings: Json | None = None,
        stage_variables: dict[str, str] | None = None,
        access_log_settings: Json | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        api = self.find(call, api_id)
        if stage_name in api.stages:
            raise conflict(f"Stage already exists: {stage_name}")
        now = self.world.clock.now()
        stage: Json = {
            "AutoDeploy": bool(auto_deploy),
            "CreatedDate": now,
            "DefaultRouteSettings": {"DetailedMetricsEnabled": False, **(default_route_settings or {})},
            "LastUpdatedDate": now,
            "RouteSettings": route_settings or {},
            "StageName": stage_name,
            "StageVariables": stage_variables or {},
            "Tags": tags or {},
            **present(DeploymentId=deployment_id, Description=description, AccessLogSettings=access_log_settings),
        }
        self._check_stage(call, api_id, stage)
        api.stages[stage_name] = stage
        if auto_deploy:
            self.deploy(api, stage, automatic=True)
        self.save(api)
        return stage

    @operation
    def get_stage(self, call: Call, *, api_id: str, stage_name: str) -> Json:
        return self._stage(call, api_id, stage_name)

    @operation
    def get_stages(
        self, call: Call, *, api_id: str, max_results: str | None = None, next_token: str | None = None
    ) -> Json:
        return page(list(self.find(call, api_id).stages.values()), max_results, next_token)

    @operation
    def update_stage(
        self,
        call: Call,
        *,
        api_id: str,
        stage_name: str,
        auto_deploy: bool | None = None,
        deployment_id: str | None = None,
        description: str | None = None,
        default_route_settings: Json | None = None,
        route_settings: Json | None = None,
        stage_variables: dict[str, str] | None = None,
        access_log_settings: Json | None = None,
    ) -> Json:
        stage = self._stage(call, api_id, stage_name)
        updated = {
            **stage,
            **present(
                AutoDeploy=auto_deploy,
                DeploymentId=deployment_id,
                Description=description,
                StageVariables=stage_variables,
                AccessLogSettings=access_log_settings,
            ),
            "LastUpdatedDate": self.world.clock.now(),
        }
        if default_route_settings is not None:
            updated["DefaultRouteSettings"] = {**stage["DefaultRouteSettings"], **default_route_settings}
        if route_settings is not None:
            updated["RouteSettings"] = {**stage["RouteSettings"], **route_settings}
        self._check_stage(call, api_id, updated)
        api = self.find(call, api_id)
        api.stages[stage_name] = updated
        if auto_deploy and not stage["AutoDeploy"]:
            self.deploy(api, updated, automatic=True)
        self.save(api)
        return updated

    @operation
    def delete_stage(self, call: Call, *, api_id: str, stage_name: str) -> None:
        self._stage(call, api_id, stage_name)
        api = self.find(call, api_id)
        del api.stages[stage_name]
        self.save(api)

    @operation
    def delete_access_log_settings(self, call: Call, *, api_id: str, stage_name: str) -> None:
        self._stage(call, api_id, stage_name).pop("AccessLogSettings", None)
        self.save(self.find(call, api_id))

    @operation
    def delete_route_settings(self, call: Call, *, api_id: str, stage_name: str, route_key: str) -> None:
        self._stage(call, api_id, stage_name)["RouteSettings"].pop(route_key, None)
        self.save(self.find(call, api_id))

    @operation
    def reset_authorizers_cache(self, call: Call, *, api_id: str, stage_name: str) -> None:
        self._stage(call, api_id, stage_name)
        self.forget_authorizations(api_id, stage_name)

    @operation
    def create_deployment(
        self, call: Call, *, api_id: str, description: str | None = None, stage_name: str | None = None
    ) -> Json:
        api = self.find(call, api_id)
        stage = None if stage_name is None else self._stage(call, api_id, stage_name)
        deployment = self.deploy(api, stage, automatic=False, description=description)
        self.save(api)
        return deployment.attributes

    @operation
    def get_deployment(self, call: Call, *, api_id: str, deployment_id: str) -> Json:
        deployment = self.find(call, api_id).deployments.get(deployment_id)
        if deployment is None:
            raise not_found(f"Invalid Deployment identifier specified {deployment_id}")
        return deployment.attributes

    @operation
    def get_deployments(
        self, call: Call, *, api_id: str, max_results: str | None = None, next_token: str | None = None
    ) -> Json:
        return page([d.attributes for d in self.find(call, api_id).deployments.values()], max_results, next_token)

    @operation
    def update_deployment(self, call: Call, *, api_id: str, deployment_id: str, description: str | None = None) -> Json:
        attributes = self.get_deployment(call, api_id=api_id, deployment_id=deployment_id)
        attributes.update(present(Description=description))
        self.save(self.find(call, api_id))
        return attributes

    @operation
    def delete_deployment(self, call: Call, *, api_id: str, deployment_id: str) -> None:
        self.get_deployment(call, api_id=api_id, deployment_id=deployment_id)
        api = self.find(call, api_id)
        using = [name for name, stage in api.stages.items() if stage.get("DeploymentId") == deployment_id]
        if using:
            raise bad_request(f"Active stages pointing to this deployment must be moved or deleted: {', '.join(using)}")
        del api.deployments[deployment_id]
        self.save(api)

    def _stage(self, call: Call, api_id: str, stage_name: str) -> Json:
        stage = self.find(call, api_id).stages.get(stage_name)
        if stage is None:
            raise not_found(f"Invalid stage identifier specified {stage_name}")
        return stage

    def _check_stage(self, call: Call, api_id: str, stage: Json) -> None:
        deployment_id = stage.get("DeploymentId")
        if deployment_id and deployment_id not in self.find(call, api_id).deployments:
            raise bad_request(f"Invalid deployment identifier specified {deployment_id}")
        for settings in (stage["DefaultRouteSettings"], *stage["RouteSettings"].values()):
            if settings.get("LoggingLevel") or settings.get("DataTraceEnabled"):
                raise bad_request("Execution logs are not supported on protocolType HTTP")
        destination = stage.get("AccessLogSettings", {}).get("DestinationArn", "")
        if ":firehose:" in destination:
            raise self.refuse("AccessLogSettings.DestinationArn of a delivery stream")
