"""HTTP APIs themselves: create, read, update, delete, CORS, tags."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2.base import Base, page
from harness.emulator.services.apigatewayv2.state import Api
from harness.json_object import Json


class Apis(Base):
    @operation
    def create_api(
        self,
        call: Call,
        *,
        name: str,
        protocol_type: str,
        description: str | None = None,
        version: str | None = None,
        cors_configuration: Json | None = None,
        disable_execute_api_endpoint: bool | None = None,
        route_selection_expression: str | None = None,
        api_key_selection_expression: str | None = None,
        ip_address_type: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        """An HTTP API (D9). WebSocket APIs are refused by name."""
        if protocol_type != "HTTP":
            raise self.refuse(f"CreateApi with ProtocolType {protocol_type}")
        attributes = self.new_attributes(call, name) | present(
            ApiKeySelectionExpression=api_key_selection_expression,
            DisableExecuteApiEndpoint=disable_execute_api_endpoint,
            IpAddressType=ip_address_type,
            RouteSelectionExpression=route_selection_expression,
            Tags=tags,
            Description=description,
            Version=version,
            CorsConfiguration=cors_configuration,
        )
        self.check_attributes(attributes)
        self.save(Api(call.account, call.region, attributes))
        return attributes

    def new_attributes(self, call: Call, name: str) -> Json:
        """The members of a new HTTP API with nothing but a name."""
        api_id = self.world.random_token(10)
        return {
            "ApiEndpoint": f"https://{api_id}.execute-api.{call.region}.amazonaws.com",
            "ApiId": api_id,
            "ApiKeySelectionExpression": "$request.header.x-api-key",
            "CreatedDate": self.world.clock.now(),
            "DisableExecuteApiEndpoint": False,
            "IpAddressType": "ipv4",
            "Name": name,
            "ProtocolType": "HTTP",
            "RouteSelectionExpression": "$request.method $request.path",
            "Tags": {},
        }

    def check_attributes(self, attributes: Json) -> None:
        """Raises BadRequestException."""
        _check_route_selection(attributes)
        _check_cors(attributes.get("CorsConfiguration"))

    @operation
    def get_api(self, call: Call, *, api_id: str) -> Json:
        return self.find(call, api_id).attributes

    @operation
    def get_apis(self, call: Call, *, max_results: str | None = None, next_token: str | None = None) -> Json:
        here = (call.account, call.region)
        return page(
            [a.attributes for a in self.apis.values() if (a.account, a.region) == here], max_results, next_token
        )

    @operation
    def update_api(
        self,
        call: Call,
        *,
        api_id: str,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        cors_configuration: Json | None = None,
        disable_execute_api_endpoint: bool | None = None,
        route_selection_expression: str | None = None,
        api_key_selection_expression: str | None = None,
        ip_address_type: str | None = None,
    ) -> Json:
        api = self.find(call, api_id)
        changes = present(
            Name=name,
            Description=description,
            Version=version,
            CorsConfiguration=cors_configuration,
            DisableExecuteApiEndpoint=disable_execute_api_endpoint,
            RouteSelectionExpression=route_selection_expression,
            ApiKeySelectionExpression=api_key_selection_expression,
            IpAddressType=ip_address_type,
        )
        self.check_attributes({**api.attributes, **changes})
        api.attributes.update(changes)
        self.changed(api)
        return api.attributes

    @operation
    def delete_api(self, call: Call, *, api_id: str) -> None:
        self.find(call, api_id)
        self.apis.delete(api_id)

    @operation
    def delete_cors_configuration(self, call: Call, *, api_id: str) -> None:
        api = self.find(call, api_id)
        api.attributes.pop("CorsConfiguration", None)
        self.changed(api)

    @operation
    def get_tags(self, call: Call, *, resource_arn: str) -> Json:
        return {"Tags": self._tags(call, resource_arn)[1]}

    @operation
    def tag_resource(self, call: Call, *, resource_arn: str, tags: dict[str, str] | None = None) -> Json:
        api, current = self._tags(call, resource_arn)
        current.update(tags or {})
        self.save(api)
        return {}

    @operation
    def untag_resource(self, call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
        api, current = self._tags(call, resource_arn)
        for key in tag_keys:
            current.pop(key, None)
        self.save(api)

    def _tags(self, call: Call, arn: str) -> tuple[Api, dict[str, str]]:
        """The tags of `arn:aws:apigateway:<region>::/apis/<id>[/stages/<name>]`, to be changed in place."""
        parts = arn.rpartition("::/")[2].split("/")
        if parts[0] != "apis" or len(parts) not in (2, 4):
            raise not_found("Invalid resource identifier specified")
        api = self.find(call, parts[1])
        if len(parts) == 2:
            return api, api.attributes.setdefault("Tags", {})
        stage = api.stages.get(parts[3])
        if stage is None:
            raise not_found("Invalid stage identifier specified")
        return api, stage.setdefault("Tags", {})


def _check_route_selection(attributes: Json) -> None:
    if attributes["RouteSelectionExpression"] not in (
        "$request.method $request.path",
        "${request.method} ${request.path}",
    ):
        raise bad_request(
            "Invalid RouteSelectionExpression: only ${request.method} ${request.path} is supported for HTTP APIs"
        )


def _check_cors(cors: Json | None) -> None:
    if cors and cors.get("AllowCredentials") and "*" in cors.get("AllowOrigins", []):
        raise bad_request("allowOrigins cannot be * when allowCredentials is true")
