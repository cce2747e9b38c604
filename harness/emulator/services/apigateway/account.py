"""The account's settings, and tags of APIs, stages, keys and plans."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.emulator.api_gateway.answers import bad_request, not_found
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.patch import Patchable, text
from harness.json_object import Json

_ARN = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+::/(\w+)/([^/]+)(?:/stages/([^/]+))?")
_PATCHABLE = Patchable(
    scalars={"/cloudwatchRoleArn": text}, removable=frozenset({"/cloudwatchRoleArn"}), lists=frozenset({"/features"})
)


class Account(ApiGatewayBase):
    """GetAccount, UpdateAccount, and the tag operations."""

    @operation
    def get_account(self, call: Call) -> Json:
        stored = self._accounts.get((call.account, call.region)) or {}
        return {
            "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
            "features": ["UsagePlans"],
            "apiKeyVersion": "4",
            **stored,
        }

    @operation
    def update_account(self, call: Call, *, patch_operations: list[Json] | None = None) -> Json:
        account = dict(self._accounts.get((call.account, call.region)) or {})
        for patch_operation in patch_operations or []:
            if (patch_operation.get("path") or "").startswith("/features"):
                continue  # UsagePlans is the only feature, and always on
            _PATCHABLE.apply_one(account, patch_operation)
        role = account.get("cloudwatchRoleArn")
        if role and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", role):
            raise bad_request("Invalid ARN specified in the request")
        self._accounts.put((call.account, call.region), account)
        return self.get_account(call)

    # -- tags -------------------------------------------------------------------------------------------------

    def _tagged(self, call: Call, arn: str) -> tuple[Json, Callable[[], None]]:
        """The document behind an ARN, and what saves it. Raises BadRequestException or NotFoundException."""
        match = _ARN.fullmatch(arn)
        if match is None:
            raise bad_request("Invalid ARN specified in the request")
        kind, name, stage = match.groups()
        row = (call.account, call.region, name)
        if kind == "restapis":
            api = self._api(call, name)
            return (api.stage(stage) if stage else api.document), lambda: self._save(api)
        table = {"apikeys": self._keys, "usageplans": self._plans}.get(kind)
        if table is None:
            raise self.refuse(f"tags of {kind}")
        document = table.get(row)
        if document is None:
            raise not_found("Invalid resource identifier specified")
        return document, lambda: table.put(row, document)

    @operation
    def get_tags(self, call: Call, *, resource_arn: str, position: str | None = None, limit: int | None = None) -> Json:
        return {"tags": dict(self._tagged(call, resource_arn)[0].get("tags") or {})}

    @operation
    def tag_resource(self, call: Call, *, resource_arn: str, tags: dict[str, str]) -> None:
        document, save = self._tagged(call, resource_arn)
        merged = {**(document.get("tags") or {}), **tags}
        if len(merged) > 50:
            raise bad_request("The number of tags exceeds the limit of 50")
        document["tags"] = merged
        save()

    @operation
    def untag_resource(self, call: Call, *, resource_arn: str, tag_keys: list[str]) -> None:
        document, save = self._tagged(call, resource_arn)
        document["tags"] = {key: value for key, value in (document.get("tags") or {}).items() if key not in tag_keys}
        save()
