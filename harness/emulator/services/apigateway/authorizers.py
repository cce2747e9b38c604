"""Authorizers: the control plane (D7)."""

from __future__ import annotations

import copy

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.execution.mapping import source
from harness.emulator.services.apigateway.patch import Patchable, integer, text
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_PATCHABLE = Patchable(
    scalars={
        "/name": text,
        "/authType": text,
        "/authorizerUri": text,
        "/authorizerCredentials": text,
        "/identitySource": text,
        "/identityValidationExpression": text,
        "/authorizerResultTtlInSeconds": integer,
    },
    removable=frozenset({"/authorizerCredentials", "/identityValidationExpression"}),
    lists=frozenset({"/providerARNs"}),
)


class Authorizers(ApiGatewayBase):
    """Create, read, update and delete authorizers."""

    @operation
    def create_authorizer(
        self,
        call: Call,
        *,
        rest_api_id: str,
        name: str,
        type: str,
        provider_arns: list[str] | None = None,
        auth_type: str | None = None,
        authorizer_uri: str | None = None,
        authorizer_credentials: str | None = None,
        identity_source: str | None = None,
        identity_validation_expression: str | None = None,
        authorizer_result_ttl_in_seconds: int | None = None,
    ) -> Json:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None:
            raise conflict("Unable to complete operation due to concurrent modification. Please try again later.")
        if any(other["name"] == name for other in api.authorizers.values()):
            raise bad_request("Authorizer name must be unique. Authorizer " + name + " already exists in this RestApi.")
        ttl = 300 if authorizer_result_ttl_in_seconds is None else authorizer_result_ttl_in_seconds
        authorizer = present(
            id=self._new_id(),
            name=name,
            type=type,
            providerARNs=provider_arns or None,
            authType=auth_type or ("cognito_user_pools" if type == "COGNITO_USER_POOLS" else "custom"),
            authorizerUri=authorizer_uri or None,
            authorizerCredentials=authorizer_credentials or None,
            identitySource=identity_source or None,
            identityValidationExpression=identity_validation_expression or None,
            authorizerResultTtlInSeconds=ttl,
        )
        self._check_authorizer(authorizer)
        api.authorizers[authorizer["id"]] = authorizer
        self._save(api)
        return copy.deepcopy(authorizer)

    def _check_authorizer(self, authorizer: Json) -> None:
        kind = authorizer["type"]
        if kind not in ("TOKEN", "REQUEST"):
            raise self.refuse(f"authorizer type {kind}")
        if not authorizer.get("authorizerUri"):
            raise bad_request(
                "Invalid Authorizer URI: null. Authorizer URI should be a valid API Gateway ARN that "
                "represents a Lambda function invocation."
            )
        sources = [name.strip() for name in (authorizer.get("identitySource") or "").split(",") if name.strip()]
        ttl = authorizer["authorizerResultTtlInSeconds"]
        if not 0 <= ttl <= 3600:
            raise bad_request("Authorizer result TTL must be between 0 and 3600 seconds")
        if not sources and (kind == "TOKEN" or ttl):
            raise bad_request("Identity source is required when authorizer caching is enabled")
        for name in sources:
            try:
                source(name)
            except ValueError as error:
                raise bad_request(f"Invalid identity source: {name}") from error

    def _authorizer(self, call: Call, rest_api_id: str, authorizer_id: str) -> tuple[RestApi, Json]:
        api: RestApi | None = self._apis.get((call.account, call.region, rest_api_id))
        if api is None or authorizer_id not in api.authorizers:
            raise not_found("Invalid Authorizer identifier specified")
        return api, api.authorizers[authorizer_id]

    @operation
    def get_authorizer(self, call: Call, *, rest_api_id: str, authorizer_id: str) -> Json:
        return copy.deepcopy(self._authorizer(call, rest_api_id, authorizer_id)[1])

    @operation
    def get_authorizers(
        self, call: Call, *, rest_api_id: str, position: str | None = None, limit: int | None = None
    ) -> Json:
        return page(copy.deepcopy(list(self._api(call, rest_api_id).authorizers.values())), position, limit)

    @operation
    def update_authorizer(
        self, call: Call, *, rest_api_id: str, authorizer_id: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api, authorizer = self._authorizer(call, rest_api_id, authorizer_id)
        changed = copy.deepcopy(authorizer)
        _PATCHABLE.apply(changed, patch_operations)
        self._check_authorizer(changed)
        api.authorizers[authorizer_id] = changed
        self._save(api)
        return copy.deepcopy(changed)

    @operation
    def delete_authorizer(self, call: Call, *, rest_api_id: str, authorizer_id: str) -> None:
        api, _ = self._authorizer(call, rest_api_id, authorizer_id)
        for resource in api.resources.values():
            for method in resource["resourceMethods"].values():
                if method.get("authorizerId") == authorizer_id:
                    raise conflict(
                        "Cannot delete authorizer '{}', is referenced in method: {}/{}".format(
                            authorizer_id, resource["path"], method["httpMethod"]
                        )
                    )
        del api.authorizers[authorizer_id]
        self._save(api)
