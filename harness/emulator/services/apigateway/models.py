"""Models and request validators (D2)."""

from __future__ import annotations

import copy

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.patch import Patchable, boolean, text
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_SCHEMA = "http://json-schema.org/draft-04/schema#"

DEFAULT_MODELS: tuple[Json, ...] = (
    {
        "name": "Empty",
        "description": "This is a default empty schema model",
        "contentType": "application/json",
        "schema": f'{{\n  "$schema": "{_SCHEMA}",\n  "title" : "Empty Schema",\n  "type" : "object"\n}}',
    },
    {
        "name": "Error",
        "description": "This is a default error schema model",
        "contentType": "application/json",
        "schema": f'{{\n  "$schema" : "{_SCHEMA}",\n  "title" : "Error Schema",\n  "type" : "object",\n'
        '  "properties" : {\n    "message" : { "type" : "string" }\n  }\n}',
    },
)

_MODEL = Patchable(scalars={"/description": text, "/schema": text}, listed=("/description", "/schema"))
_VALIDATOR = Patchable(
    scalars={"/name": text, "/validateRequestParameters": boolean, "/validateRequestBody": boolean},
    listed=("/name", "/validateRequestParameters", "/validateRequestBody"),
)

_NO_SCHEMA = "Model schema must have at least 1 property or array items defined"


class Models(ApiGatewayBase):
    """Models and request validators of an API."""

    @operation
    def create_model(
        self,
        call: Call,
        *,
        rest_api_id: str,
        name: str,
        content_type: str,
        description: str | None = None,
        schema: str | None = None,
    ) -> Json:
        api = self._api(call, rest_api_id)
        if not name:
            raise bad_request("Model name must be non-empty")
        if not schema:
            raise bad_request(_NO_SCHEMA)
        if name in api.models:
            raise conflict("Model name already exists for this REST API")
        model = present(id=self._new_id(), name=name, description=description, schema=schema, contentType=content_type)
        api.models[name] = model
        self._save(api)
        return dict(model)

    def _model(self, call: Call, rest_api_id: str, name: str) -> tuple[RestApi, Json]:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None or name not in api.models:
            raise not_found(f"Invalid model name specified: {name}")
        return api, api.models[name]

    @operation
    def get_model(self, call: Call, *, rest_api_id: str, model_name: str, flatten: bool | None = None) -> Json:
        if flatten:
            raise self.refuse("GetModel with flatten")
        return dict(self._model(call, rest_api_id, model_name)[1])

    @operation
    def get_models(
        self, call: Call, *, rest_api_id: str, position: str | None = None, limit: int | None = None
    ) -> Json:
        return page(self._api(call, rest_api_id).models.values(), position, limit)

    @operation
    def update_model(
        self, call: Call, *, rest_api_id: str, model_name: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api, model = self._model(call, rest_api_id, model_name)
        changed = copy.deepcopy(model)
        _MODEL.apply(changed, patch_operations)
        if not changed.get("schema"):
            raise bad_request(_NO_SCHEMA)
        api.models[model_name] = changed
        self._save(api)
        return dict(changed)

    @operation
    def delete_model(self, call: Call, *, rest_api_id: str, model_name: str) -> None:
        api, _ = self._model(call, rest_api_id, model_name)
        for resource in api.resources.values():
            for http_method, method in resource["resourceMethods"].items():
                where = f"{resource['path']}/{http_method}"
                if model_name in (method.get("requestModels") or {}).values():
                    raise conflict(f"Cannot delete model '{model_name}', is referenced in method request: {where}")
                for response in (method.get("methodResponses") or {}).values():
                    if model_name in (response.get("responseModels") or {}).values():
                        raise conflict(f"Cannot delete model '{model_name}', is referenced in method response: {where}")
        del api.models[model_name]
        self._save(api)

    # -- request validators -----------------------------------------------------------------------------------

    @operation
    def create_request_validator(
        self,
        call: Call,
        *,
        rest_api_id: str,
        name: str | None = None,
        validate_request_body: bool | None = None,
        validate_request_parameters: bool | None = None,
    ) -> Json:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None:
            raise bad_request("Invalid REST API identifier specified")
        validator = present(
            id=self._new_id(),
            name=name,
            validateRequestBody=bool(validate_request_body),
            validateRequestParameters=bool(validate_request_parameters),
        )
        api.validators[validator["id"]] = validator
        self._save(api)
        return dict(validator)

    def _validator(self, call: Call, rest_api_id: str, validator_id: str) -> tuple[RestApi, Json]:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None or validator_id not in api.validators:
            raise not_found("Invalid Request Validator identifier specified")
        return api, api.validators[validator_id]

    @operation
    def get_request_validator(self, call: Call, *, rest_api_id: str, request_validator_id: str) -> Json:
        return dict(self._validator(call, rest_api_id, request_validator_id)[1])

    @operation
    def get_request_validators(
        self, call: Call, *, rest_api_id: str, position: str | None = None, limit: int | None = None
    ) -> Json:
        return page(self._api(call, rest_api_id).validators.values(), position, limit)

    @operation
    def update_request_validator(
        self, call: Call, *, rest_api_id: str, request_validator_id: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api, validator = self._validator(call, rest_api_id, request_validator_id)
        changed = dict(validator)
        _VALIDATOR.apply(changed, patch_operations)
        if changed.get("name") == "":
            raise bad_request("Request Validator name cannot be blank")
        api.validators[request_validator_id] = changed
        self._save(api)
        return dict(changed)

    @operation
    def delete_request_validator(self, call: Call, *, rest_api_id: str, request_validator_id: str) -> None:
        api, _ = self._validator(call, rest_api_id, request_validator_id)
        for resource in api.resources.values():
            for http_method, method in resource["resourceMethods"].items():
                if method.get("requestValidatorId") == request_validator_id:
                    raise conflict(
                        f"Cannot delete validator '{request_validator_id}', is referenced in method request: "
                        f"{resource['path']}/{http_method}"
                    )
        del api.validators[request_validator_id]
        self._save(api)
