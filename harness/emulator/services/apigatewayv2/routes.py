"""Routes: a method and path template that lead to an integration."""

from __future__ import annotations

import re

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2.base import Base, page
from harness.emulator.services.apigatewayv2.state import Api
from harness.json_object import Json

_METHODS = ("ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_WITHOUT_AUTHORIZER = ("NONE", "AWS_IAM")
_AUTHORIZERS = {"JWT": "JWT", "CUSTOM": "REQUEST"}
"""Authorization type → the authorizer type that it needs."""
_SEGMENT = re.compile(r"[^{}/]+|\{[A-Za-z0-9._:-]+\}|\{[A-Za-z0-9._:-]+\+\}")


class Routes(Base):
    @operation
    def create_route(
        self,
        call: Call,
        *,
        api_id: str,
        route_key: str,
        target: str | None = None,
        authorization_type: str | None = None,
        authorizer_id: str | None = None,
        authorization_scopes: list[str] | None = None,
        api_key_required: bool | None = None,
        operation_name: str | None = None,
    ) -> Json:
        api = self.find(call, api_id)
        route: Json = {
            "ApiKeyRequired": bool(api_key_required),
            "AuthorizationType": authorization_type or "NONE",
            "RouteId": self.new_id(),
            "RouteKey": route_key,
            **present(
                Target=target,
                OperationName=operation_name,
                AuthorizerId=authorizer_id or None,
                AuthorizationScopes=authorization_scopes or None,
            ),
        }
        self._check_route(api, route)
        api.routes[route["RouteId"]] = route
        self.changed(api)
        return route

    @operation
    def get_route(self, call: Call, *, api_id: str, route_id: str) -> Json:
        return self._route(call, api_id, route_id)

    @operation
    def get_routes(
        self, call: Call, *, api_id: str, max_results: str | None = None, next_token: str | None = None
    ) -> Json:
        return page(list(self.find(call, api_id).routes.values()), max_results, next_token)

    @operation
    def update_route(
        self,
        call: Call,
        *,
        api_id: str,
        route_id: str,
        route_key: str | None = None,
        target: str | None = None,
        authorization_type: str | None = None,
        authorizer_id: str | None = None,
        authorization_scopes: list[str] | None = None,
        api_key_required: bool | None = None,
        operation_name: str | None = None,
    ) -> Json:
        updated = {
            **self._route(call, api_id, route_id),
            **present(
                RouteKey=route_key,
                Target=target,
                AuthorizationType=authorization_type,
                AuthorizerId=authorizer_id,
                AuthorizationScopes=authorization_scopes,
                ApiKeyRequired=api_key_required,
                OperationName=operation_name,
            ),
        }
        if updated["AuthorizationType"] in _WITHOUT_AUTHORIZER:
            updated.pop("AuthorizerId", None)
            updated.pop("AuthorizationScopes", None)
        if not updated.get("AuthorizationScopes"):
            updated.pop("AuthorizationScopes", None)
        api = self.find(call, api_id)
        self._check_route(api, updated)
        api.routes[route_id] = updated
        self.changed(api)
        return updated

    @operation
    def delete_route(self, call: Call, *, api_id: str, route_id: str) -> None:
        self._route(call, api_id, route_id)
        api = self.find(call, api_id)
        del api.routes[route_id]
        self.changed(api)

    def _route(self, call: Call, api_id: str, route_id: str) -> Json:
        route = self.find(call, api_id).routes.get(route_id)
        if route is None:
            raise not_found(f"Invalid Route identifier specified {route_id}")
        return route

    def _check_route(self, api: Api, route: Json) -> None:
        key = route["RouteKey"]
        if not valid_route_key(key):
            raise bad_request(
                "The provided route key is not formatted properly for HTTP protocol. "
                f"Format should be '<HTTP METHOD> /<RESOURCE PATH>' or '$default': {key}"
            )
        if any(r["RouteKey"] == key and r["RouteId"] != route["RouteId"] for r in api.routes.values()):
            raise conflict(f"Route with key {key} already exists for this API")
        self._check_authorization(api, route)
        if route["ApiKeyRequired"]:
            raise bad_request("ApiKeyRequired is not currently supported for HTTP APIs")
        target = route.get("Target")
        if target is not None:
            kind, _, integration_id = target.partition("/")
            if kind != "integrations" or integration_id not in api.integrations:
                raise bad_request(f"Invalid integration identifier specified: {target}")

    def _check_authorization(self, api: Api, route: Json) -> None:
        kind = route["AuthorizationType"]
        if kind not in (*_WITHOUT_AUTHORIZER, *_AUTHORIZERS):
            raise bad_request(f"Invalid authorization type specified: {kind}")
        if route.get("AuthorizationScopes") and kind != "JWT":
            raise bad_request("Authorization scopes are supported for the authorization type JWT only")
        if kind in _WITHOUT_AUTHORIZER:
            return
        authorizer = api.authorizers.get(route.get("AuthorizerId", ""))
        if authorizer is None or authorizer["AuthorizerType"] != _AUTHORIZERS[kind]:
            noun = "JWT authorizer" if kind == "JWT" else "authorizer"
            raise bad_request(
                f"Invalid authorizer ID specified. Setting the authorization type to {kind} requires a valid {noun}."
            )


def valid_route_key(key: str) -> bool:
    """`$default`, or a method and a path whose greedy label, if any, is its last segment."""
    if key == "$default":
        return True
    method, _, path = key.partition(" ")
    if method not in _METHODS or not path.startswith("/"):
        return False
    segments = path[1:].split("/") if path != "/" else []
    if not all(_SEGMENT.fullmatch(segment) for segment in segments):
        return False
    return not any(segment.endswith("+}") for segment in segments[:-1])
