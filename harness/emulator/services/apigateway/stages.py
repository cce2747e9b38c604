"""Stages: variables, method settings, access logs (D8)."""

from __future__ import annotations

import copy
import re

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway import method_settings
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.emulator.services.apigateway.patch import Patchable, boolean, text
from harness.emulator.services.apigateway.state import RestApi
from harness.json_object import Json

_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]*")
_DESTINATION = re.compile(
    r"arn:aws[a-z-]*:logs:[^:]+:\d{12}:log-group:[^:]+(:\*)?"
    r"|arn:aws[a-z-]*:firehose:[^:]+:\d{12}:deliverystream/amazon-apigateway-.+"
)

_PATCHABLE = Patchable(
    scalars={
        "/deploymentId": text,
        "/description": text,
        "/tracingEnabled": boolean,
        "/cacheClusterEnabled": boolean,
        "/cacheClusterSize": text,
        "/clientCertificateId": text,
        "/documentationVersion": text,
        "/accessLogSettings/destinationArn": text,
        "/accessLogSettings/format": text,
    },
    removable=frozenset(
        {
            "/description",
            "/cacheClusterSize",
            "/clientCertificateId",
            "/documentationVersion",
            "/accessLogSettings",
            "/accessLogSettings/destinationArn",
            "/accessLogSettings/format",
        }
    ),
    maps={"/variables": text},
)


