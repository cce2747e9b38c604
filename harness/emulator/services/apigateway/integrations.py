"""Integrations and integration responses (D3)."""

from __future__ import annotations

import copy
import re

from harness.emulator.api_gateway.answers import bad_request, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.execution.mapping import RequestMapping, ResponseMapping
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.emulator.services.apigateway.patch import Patchable, boolean, integer, text
from harness.emulator.services.apigateway.state import RestApi
from harness.json_object import Json

_PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_TARGET_PATTERN = re.compile(r"arn:aws[a-z-]*:apigateway:[^:]+:(?:[^:]+\.)?[^:.]+:(action|path)/.*", re.DOTALL)

_INTEGRATION = Patchable(
    scalars={
        "/type": text,
        "/uri": text,
        "/httpMethod": text,
        "/credentials": text,
        "/passthroughBehavior": text,
        "/cacheNamespace": text,
        "/contentHandling": text,
        "/timeoutInMillis": integer,
        "/connectionType": text,
        "/connectionId": text,
        "/tlsConfig/insecureSkipVerification": boolean,
    },
    removable=frozenset({"/credentials", "/contentHandling", "/connectionId"}),
    maps={"/requestParameters": text, "/requestTemplates": text},
    lists=frozenset({"/cacheKeyParameters"}),
)
_RESPONSE = Patchable(
    scalars={"/selectionPattern": text, "/contentHandling": text},
    removable=frozenset({"/selectionPattern", "/contentHandling"}),
    maps={"/responseParameters": text, "/responseTemplates": text},
)


def _invalid_mapping(expression: str) -> Exception:
    return bad_request(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        f"[Invalid mapping expression specified: {expression}]"
    )


def with_defaults(resource_id: str, given: Json) -> Json:
    """An integration of a method of `resource_id`: what was given (empty values count as absent) and AWS's defaults."""
    kept = {name: value for name, value in given.items() if value not in (None, "", {})}
    if kept["type"] in ("HTTP", "HTTP_PROXY"):
        kept.setdefault("connectionType", "INTERNET")
    kept.setdefault("passthroughBehavior", "WHEN_NO_MATCH")
    kept.setdefault("timeoutInMillis", 29000)
    kept.setdefault("cacheNamespace", resource_id)
    kept.setdefault("cacheKeyParameters", [])
    return kept


