"""Authorizers of HTTP APIs: Lambda (REQUEST) and JWT, the control plane (D9)."""

from __future__ import annotations

import re

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2.base import Base, page
from harness.emulator.services.apigatewayv2.execution.issuer import Unreachable, jwks_uri
from harness.emulator.services.apigatewayv2.state import Api
from harness.json_object import Json

_LIMIT = 10
_DEFAULT_TTL = 300
_SOURCE = re.compile(r"\$request\.(header|querystring)\.[A-Za-z0-9._$-]+|\$(context|stageVariables)\.[A-Za-z0-9._]+")
_TOKEN_SOURCE = re.compile(r"\$request\.(header|querystring)\.[A-Za-z0-9._$-]+")


class Authorizers(Base):
    @operation
    async def create_authorizer(
        self,
        call: Call,
        *,
        api_id: str,
        authorizer_type: str,
        identity_source: list[str],
        name: str,
        authorizer_uri: str | None = None,
        authorizer_credentials_arn: str | None = None,
        authorizer_payload_format_version: str | None = None,
        authorizer_result_ttl_in_seconds: int | None = None,
        enable_simple_responses: bool | None = None,
        identity_validation_expression: str | None = None,
        jwt_configuration: Json | None = None,
    ) -> Json:
        api = self.find(call, api_id)
        authorizer: Json = {
            "AuthorizerId": self.new_id(6),
            "AuthorizerType": authorizer_type,
            "IdentitySource": identity_source,
            "Name": name,
            **present(
                AuthorizerUri=authorizer_uri,
                AuthorizerCredentialsArn=authorizer_credentials_arn,
                AuthorizerPayloadFormatVersion=authorizer_payload_format_version,
                AuthorizerResultTtlInSeconds=authorizer_result_ttl_in_seconds,
                EnableSimpleResponses=enable_simple_responses,
                IdentityValidationExpression=identity_validation_expression,
                JwtConfiguration=jwt_configuration,
            ),
        }
        with_defaults(authorizer)
        if len(api.authorizers) >= _LIMIT:
            raise bad_request(f"Maximum number of authorizers for this API has been reached. Limit: {_LIMIT}")
        self.check_authorizer(api, authorizer)
        await self.check_issuer(authorizer)
        api.authorizers[authorizer["AuthorizerId"]] = authorizer
        self.changed(api)
        return authorizer

    @operation
    def get_authorizer(self, call: Call, *, api_id: str, authorizer_id: str) -> Json:
        return self._authorizer(call, api_id, authorizer_id)

    @operation
    def get_authorizers(
        self, call: Call, *, api_id: str, max_results: str | None = None, next_token: str | None = None
    ) -> Json:
        return page(list(self.find(call, api_id).authorizers.values()), max_results, next_token)

    @operation
    async def update_authorizer(
        self,
        call: Call,
        *,
        api_id: str,
        authorizer_id: str,
        authorizer_type: str | None = None,
        identity_source: list[str] | None = None,
        name: str | None = None,
        authorizer_uri: str | None = None,
        authorizer_credentials_arn: str | None = None,
        authorizer_payload_format_version: str | None = None,
        authorizer_result_ttl_in_seconds: int | None = None,
        enable_simple_responses: bool | None = None,
        identity_validation_expression: str | None = None,
        jwt_configuration: Json | None = None,
    ) -> Json:
        updated = {
            **self._authorizer(call, api_id, authorizer_id),
            **present(
                AuthorizerType=authorizer_type,
                IdentitySource=identity_source,
                Name=name,
                AuthorizerUri=authorizer_uri,
                AuthorizerCredentialsArn=authorizer_credentials_arn,
                AuthorizerPayloadFormatVersion=authorizer_payload_format_version,
                AuthorizerResultTtlInSeconds=authorizer_result_ttl_in_seconds,
                EnableSimpleResponses=enable_simple_responses,
                IdentityValidationExpression=identity_validation_expression,
                JwtConfiguration=jwt_configuration,
            ),
        }
        if authorizer_credentials_arn == "":
            del updated["AuthorizerCredentialsArn"]
        api = self.find(call, api_id)
        self.check_authorizer(api, updated)
        if jwt_configuration is not None:
            await self.check_issuer(updated)
        api.authorizers[authorizer_id] = updated
        self.changed(api)
        return updated

    @operation
    def delete_authorizer(self, call: Call, *, api_id: str, authorizer_id: str) -> None:
        self._authorizer(call, api_id, authorizer_id)
        api = self.find(call, api_id)
        using = [route["RouteKey"] for route in api.routes.values() if route.get("AuthorizerId") == authorizer_id]
        if using:
            raise conflict(f"Cannot delete authorizer '{authorizer_id}', is referenced in route: {using[0]}")
        del api.authorizers[authorizer_id]
        self.changed(api)

    def _authorizer(self, call: Call, api_id: str, authorizer_id: str) -> Json:
        authorizer = self.find(call, api_id).authorizers.get(authorizer_id)
        if authorizer is None:
            raise not_found(f"Invalid Authorizer identifier specified {authorizer_id}")
        return authorizer

    def check_authorizer(self, api: Api, authorizer: Json) -> None:
        """Raises BadRequestException, NotEmulated."""
        name = authorizer["Name"]
        others = (item for item in api.authorizers.values() if item["AuthorizerId"] != authorizer["AuthorizerId"])
        if any(item["Name"] == name for item in others):
            raise bad_request(f"Authorizer name must be unique. Authorizer {name} already exists in this API.")
        if "IdentityValidationExpression" in authorizer:
            raise bad_request("IdentityValidationExpression is not supported for HTTP APIs")
        if authorizer["AuthorizerType"] == "JWT":
            _check_jwt(authorizer)
        else:
            self._check_request(authorizer)

    def _check_request(self, authorizer: Json) -> None:
        sources = authorizer["IdentitySource"]
        for source in sources:
            if not _SOURCE.fullmatch(source):
                raise bad_request(f"Invalid identity source specified: {source}")
        if ":lambda:path/" not in authorizer.get("AuthorizerUri", ""):
            raise bad_request(
                f"Invalid Authorizer URI: {authorizer.get('AuthorizerUri', 'null')}. Authorizer URI should be a valid "
                "API Gateway ARN that represents a Lambda function invocation."
            )
        version = authorizer.get("AuthorizerPayloadFormatVersion")
        if version not in ("1.0", "2.0"):
            raise bad_request(
                "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizers: 1.0 or 2.0"
            )
        if authorizer.get("EnableSimpleResponses") and version != "2.0":
            raise bad_request("Simple responses are supported for the authorizer payload format version 2.0 only")
        if "JwtConfiguration" in authorizer:
            raise bad_request("JwtConfiguration is supported for JWT authorizers only")
        ttl = authorizer["AuthorizerResultTtlInSeconds"]
        if not 0 <= ttl <= 3600:
            raise bad_request("Authorizer result TTL must be between 0 and 3600 seconds")
        if ttl and not sources:
            raise bad_request("Identity source is required when authorizer caching is enabled")

    async def check_issuer(self, authorizer: Json) -> None:
        """Raises BadRequestException for an issuer without a discovery document, as AWS does when it is set. An issuer
        on the internet has a built-in one here."""
        if authorizer["AuthorizerType"] != "JWT":
            return
        issuer = authorizer["JwtConfiguration"]["Issuer"]
        if self.world.issuers.stand_for(issuer):
            self.world.issuers.named(issuer, authorizer["JwtConfiguration"]["Audience"])
            return
        try:
            await jwks_uri(issuer, self.world.outbound)
        except Unreachable as error:
            raise bad_request(
                f"Caught exception when connecting to {issuer.rstrip('/')}/.well-known/openid-configuration for issuer "
                f"{issuer}. Please try again later. Error: {error}"
            ) from error


