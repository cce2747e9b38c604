"""API keys, usage plans, and which key is in which plan (D6)."""

from __future__ import annotations

import calendar
import copy
import re
import time

from harness.emulator.api_gateway.answers import bad_request, conflict, not_found, present
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.patch import Patchable, boolean, double, integer, text, unescape
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_PERIODS = ("DAY", "WEEK", "MONTH")
_KEY = Patchable(
    scalars={"/name": text, "/description": text, "/enabled": boolean, "/customerId": text},
    removable=frozenset({"/description", "/customerId"}),
)
_PLAN = Patchable(
    scalars={
        "/name": text,
        "/description": text,
        "/productCode": text,
        "/throttle/rateLimit": double,
        "/throttle/burstLimit": integer,
        "/quota/limit": integer,
        "/quota/offset": integer,
        "/quota/period": text,
    },
    removable=frozenset({"/description", "/productCode", "/throttle", "/quota"}),
)
_STAGE_PATH = re.compile(r"/apiStages/([^/:]+:[^/]+?)(?:/throttle(?:/(.+?))?(?:/(rateLimit|burstLimit))?)?")


class UsagePlans(ApiGatewayBase):
    """API keys, usage plans and their keys, usage."""

    # -- keys -------------------------------------------------------------------------------------------------

    @operation
    def create_api_key(
        self,
        call: Call,
        *,
        name: str | None = None,
        description: str | None = None,
        enabled: bool | None = None,
        generate_distinct_id: bool | None = None,
        value: str | None = None,
        customer_id: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        value = value or None  # Terraform sends "" for a key whose value API Gateway shall choose
        if value is not None and not 20 <= len(value) <= 128:
            raise bad_request("API Key value should be at least 20 characters")
        for key_id, other in self._keys.items():
            if key_id[:2] == (call.account, call.region) and value is not None and other["value"] == value:
                raise conflict("API Key already exists")
        alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        key = present(
            id=self._new_id(10),
            value=value or self.world.random_token(40, alphabet),
            name=name,
            customerId=customer_id,
            description=description,
            enabled=bool(enabled),
            createdDate=self._now(),
            lastUpdatedDate=self._now(),
            stageKeys=[],
            tags=tags or None,
        )
        self._keys.put((call.account, call.region, key["id"]), key)
        return dict(key)

    def _key(self, call: Call, key_id: str) -> Json:
        found: Json | None = self._keys.get((call.account, call.region, key_id))
        if found is None:
            raise not_found("Invalid API Key identifier specified")
        return found

    @operation
    def get_api_key(self, call: Call, *, api_key: str, include_value: bool | None = None) -> Json:
        return _shown_key(self._key(call, api_key), include_value)

    @operation
    def get_api_keys(
        self,
        call: Call,
        *,
        position: str | None = None,
        limit: int | None = None,
        name_query: str | None = None,
        customer_id: str | None = None,
        include_values: bool | None = None,
    ) -> Json:
        keys = [
            _shown_key(key, include_values)
            for row, key in self._keys.items()
            if row[:2] == (call.account, call.region)
            and (not name_query or key.get("name", "").startswith(name_query))
            and (not customer_id or key.get("customerId") == customer_id)
        ]
        return page(keys, position, limit)

    @operation
    def update_api_key(self, call: Call, *, api_key: str, patch_operations: list[Json] | None = None) -> Json:
        key = dict(self._key(call, api_key))
        _KEY.apply(key, patch_operations)
        key["lastUpdatedDate"] = self._now()
        self._keys.put((call.account, call.region, api_key), key)
        self._executor.keys.forget()
        return _shown_key(key, False)

    @operation
    def delete_api_key(self, call: Call, *, api_key: str) -> None:
        self._key(call, api_key)
        self._keys.delete((call.account, call.region, api_key))
        for row in self._plan_keys:
            if row[:2] == (call.account, call.region) and row[3] == api_key:
                self._plan_keys.delete(row)
        self._executor.keys.forget()

    # -- plans ------------------------------------------------------------------------------------------------

    @operation
    def create_usage_plan(
        self,
        call: Call,
        *,
        name: str,
        description: str | None = None,
        api_stages: list[Json] | None = None,
        throttle: Json | None = None,
        quota: Json | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        if quota is not None:
            quota = {"offset": 0, **quota}
        plan = present(
            id=self._new_id(),
            name=name,
            description=description or None,
            apiStages=api_stages or [],
            throttle=throttle,
            quota=quota,
            tags=tags or None,
        )
        _check_quota(plan)
        for stage in plan["apiStages"]:
            self._check_api_stage(call, plan["id"], stage.get("apiId", ""), stage.get("stage", ""))
        self._plans.put((call.account, call.region, plan["id"]), plan)
        self._executor.keys.forget()
        return copy.deepcopy(plan)

    def _check_api_stage(self, call: Call, plan_id: str, api_id: str, stage: str) -> None:
        api: RestApi | None = self._apis.get((call.account, call.region, api_id))
        if api is None or stage not in api.stages:
            raise not_found(f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan_id}")

    def _plan(self, call: Call, plan_id: str) -> Json:
        found: Json | None = self._plans.get((call.account, call.region, plan_id))
        if found is None:
            raise not_found("Invalid Usage Plan ID specified")
        return found

    @operation
    def get_usage_plan(self, call: Call, *, usage_plan_id: str) -> Json:
        return {"tags": {}, **copy.deepcopy(self._plan(call, usage_plan_id))}

    @operation
    def get_usage_plans(
        self, call: Call, *, position: str | None = None, key_id: str | None = None, limit: int | None = None
    ) -> Json:
        plans = [
            copy.deepcopy(plan)
            for row, plan in self._plans.items()
            if row[:2] == (call.account, call.region)
            and (key_id is None or (call.account, call.region, plan["id"], key_id) in self._plan_keys)
        ]
        return page(plans, position, limit)

    @operation
    def update_usage_plan(self, call: Call, *, usage_plan_id: str, patch_operations: list[Json] | None = None) -> Json:
        plan = copy.deepcopy(self._plan(call, usage_plan_id))
        for patch_operation in patch_operations or []:
            path = patch_operation.get("path") or ""
            if path == "/apiStages" or path.startswith("/apiStages/"):
                self._patch_stages(call, plan, patch_operation)
            else:
                _PLAN.apply_one(plan, patch_operation)
        if "quota" in plan:
            plan["quota"].setdefault("offset", 0)
        _check_quota(plan)
        self._plans.put((call.account, call.region, usage_plan_id), plan)
        self._executor.keys.forget()
        return {"tags": {}, **copy.deepcopy(plan)}

    def _patch_stages(self, call: Call, plan: Json, patch_operation: Json) -> None:
        op, path, value = patch_operation.get("op"), patch_operation["path"], patch_operation.get("value")
        stages: list[Json] = plan["apiStages"]
        if path == "/apiStages":
            api_id, colon, stage_name = (value or "").partition(":")
            if not colon or not api_id or not stage_name or op not in ("add", "remove"):
                raise bad_request("Invalid API Stage specified")
            found = [stage for stage in stages if stage["apiId"] == api_id and stage["stage"] == stage_name]
            if op == "remove":
                if not found:
                    raise not_found(
                        f"Invalid API Stage {{api: {api_id}, stage: {stage_name}}} specified for usageplan {plan['id']}"
                    )
                stages.remove(found[0])
            elif not found:
                self._check_api_stage(call, plan["id"], api_id, stage_name)
                stages.append({"apiId": api_id, "stage": stage_name})
            return
        match = _STAGE_PATH.fullmatch(path)
        stage = None
        if match is not None:
            stage = next((item for item in stages if f"{item['apiId']}:{item['stage']}" == match[1]), None)
        if match is None or stage is None:
            raise bad_request(f"Invalid patch path {path}")
        _, method, member = match.groups()
        if op == "remove":
            if method is None:
                stage.pop("throttle", None)
            else:
                stage.get("throttle", {}).pop(_method_key(stage, method), None)
        elif op in ("add", "replace") and method is not None and member is not None:
            own = stage.setdefault("throttle", {}).setdefault(_method_key(stage, method), {})
            own[member] = double(value or "") if member == "rateLimit" else integer(value or "")
        else:
            raise bad_request(f"Invalid patch path {path}")

    @operation
    def delete_usage_plan(self, call: Call, *, usage_plan_id: str) -> None:
        self._plan(call, usage_plan_id)
        self._plans.delete((call.account, call.region, usage_plan_id))
        for table in (self._plan_keys, self._usage):
            for row in table:
                if row[:3] == (call.account, call.region, usage_plan_id):
                    table.delete(row)
        self._executor.keys.forget()

    # -- keys of plans ----------------------------------------------------------------------------------------

    @operation
    def create_usage_plan_key(self, call: Call, *, usage_plan_id: str, key_id: str, key_type: str) -> Json:
        self._plan(call, usage_plan_id)
        key = self._key(call, key_id)
        if key_type != "API_KEY":
            raise bad_request("Invalid key type specified. Valid options are API_KEY")
        row = (call.account, call.region, usage_plan_id, key_id)
        if row in self._plan_keys:
            raise conflict(f"{key_id} is already associated with the Usage Plan {usage_plan_id}")
        self._plan_keys.put(row, key_type)
        self._executor.keys.forget()
        return _shown_plan_key(key, key_type)

    @operation
    def get_usage_plan_key(self, call: Call, *, usage_plan_id: str, key_id: str) -> Json:
        self._plan(call, usage_plan_id)
        kind = self._plan_keys.get((call.account, call.region, usage_plan_id, key_id))
        if kind is None:
            raise not_found(f"Invalid Usage Plan Key {key_id} specified")
        return _shown_plan_key(self._key(call, key_id), kind)

    @operation
    def get_usage_plan_keys(
        self,
        call: Call,
        *,
        usage_plan_id: str,
        position: str | None = None,
        limit: int | None = None,
        name_query: str | None = None,
    ) -> Json:
        self._plan(call, usage_plan_id)
        keys = [
            _shown_plan_key(self._key(call, row[3]), kind)
            for row, kind in self._plan_keys.items()
            if row[:3] == (call.account, call.region, usage_plan_id)
        ]
        return page([k for k in keys if not name_query or k.get("name", "").startswith(name_query)], position, limit)

    @operation
    def delete_usage_plan_key(self, call: Call, *, usage_plan_id: str, key_id: str) -> None:
        self._plan(call, usage_plan_id)
        if self._plan_keys.delete((call.account, call.region, usage_plan_id, key_id)) is None:
            raise not_found(f"Invalid Usage Plan Key {key_id} specified")
        self._executor.keys.forget()

    @operation
    def get_usage(
        self,
        call: Call,
        *,
        usage_plan_id: str,
        start_date: str,
        end_date: str,
        key_id: str | None = None,
    ) -> Json:
        plan = self._plan(call, usage_plan_id)
        try:
            first, last = (calendar.timegm(time.strptime(day, "%Y-%m-%d")) // 86400 for day in (start_date, end_date))
        except ValueError as error:
            raise bad_request("Invalid date specified, must be in the format yyyy-MM-dd") from error
        limit = (plan.get("quota") or {}).get("limit", 0)
        items: dict[str, list[list[int]]] = {}
        for row, used in self._usage.items():
            if row[:3] != (call.account, call.region, usage_plan_id) or (key_id and row[3] != key_id):
                continue
            days = [time.strftime("%Y-%m-%d", time.gmtime(day * 86400)) for day in range(first, last + 1)]
            items[row[3]] = [[used.get(day, 0), max(0, limit - used.get(day, 0))] for day in days]
        return {"usagePlanId": usage_plan_id, "startDate": start_date, "endDate": end_date, "items": items}


def _method_key(stage: Json, path: str) -> str:
    """The throttle map's key for a path as it stands in a patch (`/events/POST`, `~1events~1POST`)."""
    wanted = unescape(path).strip("/")
    existing = (key for key in stage.get("throttle") or {} if key.strip("/") == wanted)
    return next(existing, "/" + wanted)


def _check_quota(plan: Json) -> None:
    quota = plan.get("quota")
    if quota is not None and quota.get("period") not in _PERIODS:
        raise bad_request("Usage Plan quota must have a valid period: [DAY, WEEK, MONTH]")


def _shown_key(key: Json, include_value: bool | None) -> Json:
    shown = {"tags": {}, **key}
    if not include_value:
        del shown["value"]
    return shown


def _shown_plan_key(key: Json, kind: str) -> Json:
    return present(id=key["id"], type=kind, value=key["value"], name=key.get("name"))
