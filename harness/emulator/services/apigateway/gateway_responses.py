"""Gateway responses: how an API answers what fails in the gateway (D1)."""

from __future__ import annotations

import copy
import re

from harness.emulator.api_gateway.answers import bad_request, not_found, present
from harness.emulator.call import Call
from harness.emulator.errors import NotEmulated
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.execution.failure import DEFAULT_TEMPLATE, RESPONSE_TYPES
from harness.emulator.services.apigateway.execution.gateway_response import effective
from harness.emulator.services.apigateway.execution.mapping import source
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.emulator.services.apigateway.patch import Patchable, text
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_TYPES = (*RESPONSE_TYPES, "DEFAULT_4XX", "DEFAULT_5XX")

_PATCHABLE = Patchable(scalars={"/statusCode": text}, maps={"/responseParameters": text, "/responseTemplates": text})


class GatewayResponses(ApiGatewayBase):
    """Put, read, update and delete gateway responses."""

    @operation
    def put_gateway_response(
        self,
        call: Call,
        *,
        rest_api_id: str,
        response_type: str,
        status_code: str | None = None,
        response_parameters: dict[str, str] | None = None,
        response_templates: dict[str, str] | None = None,
    ) -> Json:
        api = self._api(call, rest_api_id)
        document = put(api, response_type, status_code, response_parameters, response_templates)
        self._save(api)
        return copy.deepcopy(document)

    @operation
    def get_gateway_response(self, call: Call, *, rest_api_id: str, response_type: str) -> Json:
        return _shown(self._api(call, rest_api_id), response_type)

    @operation
    def get_gateway_responses(
        self, call: Call, *, rest_api_id: str, position: str | None = None, limit: int | None = None
    ) -> Json:
        api = self._api(call, rest_api_id)
        return page([_shown(api, response_type) for response_type in sorted(_TYPES)], position, limit or 500)

    @operation
    def update_gateway_response(
        self, call: Call, *, rest_api_id: str, response_type: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api = self._api(call, rest_api_id)
        document = _shown(api, response_type)
        for patch_operation in patch_operations or []:
            path = patch_operation.get("path") or ""
            if path == "/statusCode" and patch_operation.get("op") != "replace":
                raise bad_request("Invalid patch path /statusCode")
            match = re.match(r"/(responseParameters|responseTemplates)/", path)
            if match is not None and patch_operation.get("op") == "replace":
                key = path[match.end() :].replace("~1", "/").replace("~0", "~")
                if key not in document[match[1]]:
                    raise not_found("Invalid parameter name specified")
                if not patch_operation.get("value"):
                    raise bad_request(f"Invalid null or empty value in {match[1]}")
            _PATCHABLE.apply_one(document, patch_operation)
            document.setdefault("responseParameters", {})
            document.setdefault("responseTemplates", {})
        _check(document)
        document["defaultResponse"] = False
        api.gateway_responses[response_type] = document
        self._save(api)
        return copy.deepcopy(document)

    @operation
    def delete_gateway_response(self, call: Call, *, rest_api_id: str, response_type: str) -> None:
        api = self._api(call, rest_api_id)
        if response_type not in api.gateway_responses:
            raise not_found("Gateway response type not defined on api")
        del api.gateway_responses[response_type]
        self._save(api)


def is_known(response_type: str) -> bool:
    return response_type in _TYPES


def put(
    api: RestApi,
    response_type: str,
    status_code: str | None,
    response_parameters: dict[str, str] | None,
    response_templates: dict[str, str] | None,
) -> Json:
    """Set a gateway response; what PutGatewayResponse answers. Raises BadRequestException, NotEmulated."""
    document = present(
        responseType=response_type,
        statusCode=status_code or _default_status(response_type),
        responseParameters=response_parameters or {},
        responseTemplates=response_templates or {"application/json": DEFAULT_TEMPLATE},
        defaultResponse=False,
    )
    _check(document)
    # Kept apart from the answer: a status that was not set must not win over the failure's own.
    api.gateway_responses[response_type] = {**document, "statusCode": status_code}
    return document


def _default_status(response_type: str) -> str | None:
    known = RESPONSE_TYPES.get(response_type)
    return None if known is None else str(known.status)


def _shown(api: RestApi, response_type: str) -> Json:
    """What Get answers: the own setting, or what holds by default (that of DEFAULT_4XX or DEFAULT_5XX)."""
    own = api.gateway_responses.get(response_type)
    known = RESPONSE_TYPES.get(response_type)
    setting = own or (effective(api.gateway_responses, response_type, known.status) if known else {})
    return present(
        responseType=response_type,
        statusCode=setting.get("statusCode") or _default_status(response_type),
        responseParameters=dict(setting.get("responseParameters") or {}),
        responseTemplates=dict(setting.get("responseTemplates") or {"application/json": DEFAULT_TEMPLATE}),
        defaultResponse=own is None,
    )


def _check(document: Json) -> None:
    status = document.get("statusCode")
    if status is not None and not re.fullmatch(r"[1-5]\d\d", status):
        raise bad_request("Invalid status code")
    for template in document["responseTemplates"].values():
        try:
            Substitution(template)
        except ValueError as error:
            raise NotEmulated("apigateway", f"{error} in a gateway response") from error
    for target, expression in document["responseParameters"].items():
        try:
            if not target.startswith("gatewayresponse.header."):
                raise ValueError(target)
            source(expression)
        except ValueError as error:
            raise bad_request(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                f"[Invalid mapping expression specified: {error}]"
            ) from error