class Stages(ApiGatewayBase):
    """Create, read, update and delete stages."""

    @operation
    def create_stage(
        self,
        call: Call,
        *,
        rest_api_id: str,
        stage_name: str,
        deployment_id: str,
        description: str | None = None,
        cache_cluster_enabled: bool | None = None,
        cache_cluster_size: str | None = None,
        variables: dict[str, str] | None = None,
        documentation_version: str | None = None,
        tracing_enabled: bool | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        api = self._api(call, rest_api_id)
        if deployment_id not in api.deployments:
            raise bad_request(
                "Invalid stage identifier specified" if not deployment_id else "Deployment id does not exist"
            )
        if stage_name in api.stages:
            raise conflict("Stage already exists")
        stage = self._new_stage(
            api,
            stage_name,
            deployment_id,
            description=description,
            cache_cluster_enabled=cache_cluster_enabled,
            cache_cluster_size=cache_cluster_size,
            variables=variables,
            tracing_enabled=tracing_enabled,
        )
        if documentation_version:
            raise self.refuse("documentationVersion of a stage")
        if tags:
            stage["tags"] = tags
        api.stages[stage_name] = stage
        self._executor.forget(api.id)
        self._save(api)
        return copy.deepcopy(stage)

    def _new_stage(
        self,
        api: RestApi,
        stage_name: str,
        deployment_id: str,
        *,
        description: str | None,
        cache_cluster_enabled: bool | None,
        cache_cluster_size: str | None,
        variables: dict[str, str] | None,
        tracing_enabled: bool | None,
    ) -> Json:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", stage_name):
            raise bad_request("Stage name only allows a-zA-Z0-9_-")
        stage = present(
            deploymentId=deployment_id,
            stageName=stage_name,
            description=description or None,
            cacheClusterEnabled=bool(cache_cluster_enabled),
            cacheClusterSize=cache_cluster_size,
            cacheClusterStatus="NOT_AVAILABLE",
            methodSettings={},
            variables=variables or None,
            tracingEnabled=bool(tracing_enabled),
            createdDate=self._now(),
            lastUpdatedDate=self._now(),
        )
        self._check_stage(api, stage)
        return stage

    def _check_stage(self, api: RestApi, stage: Json) -> None:
        if stage["cacheClusterEnabled"]:
            raise self.refuse("cacheClusterEnabled true")
        for member in ("clientCertificateId", "documentationVersion"):
            if stage.get(member):
                raise self.refuse(f"{member} of a stage")
        for name, value in (stage.get("variables") or {}).items():
            if not re.fullmatch(r"[A-Za-z0-9_]+", name) or not _VARIABLE_VALUE.fullmatch(value):
                raise bad_request(
                    "Stage variable names must be alphanumeric characters or underscores, and values must match "
                    "[A-Za-z0-9-._~:/?#&=,]+"
                )
        access_log = stage.get("accessLogSettings") or {}
        if destination := access_log.get("destinationArn"):
            if not _DESTINATION.fullmatch(destination):
                raise bad_request("Invalid ARN specified in the request")
            access_log["destinationArn"] = destination.removesuffix(":*")
            if ":logs:" in destination:
                self._check_logging_role(api)
        if log_format := access_log.get("format"):
            try:
                names = Substitution(log_format).names
            except ValueError as error:
                raise self.refuse(f"{error} in an access log format") from error
            if not {"context.requestId", "context.extendedRequestId"} & set(names):
                raise bad_request(
                    "The access log format must contain at least $context.requestId or $context.extendedRequestId"
                )
        if any(setting.get("loggingLevel", "OFF") != "OFF" for setting in stage["methodSettings"].values()):
            self._check_logging_role(api)

    def _check_logging_role(self, api: RestApi) -> None:
        account = self._accounts.get((api.account, api.region)) or {}
        if not account.get("cloudwatchRoleArn"):
            raise bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")

    @operation
    def get_stage(self, call: Call, *, rest_api_id: str, stage_name: str) -> Json:
        return copy.deepcopy(self._stage_of(call, rest_api_id, stage_name)[1])

    def _stage_of(self, call: Call, rest_api_id: str, stage_name: str) -> tuple[RestApi, Json]:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None:
            raise not_found("Invalid Stage identifier specified")
        return api, api.stage(stage_name)

    @operation
    def get_stages(self, call: Call, *, rest_api_id: str, deployment_id: str | None = None) -> Json:
        stages = self._api(call, rest_api_id).stages.values()
        return {
            "item": [
                copy.deepcopy(stage)
                for stage in stages
                if deployment_id is None or stage["deploymentId"] == deployment_id
            ]
        }

    @operation
    def update_stage(
        self, call: Call, *, rest_api_id: str, stage_name: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api, stage = self._stage_of(call, rest_api_id, stage_name)
        changed = copy.deepcopy(stage)
        for patch_operation in patch_operations or []:
            self._patch_stage(changed, patch_operation)
        if changed["deploymentId"] not in api.deployments:
            raise bad_request("Deployment id does not exist")
        self._check_stage(api, changed)
        changed["lastUpdatedDate"] = self._now()
        api.stages[stage_name] = changed
        self._executor.forget(api.id)
        self._save(api)
        return copy.deepcopy(changed)

    def _patch_stage(self, stage: Json, patch_operation: Json) -> None:
        path = patch_operation.get("path") or ""
        if path.startswith("/canarySettings"):
            raise self.refuse("canarySettings")
        if path in _PATCHABLE.scalars or path in _PATCHABLE.removable or path.startswith("/variables/"):
            _PATCHABLE.apply_one(stage, patch_operation)
            if not stage.get("accessLogSettings", True):
                del stage["accessLogSettings"]
        elif path.startswith("/accessLogSettings"):
            raise bad_request(
                "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, "
                "/accessLogSettings/format]"
            )
        else:
            method_settings.patch(stage["methodSettings"], patch_operation)

    @operation
    def delete_stage(self, call: Call, *, rest_api_id: str, stage_name: str) -> None:
        api, _ = self._stage_of(call, rest_api_id, stage_name)
        del api.stages[stage_name]
        self._executor.forget(api.id)
        self._save(api)

    @operation
    def flush_stage_authorizers_cache(self, call: Call, *, rest_api_id: str, stage_name: str) -> None:
        self._stage_of(call, rest_api_id, stage_name)
        self._executor.forget_authorizations()
