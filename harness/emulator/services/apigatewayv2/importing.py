"""What an OpenAPI document means for an HTTP API: documents of integrations, routes and authorizers (D9)."""

from __future__ import annotations

from typing import Any

from harness.emulator.api_gateway.answers import bad_request, present
from harness.emulator.api_gateway.openapi import (
    Document,
    Operation,
    as_boolean,
    as_integer,
    as_list,
    as_object,
    as_text,
    as_text_list,
    as_texts,
    path_with_base,
)
from harness.emulator.errors import NotEmulated
from harness.json_object import Json

_PREFIX = "x-amazon-apigateway-"
_TAG = f"{_PREFIX}tag-value"
_INFO = {"title": "Name", "description": "Description", "version": "Version"}
INTEGRATION = f"{_PREFIX}integration"
_AUTHORIZER = f"{_PREFIX}authorizer"
_KNOWN = frozenset({"cors", "endpoint-configuration", "importexport-version", "integrations", "tag-value"})
_OPERATION = frozenset({"integration", "auth"})
_CORS = {
    "allowCredentials": "AllowCredentials",
    "allowHeaders": "AllowHeaders",
    "allowMethods": "AllowMethods",
    "allowOrigins": "AllowOrigins",
    "exposeHeaders": "ExposeHeaders",
    "maxAge": "MaxAge",
}
_CORS_SCALARS = ("allowCredentials", "maxAge")
_AUTHORIZER_MEMBERS = frozenset(
    {
        "type",
        "authorizerUri",
        "authorizerCredentials",
        "authorizerPayloadFormatVersion",
        "authorizerResultTtlInSeconds",
        "enableSimpleResponses",
        "identitySource",
        "identityValidationExpression",
        "jwtConfiguration",
    }
)
_REST_ONLY = frozenset(
    {"passthroughBehavior", "cacheNamespace", "cacheKeyParameters", "requestTemplates", "contentHandling", "responses"}
)
_MEMBERS = {
    "type": "IntegrationType",
    "uri": "IntegrationUri",
    "httpMethod": "IntegrationMethod",
    "integrationSubtype": "IntegrationSubtype",
    "payloadFormatVersion": "PayloadFormatVersion",
    "credentials": "CredentialsArn",
    "connectionType": "ConnectionType",
    "requestParameters": "RequestParameters",
    "timeoutInMillis": "TimeoutInMillis",
}


def check_extensions(node: Json, where: str, known: frozenset[str] = _KNOWN) -> None:
    """Raises NotEmulated for an AWS extension that is not read at this place (law 1)."""
    for name in node:
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in known:
            raise NotEmulated("apigatewayv2", f"the OpenAPI extension {name} {where}")


def attributes(document: Document, warnings: list[str]) -> Json:
    """The API's own members that the document names; no `CorsConfiguration` where it has none."""
    root, info = document.root, document.info
    check_extensions(root, "of an API")
    check_extensions(document.components, "of the components")
    endpoint = as_object(root.get(f"{_PREFIX}endpoint-configuration"))
    for member in endpoint:
        if member != "disableExecuteApiEndpoint":
            raise NotEmulated("apigatewayv2", f"the OpenAPI extension {_PREFIX}endpoint-configuration with {member}")
    texts = {name: as_text(info.get(key)) for key, name in _INFO.items()}
    return present(
        **texts,
        CorsConfiguration=_cors(root.get(f"{_PREFIX}cors"), warnings),
        DisableExecuteApiEndpoint=as_boolean(endpoint.get("disableExecuteApiEndpoint")),
    )


def tags(document: Document) -> dict[str, str]:
    """Of the document's tags those with a value for AWS."""
    found = [as_object(tag) for tag in as_list(document.root.get("tags"))]
    return {str(tag.get("name")): as_text(tag[_TAG]) or "" for tag in found if _TAG in tag}


def _cors(given: Any, warnings: list[str]) -> Json | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not set(given) <= set(_CORS):
        warnings.append("CORS Scheme is malformed, ignoring.")
        return None
    found: Json = {_CORS[name]: as_text_list(given.get(name)) for name in given if name not in _CORS_SCALARS}
    return found | present(
        AllowCredentials=as_boolean(given.get("allowCredentials")), MaxAge=as_integer(given.get("maxAge"))
    )


