"""Integrations: Lambda proxy (payload 1.0 and 2.0), the first-class Kinesis-PutRecord, HTTP proxy."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2.base import Base, page
from harness.emulator.services.apigatewayv2.execution.http_proxy import is_reached
from harness.json_object import Json

_SUBTYPES = ("Kinesis-PutRecord",)


class Integrations(Base):
    @operation
    def create_integration(
        self,
        call: Call,
        *,
        api_id: str,
        integration_type: str,
        integration_uri: str | None = None,
        integration_subtype: str | None = None,
        integration_method: str | None = None,
        connection_type: str | None = None,
        credentials_arn: str | None = None,
        description: str | None = None,
        payload_format_version: str | None = None,
        request_parameters: dict[str, str] | None = None,
        timeout_in_millis: int | None = None,
    ) -> Json:
        api = self.find(call, api_id)
        integration = with_defaults(
            self.new_id(),
            present(
                ConnectionType=connection_type,
                CredentialsArn=credentials_arn,
                Description=description,
                IntegrationMethod=integration_method,
                IntegrationSubtype=integration_subtype,
                IntegrationType=integration_type,
                IntegrationUri=integration_uri,
                PayloadFormatVersion=payload_format_version,
                RequestParameters=request_parameters,
                TimeoutInMillis=timeout_in_millis,
            ),
        )
        self._check_integration(integration)
        api.integrations[integration["IntegrationId"]] = integration
        self.changed(api)
        return integration

    @operation
    def get_integration(self, call: Call, *, api_id: str, integration_id: str) -> Json:
        return self._integration(call, api_id, integration_id)

    @operation
    def get_integrations(
        self, call: Call, *, api_id: str, max_results: str | None = None, next_token: str | None = None
    ) -> Json:
        return page(list(self.find(call, api_id).integrations.values()), max_results, next_token)

    @operation
    def update_integration(
        self,
        call: Call,
        *,
        api_id: str,
        integration_id: str,
        integration_type: str | None = None,
        integration_uri: str | None = None,
        integration_subtype: str | None = None,
        integration_method: str | None = None,
        connection_type: str | None = None,
        credentials_arn: str | None = None,
        description: str | None = None,
        payload_format_version: str | None = None,
        request_parameters: dict[str, str] | None = None,
        timeout_in_millis: int | None = None,
    ) -> Json:
        current = self._integration(call, api_id, integration_id)
        updated = {
            **current,
            **present(
                IntegrationType=integration_type,
                IntegrationUri=integration_uri,
                IntegrationSubtype=integration_subtype,
                IntegrationMethod=integration_method,
                ConnectionType=connection_type,
                CredentialsArn=credentials_arn,
                Description=description,
                PayloadFormatVersion=payload_format_version,
                TimeoutInMillis=timeout_in_millis,
            ),
        }
        if request_parameters is not None:
            # An empty value removes a mapping; the others stay.
            merged = {**current.get("RequestParameters", {}), **request_parameters}
            updated["RequestParameters"] = {key: value for key, value in merged.items() if value}
        self._check_integration(updated)
        api = self.find(call, api_id)
        api.integrations[integration_id] = updated
        self.changed(api)
        return updated

    @operation
    def delete_integration(self, call: Call, *, api_id: str, integration_id: str) -> None:
        self._integration(call, api_id, integration_id)
        api = self.find(call, api_id)
        target = f"integrations/{integration_id}"
        using = [route["RouteKey"] for route in api.routes.values() if route.get("Target") == target]
        if using:
            raise conflict(f"Cannot delete integration {integration_id} because it is the target of route {using[0]}")
        del api.integrations[integration_id]
        self.changed(api)

    def _integration(self, call: Call, api_id: str, integration_id: str) -> Json:
        integration = self.find(call, api_id).integrations.get(integration_id)
        if integration is None:
            raise not_found(f"Invalid Integration identifier specified {integration_id}")
        return integration

    def _check_integration(self, integration: Json) -> None:
        """Refuse by name what is not executed here, and with AWS's code what AWS refuses."""
        if integration["IntegrationType"] not in ("AWS_PROXY", "HTTP_PROXY"):
            raise self.refuse(f"IntegrationType {integration['IntegrationType']}")
        if integration["ConnectionType"] != "INTERNET":
            raise self.refuse(f"ConnectionType {integration['ConnectionType']}")
        if integration["PayloadFormatVersion"] not in ("1.0", "2.0"):
            raise bad_request("PayloadFormatVersion must be 1.0 or 2.0")
        if not 50 <= integration["TimeoutInMillis"] <= 30000:
            raise bad_request("Timeout should be between 50 ms and 30000 ms")
        subtype = integration.get("IntegrationSubtype")
        if integration["IntegrationType"] == "HTTP_PROXY":
            self._check_http_proxy(integration)
            return
        if subtype is None:
            if ":lambda:" not in integration.get("IntegrationUri", ""):
                raise bad_request("Invalid integration URI specified: a Lambda function is needed")
            if integration.get("RequestParameters"):
                raise self.refuse("RequestParameters of a Lambda integration")
            return
        if subtype not in _SUBTYPES:
            raise self.refuse(f"IntegrationSubtype {subtype}")
        if integration["PayloadFormatVersion"] != "1.0":
            raise bad_request("PayloadFormatVersion must be 1.0 for service integrations")
        if "CredentialsArn" not in integration:
            raise bad_request("CredentialsArn is required for service integrations")
        missing = {"StreamName", "Data", "PartitionKey"} - set(integration.get("RequestParameters", {}))
        if missing:
            raise bad_request(f"Missing required request parameters: {', '.join(sorted(missing))}")

    def _check_http_proxy(self, integration: Json) -> None:
        uri = integration.get("IntegrationUri", "")
        if not uri.startswith(("http://", "https://")):
            raise bad_request("Invalid integration URI specified: an HTTP endpoint is needed")
        if not is_reached(uri, self.world.outbound):
            raise self.refuse(f"HTTP_PROXY to {uri}, which is neither this machine nor allowed by --allow-host,")
        if integration.get("RequestParameters"):
            raise self.refuse("RequestParameters of an HTTP_PROXY integration")
        if "CredentialsArn" in integration or "IntegrationSubtype" in integration:
            raise bad_request("HTTP_PROXY integrations have neither credentials nor a subtype")
        if integration["PayloadFormatVersion"] != "1.0":
            raise bad_request("PayloadFormatVersion must be 1.0 for HTTP_PROXY integrations")


def with_defaults(integration_id: str, given: Json) -> Json:
    """A new integration: what was given, and AWS's defaults."""
    integration = {
        "ConnectionType": "INTERNET",
        "IntegrationId": integration_id,
        "PayloadFormatVersion": "1.0",
        "TimeoutInMillis": 30000,
        **given,
    }
    if "IntegrationSubtype" in integration:
        integration.pop("IntegrationMethod", None)
    else:
        integration.setdefault("IntegrationMethod", "POST")
    return integration