class Integrations(ApiGatewayBase):
    """Create, read, update and delete integrations and their responses."""

    @operation
    def put_integration(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        type: str,
        integration_http_method: str | None = None,
        uri: str | None = None,
        connection_type: str | None = None,
        credentials: str | None = None,
        request_parameters: dict[str, str] | None = None,
        request_templates: dict[str, str] | None = None,
        passthrough_behavior: str | None = None,
        cache_namespace: str | None = None,
        cache_key_parameters: list[str] | None = None,
        content_handling: str | None = None,
        timeout_in_millis: int | None = None,
        tls_config: Json | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        method = api.method(resource_id, http_method)
        integration = with_defaults(
            resource_id,
            {
                "type": type,
                "httpMethod": integration_http_method,
                "uri": uri,
                "connectionType": connection_type,
                "credentials": credentials,
                "requestParameters": request_parameters,
                "requestTemplates": request_templates,
                "passthroughBehavior": passthrough_behavior,
                "contentHandling": content_handling,
                "timeoutInMillis": timeout_in_millis,
                "cacheNamespace": cache_namespace,
                "cacheKeyParameters": cache_key_parameters,
                "tlsConfig": tls_config,
            },
        )
        self._check_integration(method, integration)
        method["methodIntegration"] = integration
        self._save(api)
        return copy.deepcopy(integration)

    def _check_integration(self, method: Json, integration: Json) -> None:
        kind, uri = integration["type"], integration.get("uri") or ""
        if integration.get("connectionType") == "VPC_LINK":
            raise self.refuse("connectionType VPC_LINK")
        if (integration.get("tlsConfig") or {}).get("insecureSkipVerification"):
            raise self.refuse("tlsConfig.insecureSkipVerification")
        if integration["passthroughBehavior"] not in _PASSTHROUGH:
            raise bad_request("Invalid passthrough behavior. Must be one of: [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]")
        if not 50 <= integration["timeoutInMillis"] <= 300000:
            raise bad_request("Timeout should be between 50 ms and 29000 ms")
        if kind != "MOCK" and not integration.get("httpMethod"):
            raise bad_request("Enumeration value for HttpMethod must be non-empty")
        try:
            Substitution(uri)
        except ValueError as error:
            raise self.refuse(f"{error} in an integration URI") from error
        if kind in ("AWS", "AWS_PROXY"):
            if not uri.startswith("arn:"):
                raise bad_request("Invalid ARN specified in the request")
            if not _TARGET_PATTERN.fullmatch(uri):
                raise bad_request("AWS ARN for integration must contain path or action")
        if kind == "AWS_PROXY" and ":lambda:path/" not in uri:
            raise bad_request(
                "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream "
                "invocations."
            )
        if kind in ("HTTP", "HTTP_PROXY") and not re.match(r"https?://|\$\{stageVariables\.", uri):
            raise bad_request("Invalid HTTP endpoint specified for URI")
        declared = {name.lower() for name in method.get("requestParameters") or {}}
        for target, expression in (integration.get("requestParameters") or {}).items():
            try:
                RequestMapping({target: expression})
            except ValueError as error:
                raise _invalid_mapping(str(error)) from error
            if (
                re.match(r"method\.request\.(header|querystring|path)\.", expression)
                and expression.lower() not in declared
            ):
                raise bad_request(
                    "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                    f"[Invalid mapping expression parameter specified: {expression}]"
                )

    @operation
    def get_integration(self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str) -> Json:
        return copy.deepcopy(self._api_of_resource(call, rest_api_id).integration(resource_id, http_method))

    @operation
    def update_integration(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        patch_operations: list[Json] | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        method = api.method(resource_id, http_method)
        changed = copy.deepcopy(api.integration(resource_id, http_method))
        _INTEGRATION.apply(changed, patch_operations)
        changed.setdefault("cacheKeyParameters", [])
        self._check_integration(method, changed)
        method["methodIntegration"] = changed
        self._save(api)
        return copy.deepcopy(changed)

    @operation
    def delete_integration(self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str) -> None:
        api = self._api_of_resource(call, rest_api_id)
        api.integration(resource_id, http_method)
        del api.method(resource_id, http_method)["methodIntegration"]
        self._save(api)

    # -- integration responses --------------------------------------------------------------------------------

    @operation
    def put_integration_response(
        self,
        call: Call,
        *,
        rest_api_id: str,
        resource_id: str,
        http_method: str,
        status_code: str,
        selection_pattern: str | None = None,
        response_parameters: dict[str, str] | None = None,
        response_templates: dict[str, str] | None = None,
        content_handling: str | None = None,
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        integration = api.integration(resource_id, http_method)
        response = present(
            statusCode=status_code,
            selectionPattern=selection_pattern,
            responseParameters=response_parameters or None,
            responseTemplates=response_templates,
            contentHandling=content_handling or None,
        )
        check_integration_response(api.method(resource_id, http_method), response)
        integration.setdefault("integrationResponses", {})[status_code] = response
        self._save(api)
        return copy.deepcopy(response)

    @operation
    def get_integration_response(
        self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        return copy.deepcopy(_response(api, resource_id, http_method, status_code))

    @operation
    def update_integration_response(
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
        check_integration_response(api.method(resource_id, http_method), changed)
        api.integration(resource_id, http_method)["integrationResponses"][status_code] = changed
        self._save(api)
        return copy.deepcopy(changed)

    @operation
    def delete_integration_response(
        self, call: Call, *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
    ) -> None:
        api = self._api_of_resource(call, rest_api_id)
        _response(api, resource_id, http_method, status_code)
        integration = api.integration(resource_id, http_method)
        del integration["integrationResponses"][status_code]
        if not integration["integrationResponses"]:
            del integration["integrationResponses"]
        self._save(api)


def _response(api: RestApi, resource_id: str, http_method: str, status_code: str) -> Json:
    responses = api.integration(resource_id, http_method).get("integrationResponses") or {}
    found: Json | None = responses.get(status_code)
    if found is None:
        raise not_found("Invalid Response status code specified")
    return found


def check_integration_response(method: Json, response: Json) -> None:
    declared = (method.get("methodResponses") or {}).get(response["statusCode"], {}).get("responseParameters") or {}
    names = {name.lower() for name in declared}
    for target, expression in (response.get("responseParameters") or {}).items():
        try:
            ResponseMapping({target: expression})
        except ValueError as error:
            raise _invalid_mapping(str(error)) from error
        if target.lower() not in names:
            raise bad_request(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                f"[Invalid mapping expression parameter specified: {target}]"
            )