def authorizers(document: Document) -> dict[str, Json]:
    """Scheme name → authorizer, without its id."""
    found: dict[str, Json] = {}
    for name, scheme in document.security_schemes.items():
        check_extensions(scheme, "of a security scheme", frozenset({"authorizer", "authtype"}))
        if scheme.get(_AUTHORIZER) is None:
            continue
        given = as_object(scheme[_AUTHORIZER])
        for unknown in set(given) - _AUTHORIZER_MEMBERS:
            raise NotEmulated("apigatewayv2", f"{_AUTHORIZER} with {unknown}")
        kind = str(given.get("type") or "").upper()
        if kind not in ("JWT", "REQUEST"):
            raise bad_request(f"Invalid authorizer type specified: {given.get('type')}")
        configuration = as_object(given.get("jwtConfiguration"))
        found[name] = present(
            AuthorizerType=kind,
            Name=name,
            IdentitySource=_sources(given.get("identitySource")),
            AuthorizerUri=as_text(given.get("authorizerUri")),
            AuthorizerCredentialsArn=as_text(given.get("authorizerCredentials")),
            # A number in many a document: SAM passes on what the template has.
            AuthorizerPayloadFormatVersion=as_text(given.get("authorizerPayloadFormatVersion")),
            AuthorizerResultTtlInSeconds=as_integer(given.get("authorizerResultTtlInSeconds")),
            EnableSimpleResponses=as_boolean(given.get("enableSimpleResponses")),
            IdentityValidationExpression=as_text(given.get("identityValidationExpression")),
            JwtConfiguration={
                "Issuer": as_text(configuration.get("issuer")),
                "Audience": as_text_list(configuration.get("audience")),
            }
            if kind == "JWT"
            else None,
        )
    return found


def _sources(given: Any) -> list[str]:
    """A list, or a text with commas."""
    if isinstance(given, str):
        return [item.strip() for item in given.split(",") if item.strip()]
    return as_text_list(given)


def route_key(operation: Operation, document: Document, base_path_mode: str) -> str:
    if operation.path == "$default" or operation.document.get("isDefaultRoute"):
        return "$default"
    return f"{operation.method} {path_with_base(operation.path, document.base_path, base_path_mode)}"


def _parsed(member: str, value: Any) -> Any:
    if member == "requestParameters":
        return as_texts(value)
    return as_integer(value) if member == "timeoutInMillis" else as_text(value)


def integration(document: Document, operation: Operation, warnings: list[str]) -> Json | None:
    """The operation's integration without its id and without defaults; None, and a warning, if it has none."""
    where = f"{operation.method} {operation.path}"
    check_extensions(operation.document, f"of {where}", _OPERATION)
    if operation.document.get(INTEGRATION) is None:
        warnings.append(f"No integration defined for {where}.")
        return None
    found: Json = {}
    for name, value in document.resolve(operation.document[INTEGRATION]).items():
        if name in _MEMBERS:
            found[_MEMBERS[name]] = _parsed(name, value)
        elif name in _REST_ONLY:
            warnings.append(f"{name} of the integration of {where} is not supported for HTTP APIs. Ignoring.")
        else:
            raise NotEmulated("apigatewayv2", f"{INTEGRATION} with {name}")
    found["IntegrationType"] = str(found.get("IntegrationType") or "").upper()
    return present(**found)


def authorization(document: Document, operation: Operation, ids: dict[str, str], warnings: list[str]) -> Json:
    """The route's members `AuthorizationType`, `AuthorizerId` and `AuthorizationScopes`. `ids`: by scheme name.

    Raises LookupError for a scheme whose authorizer could not be made (its id is empty).
    """
    own = as_object(operation.document.get(f"{_PREFIX}auth"))
    if own:
        return {"AuthorizationType": str(own.get("type") or "NONE").upper()}
    schemes = document.security_schemes
    for requirement in as_list(operation.document.get("security", document.root.get("security"))):
        for name, scopes in as_object(requirement).items():
            scheme = schemes.get(name)
            if name in ids:
                if not ids[name]:
                    raise LookupError(name)
                is_jwt = as_object(as_object(scheme)[_AUTHORIZER]).get("type") == "jwt"
                return present(
                    AuthorizationType="JWT" if is_jwt else "CUSTOM",
                    AuthorizerId=ids[name],
                    AuthorizationScopes=as_text_list(scopes) or None if is_jwt else None,
                )
            if scheme is not None and scheme.get(f"{_PREFIX}authtype") == "awsSigv4":
                return {"AuthorizationType": "AWS_IAM"}
            # `NONE` is what SAM writes for a route that is open although the API has a default authorizer.
            if name != "NONE":
                warnings.append(f"Security scheme '{name}' is not supported. Ignoring.")
    return {"AuthorizationType": "NONE"}
