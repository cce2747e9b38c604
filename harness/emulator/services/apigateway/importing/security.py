"""Security: schemes become authorizers, requirements become what a method asks for (D7)."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request, present
from harness.emulator.api_gateway.openapi import (
    as_integer,
    as_list,
    as_object,
    as_text,
    as_text_list,
)
from harness.emulator.services.apigateway.authorizers import Authorizers
from harness.emulator.services.apigateway.importing.progress import Import, check_extensions
from harness.json_object import Json

_AUTHORIZER = "x-amazon-apigateway-authorizer"
_AUTH_TYPE = "x-amazon-apigateway-authtype"
_MEMBERS = frozenset(
    {
        "type",
        "authorizerUri",
        "authorizerCredentials",
        "authorizerResultTtlInSeconds",
        "identitySource",
        "identityValidationExpression",
        "providerARNs",
    }
)
_TYPES = {"token": "TOKEN", "request": "REQUEST", "cognito_user_pools": "COGNITO_USER_POOLS"}


class ImportedSecurity(Authorizers):
    def _import_authorizers(self, progress: Import) -> None:
        """An authorizer for each scheme that has one; it takes the place of one of the same name."""
        for name, scheme in progress.document.security_schemes.items():
            check_extensions(scheme, frozenset({"authorizer", "authtype"}), "of a security scheme")
            if scheme.get(_AUTHORIZER) is None:
                continue
            given = as_object(scheme[_AUTHORIZER])
            for unknown in set(given) - _MEMBERS:
                raise self.refuse(f"{_AUTHORIZER} with {unknown}")
            with progress.attempt(f"create authorizer '{name}'"):
                kind = str(given.get("type") or "").lower()
                if kind not in _TYPES:
                    raise bad_request(f"Invalid authorizer type specified: {kind}")
                api = progress.api
                existing = next((item["id"] for item in api.authorizers.values() if item["name"] == name), None)
                authorizer = _authorizer(existing or progress.new_id(), name, scheme, given, _TYPES[kind])
                self._check_authorizer(authorizer)
                api.authorizers[authorizer["id"]] = authorizer


def _authorizer(authorizer_id: str, name: str, scheme: Json, given: Json, kind: str) -> Json:
    source = as_text(given.get("identitySource"))
    if kind == "TOKEN" and not source:
        source = f"method.request.header.{scheme.get('name')}"
    ttl = as_integer(given.get("authorizerResultTtlInSeconds"))
    return present(
        id=authorizer_id,
        name=name,
        type=kind,
        authType=as_text(scheme.get(_AUTH_TYPE)) or "custom",
        authorizerUri=as_text(given.get("authorizerUri")),
        authorizerCredentials=as_text(given.get("authorizerCredentials")),
        identitySource=source,
        identityValidationExpression=as_text(given.get("identityValidationExpression")),
        authorizerResultTtlInSeconds=300 if ttl is None else ttl,
    )


def authorization(progress: Import, operation: Json) -> Json:
    """What an operation's security requirements (else the API's) mean for its method.

    Members `authorizationType`, `authorizerId`, `authorizationScopes`, `apiKeyRequired`.
    """
    document = progress.document
    found: Json = {"authorizationType": "NONE", "apiKeyRequired": False}
    if own := as_object(operation.get("x-amazon-apigateway-auth")):
        found["authorizationType"] = str(own.get("type") or "NONE").upper()
    requirements = as_list(operation.get("security", document.root.get("security")))
    schemes = document.security_schemes
    ids = {authorizer["name"]: authorizer["id"] for authorizer in progress.api.authorizers.values()}
    for requirement in requirements:
        for name, scopes in as_object(requirement).items():
            scheme = schemes.get(name)
            if name in ids:
                if found["authorizationType"] == "NONE":
                    found |= present(
                        authorizationType="CUSTOM",
                        authorizerId=ids[name],
                        authorizationScopes=as_text_list(scopes) or None,
                    )
            elif scheme is None:
                # `NONE` is what SAM writes for a method that is open although the API has a default authorizer.
                if name != "NONE":
                    progress.warnings.append(f"Security scheme '{name}' not found. Ignoring.")
            elif scheme.get(_AUTH_TYPE) == "awsSigv4":
                found["authorizationType"] = "AWS_IAM"
            elif scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key":
                found["apiKeyRequired"] = True
            elif _AUTHORIZER not in scheme:
                progress.warnings.append(f"Security scheme '{name}' of type {scheme.get('type')} is not supported.")
    return found
