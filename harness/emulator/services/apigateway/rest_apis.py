"""RestApis: CreateRestApi and its kin. Importing OpenAPI documents is in `imports.py`."""

from __future__ import annotations

import copy
import json
from typing import Any

from harness.emulator.api_gateway.answers import bad_request, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway import policies
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.models import DEFAULT_MODELS
from harness.emulator.services.apigateway.patch import Patchable, boolean, text
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_MAX_COMPRESSION = 10485760


def compression(value: Any) -> int | None:
    """The minimum compression size; None (off) for an empty value."""
    if value in ("", None):
        return None
    try:
        size = int(value)
    except (TypeError, ValueError):
        size = -1
    if not 0 <= size <= _MAX_COMPRESSION:
        raise bad_request("Invalid minimum compression size, must be between 0 and 10485760")
    return size


def key_source(value: str) -> str:
    if value not in ("HEADER", "AUTHORIZER"):
        raise bad_request("Invalid api key source. Must be one of: [HEADER, AUTHORIZER]")
    return value


_PATCHABLE = Patchable(
    scalars={
        "/name": text,
        "/description": text,
        "/version": text,
        "/apiKeySource": key_source,
        "/disableExecuteApiEndpoint": boolean,
        "/minimumCompressionSize": compression,
        "/policy": text,
        "/endpointConfiguration/ipAddressType": text,
    },
    removable=frozenset({"/description", "/policy"}),
    lists=frozenset({"/binaryMediaTypes", "/endpointConfiguration/types", "/endpointConfiguration/vpcEndpointIds"}),
)


class RestApis(ApiGatewayBase):
    """Create, read, update and delete APIs."""

    @operation
    def create_rest_api(
        self,
        call: Call,
        *,
        name: str,
        description: str | None = None,
        version: str | None = None,
        binary_media_types: list[str] | None = None,
        minimum_compression_size: int | None = None,
        api_key_source: str | None = None,
        endpoint_configuration: Json | None = None,
        policy: str | None = None,
        tags: dict[str, str] | None = None,
        disable_execute_api_endpoint: bool | None = None,
    ) -> Json:
        if not name:
            raise bad_request("API name must be non-empty")
        if description == "":
            raise bad_request("Description cannot be an empty string")
        endpoint = dict(endpoint_configuration or {})
        endpoint.setdefault("types", ["EDGE"])
        endpoint.setdefault("ipAddressType", "ipv4")
        api = self._new_api(
            call,
            name=name,
            description=description,
            version=version,
            binaryMediaTypes=binary_media_types or None,
            minimumCompressionSize=compression(minimum_compression_size),
            apiKeySource=key_source(api_key_source or "HEADER"),
            endpointConfiguration=endpoint,
            policy=policy or None,
            tags=tags or None,
            disableExecuteApiEndpoint=bool(disable_execute_api_endpoint),
        )
        self._check_api(api.document)
        self._by_id[api.id] = api
        self._save(api)
        return api_answer(api)

    def _new_api(self, call: Call, **members: Any) -> RestApi:
        """An API with its root resource and the default models, not stored yet."""
        root_id, api_id = self._new_id(10), self._new_id(10)
        document = present(id=api_id, createdDate=self._now(), rootResourceId=root_id, **members)
        api = RestApi(call.account, call.region, api_id, document)
        api.resources[root_id] = {"id": root_id, "path": "/", "resourceMethods": {}}
        for model in DEFAULT_MODELS:
            api.models[model["name"]] = {"id": self._new_id(), **model}
        return api

    def _check_api(self, document: Json) -> None:
        if "PRIVATE" in document["endpointConfiguration"]["types"]:
            raise self.refuse("endpointConfiguration type PRIVATE")
        if document.get("policy"):
            policies.check(document["policy"])

    @operation
    def get_rest_api(self, call: Call, *, rest_api_id: str) -> Json:
        return {"tags": {}, **api_answer(self._api(call, rest_api_id))}

    @operation
    def get_rest_apis(self, call: Call, *, position: str | None = None, limit: int | None = None) -> Json:
        mine = [api_answer(api) for key, api in self._apis.items() if key[:2] == (call.account, call.region)]
        return page(mine, position, limit)

    @operation
    def update_rest_api(self, call: Call, *, rest_api_id: str, patch_operations: list[Json] | None = None) -> Json:
        api = self._api(call, rest_api_id)
        document = copy.deepcopy(api.document)
        _PATCHABLE.apply(document, patch_operations)
        if not document.get("name"):
            raise bad_request("API name must be non-empty")
        self._check_api(document)
        api.document = document
        self._save(api)
        return {"tags": {}, **api_answer(api)}

    @operation
    def delete_rest_api(self, call: Call, *, rest_api_id: str) -> None:
        api = self._api(call, rest_api_id)
        self._apis.delete((api.account, api.region, api.id))
        self._by_id.pop(api.id, None)
        self._executor.forget(api.id, deployments=True)
        for key, plan in self._plans.items():
            stages = [stage for stage in plan.get("apiStages") or [] if stage["apiId"] != api.id]
            if len(stages) != len(plan.get("apiStages") or []):
                self._plans.put(key, {**plan, "apiStages": stages})
        self._executor.keys.forget()


def api_answer(api: RestApi) -> Json:
    """The document as it is answered: the policy is an escaped JSON string."""
    answer = dict(api.document)
    if "policy" in answer:
        answer["policy"] = json.dumps(answer["policy"])[1:-1]
    return answer