def with_defaults(authorizer: Json) -> None:
    """A Lambda authorizer's results are remembered for 300 s where there is something to remember them by."""
    if authorizer["AuthorizerType"] == "REQUEST":
        authorizer.setdefault("AuthorizerResultTtlInSeconds", _DEFAULT_TTL if authorizer["IdentitySource"] else 0)


def _check_jwt(authorizer: Json) -> None:
    sources = authorizer["IdentitySource"]
    if len(sources) != 1 or not _TOKEN_SOURCE.fullmatch(sources[0]):
        raise bad_request("Identity source of a JWT authorizer must be one header or query string parameter")
    for member in (
        "AuthorizerUri",
        "AuthorizerCredentialsArn",
        "EnableSimpleResponses",
        "AuthorizerPayloadFormatVersion",
    ):
        if authorizer.get(member):
            raise bad_request(f"{member} is not supported for JWT authorizers")
    if authorizer.get("AuthorizerResultTtlInSeconds"):
        raise bad_request("AuthorizerResultTtlInSeconds is not supported for JWT authorizers")
    configuration = authorizer.get("JwtConfiguration") or {}
    if not configuration.get("Issuer"):
        raise bad_request("Issuer is a required parameter for JWT authorizers")
    if not configuration.get("Audience"):
        raise bad_request("Audience is a required parameter for JWT authorizers")
