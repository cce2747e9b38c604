"""What a document says about the API as a whole: its name and AWS's extensions at the top level."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.api_gateway.openapi import as_boolean, as_object, as_text, as_texts
from harness.emulator.errors import NotEmulated
from harness.emulator.services.apigateway import gateway_responses
from harness.emulator.services.apigateway.importing.progress import Import, check_extensions
from harness.emulator.services.apigateway.rest_apis import compression, key_source
from harness.json_object import Json

_KNOWN = frozenset(
    {
        "api-key-source",
        "binary-media-types",
        "documentation",
        "endpoint-configuration",
        "gateway-responses",
        "importexport-version",
        "minimum-compression-size",
        "policy",
        "request-validator",
        "request-validators",
    }
)
_ENDPOINT = frozenset({"types", "vpcEndpointIds", "disableExecuteApiEndpoint", "ipAddressType"})


def import_settings(progress: Import) -> None:
    """Fill the API's own document. Raises BadRequestException, NotEmulated."""
    root, info, document = progress.document.root, progress.document.info, progress.api.document
    check_extensions(root, _KNOWN, "of an API")
    if "x-amazon-apigateway-documentation" in root and not progress.documentation_ignored:
        raise NotEmulated(
            "apigateway", "the OpenAPI extension x-amazon-apigateway-documentation (ignore=documentation)"
        )
    for member, value in (
        ("name", info.get("title")),
        ("description", info.get("description")),
        ("version", info.get("version")),
    ):
        if (text := as_text(value)) is not None:
            document[member] = text
    if (source := root.get("x-amazon-apigateway-api-key-source")) is not None:
        document["apiKeySource"] = key_source(str(source).upper())
    if (types := root.get("x-amazon-apigateway-binary-media-types")) is not None:
        document["binaryMediaTypes"] = _strings(types, "x-amazon-apigateway-binary-media-types")
    if (size := root.get("x-amazon-apigateway-minimum-compression-size")) is not None:
        document["minimumCompressionSize"] = compression(size)
    if (policy := root.get("x-amazon-apigateway-policy")) is not None:
        document["policy"] = policy if isinstance(policy, str) else json.dumps(policy)
    _import_endpoint(document, root.get("x-amazon-apigateway-endpoint-configuration"))


def import_gateway_responses(progress: Import) -> None:
    found = as_object(progress.document.root.get("x-amazon-apigateway-gateway-responses"))
    for response_type, setting in found.items():
        with progress.attempt(f"put gateway response '{response_type}'"):
            if not gateway_responses.is_known(response_type):
                raise bad_request(f"Invalid response type specified: {response_type}")
            given = as_object(setting)
            gateway_responses.put(
                progress.api,
                response_type,
                as_text(given.get("statusCode")),
                as_texts(given.get("responseParameters")),
                as_texts(given.get("responseTemplates")),
            )


def import_validators(progress: Import) -> None:
    """`x-amazon-apigateway-request-validators`: a validator of the same name is changed, others are made."""
    for name, setting in as_object(progress.document.root.get("x-amazon-apigateway-request-validators")).items():
        given = as_object(setting)
        existing = next((item["id"] for item in progress.api.validators.values() if item.get("name") == name), None)
        validator_id = existing or progress.new_id()
        progress.api.validators[validator_id] = {
            "id": validator_id,
            "name": name,
            "validateRequestBody": as_boolean(given.get("validateRequestBody")) or False,
            "validateRequestParameters": as_boolean(given.get("validateRequestParameters")) or False,
        }


def _import_endpoint(document: Json, given: Any) -> None:
    if given is None:
        return
    if not isinstance(given, dict) or not set(given) <= _ENDPOINT:
        raise bad_request("Invalid endpoint configuration specified")
    endpoint = dict(document["endpointConfiguration"])
    for member in ("types", "vpcEndpointIds"):
        if member in given:
            endpoint[member] = _strings(given[member], member)
    if "ipAddressType" in given:
        endpoint["ipAddressType"] = str(given["ipAddressType"])
    if "disableExecuteApiEndpoint" in given:
        document["disableExecuteApiEndpoint"] = as_boolean(given["disableExecuteApiEndpoint"]) or False
    document["endpointConfiguration"] = endpoint


def _strings(value: Any, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise bad_request(f"Invalid value for {what}: a list of strings is needed")
    return list(value)
