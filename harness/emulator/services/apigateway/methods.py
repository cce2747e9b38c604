"""Methods and method responses (D2)."""

from __future__ import annotations

import copy
import re

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.patch import Patchable, boolean, text
from harness.emulator.services.apigateway.state import RestApi
from harness.json_object import Json

_HTTP_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
_PARAMETER = re.compile(r"method\.request\.(header|querystring|path|multivalueheader|multivaluequerystring)\.(.+)")
_RESPONSE_PARAMETER = re.compile(r"method\.response\.(header|multivalueheader)\.(.+)")
_NO_AUTHORIZER = (
    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid "
    "authorizer."
)

_METHOD = Patchable(
    scalars={
        "/authorizationType": text,
        "/authorizerId": text,
        "/apiKeyRequired": boolean,
        "/operationName": text,
        "/requestValidatorId": text,
    },
    removable=frozenset({"/authorizerId", "/operationName", "/requestValidatorId"}),
    maps={"/requestParameters": boolean, "/requestModels": text},
    lists=frozenset({"/authorizationScopes"}),
)
_RESPONSE = Patchable(maps={"/responseParameters": boolean, "/responseModels": text})


class Methods(ApiGatewayBase):
    """Create, read, update and delete methods and their responses."""

    @operation
    def put_method(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        authorization_type: str,
        authorizer_id: str | None = None,
        api_key_required: bool | None = None,
        operation_name: str | None = None,
        request_parameters: dict[str, bool] | None = None,
        request_models: dict[str, str] | None = None,
        request_validator_id: str | None = None,
        authorization_scopes: list[str] | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        resource = api.resource(resource_id)
        if http_method not in _HTTP_METHODS:
            raise bad_request(
                "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
            )
        if http_method in resource["resourceMethods"]:
            raise conflict("Method already exists for this resource")
        method = present(
            httpMethod=http_method,
            authorizationType=authorization_type,
            authorizerId=authorizer_id or None,
            apiKeyRequired=bool(api_key_required),
            operationName=operation_name or None,
            requestParameters=request_parameters or None,
            requestModels=request_models or None,
            requestValidatorId=request_validator_id or None,
            authorizationScopes=authorization_scopes or None,
        )
        self._check_method(api, method)
        resource["resourceMethods"][http_method] = method
        self._save(api)
        return copy.deepcopy(method)

    def _check_method(self, api: RestApi, method: Json) -> None:
        kind = method["authorizationType"]
        if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
            if method.get("authorizerId") not in api.authorizers:
                raise bad_request(_NO_AUTHORIZER)
        elif kind not in ("NONE", "AWS_IAM"):
            raise bad_request(
                "Invalid authorization type specified. Valid options are NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS"
            )
        if kind == "COGNITO_USER_POOLS":
            raise self.refuse(f"authorizationType {kind}")
        if method.get("authorizationScopes"):
            raise self.refuse("authorizationScopes")
        names: set[str] = set()
        for parameter in method.get("requestParameters") or {}:
            match = _PARAMETER.fullmatch(parameter)
            if match is None:
                raise bad_request(
                    "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                    f"[Invalid mapping expression specified: {parameter}]"
                )
            if match[2] in names:
                raise bad_request("Parameter names must be unique across querystring, header and path")
            names.add(match[2])
        validator = method.get("requestValidatorId")
        if validator is not None and validator not in api.validators:
            raise bad_request("Invalid Request Validator identifier specified")
        for model in (method.get("requestModels") or {}).values():
            if model not in api.models:
                raise bad_request(f"Invalid model identifier specified: {model}")

    @operation
    def get_method(self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str) -> Json:
        return copy.deepcopy(self._api_of_resource(call, rest_api_id).method(resource_id, http_method))

    @operation
    def update_method(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        patch_operations: list[Json] | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        changed = copy.deepcopy(api.method(resource_id, http_method))
        for patch_operation in patch_operations or []:
            # An authorizer id means nothing (and is not looked at) while the method has another type.
            if patch_operation.get("path") == "/authorizerId" and changed["authorizationType"] == "NONE":
                types = [item for item in patch_operations or [] if item.get("path") == "/authorizationType"]
                if not types:
                    continue
            _METHOD.apply_one(changed, patch_operation)
        if changed["authorizationType"] in ("NONE", "AWS_IAM"):
            changed.pop("authorizerId", None)
        self._check_method(api, changed)
        api.resource(resource_id)["resourceMethods"][http_method] = changed
        self._save(api)
        return copy.deepcopy(changed)

    @operation
    def delete_method(self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str) -> None:
        api = self._api_of_resource(call, rest_api_id)
        api.method(resource_id, http_method)
        del api.resource(resource_id)["resourceMethods"][http_method]
        self._save(api)

    # -- method responses -------------------------------------------------------------------------------------

    @operation
    def put_method_response(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        response_parameters: dict[str, bool] | None = None,
        response_models: dict[str, str] | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        responses = api.method(resource_id, http_method).setdefault("methodResponses", {})
        if status_code in responses:
            raise conflict("Response already exists for this resource")
        response = present(
            statusCode=status_code,
            responseParameters=response_parameters or None,
            responseModels=response_models or None,
        )
        check_method_response(api, response)
        responses[status_code] = response
        self._save(api)
        return copy.deepcopy(response)

    @operation
    def get_method_response(
        self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        return copy.deepcopy(_response(api, resource_id, http_method, status_code))

    @operation
    def update_method_response(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        patch_operations: list[Json] | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        changed = copy.deepcopy(_response(api, resource_id, http_method, status_code))
        _RESPONSE.apply(changed, patch_operations)
        check_method_response(api, changed)
        api.method(resource_id, http_method)["methodResponses"][status_code] = changed
        self._save(api)
        return copy.deepcopy(changed)

    @operation
    def delete_method_response(
        self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
    ) -> None:
        api = self._api_of_resource(call, rest_api_id)
        _response(api, resource_id, http_method, status_code)
        method = api.method(resource_id, http_method)
        del method["methodResponses"][status_code]
        if not method["methodResponses"]:
            del method["methodResponses"]
        self._save(api)


def _response(api: RestApi, resource_id: str, http_method: str, status_code: str) -> Json:
    found: Json | None = (api.method(resource_id, http_method).get("methodResponses") or {}).get(status_code)
    if found is None:
        raise not_found("Invalid Response status code specified")
    return found


def check_method_response(api: RestApi, response: Json) -> None:
    for parameter in response.get("responseParameters") or {}:
        if not _RESPONSE_PARAMETER.fullmatch(parameter):
            raise bad_request(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                f"[Invalid mapping expression specified: {parameter}]"
            )
    for model in (response.get("responseModels") or {}).values():
        if model not in api.models:
            raise bad_request(f"Invalid model identifier specified: {model}")
