"""A stage at run time: its deployment, variables, method settings and log formats."""

from __future__ import annotations

from harness.emulator.services.apigateway import policies
from harness.emulator.services.apigateway.execution.compiled import CompiledApi, CompiledMethod
from harness.emulator.services.apigateway.execution.substitution import Substitution
from harness.emulator.services.apigateway.method_settings import setting_for
from harness.emulator.token_bucket import TokenBucket
from harness.json_object import Json


class Stage:
    """Built when a request first comes after a change of the stage; throttle states begin anew then."""

    def __init__(self, account: str, region: str, api_id: str, document: Json, api: CompiledApi) -> None:
        self.account: str = account
        self.region: str = region
        self.api_id: str = api_id
        self.api = api
        self.name: str = document["stageName"]
        self.deployment_id: str = document["deploymentId"]
        self.variables: dict[str, str] = document.get("variables") or {}
        self.domain_name: str = f"{api_id}.execute-api.{region}.amazonaws.com"
        self.settings: dict[str, Json] = document.get("methodSettings") or {}
        self.arn = f"arn:aws:execute-api:{region}:{account}:{api_id}/{self.name}"
        self.policy = policies.with_whole_arns(api.policy, self.arn.rpartition("/")[0]) if api.policy else None
        access_log = document.get("accessLogSettings") or {}
        self.access_log_destination: str = access_log.get("destinationArn", "")
        self.access_log_format = Substitution(access_log.get("format", ""), missing="-")
        self._methods: dict[int, MethodSettings] = {}

    def method_settings(self, method: CompiledMethod, now: float) -> MethodSettings:
        """What is set for a method: its own settings, else those of `*/*`."""
        found = self._methods.get(id(method))
        if found is None:
            setting = setting_for(self.settings, method.resource_path, method.http_method)
            found = self._methods[id(method)] = MethodSettings(setting, now)
        return found


class MethodSettings:
    """The settings that matter at run time."""

    __slots__ = ("bucket", "data_trace", "log_level", "metrics")

    def __init__(self, setting: Json, now: float) -> None:
        self.log_level: str = setting.get("loggingLevel") or "OFF"
        self.data_trace: bool = setting.get("dataTraceEnabled", False)
        self.metrics: bool = setting.get("metricsEnabled", False)
        self.bucket: TokenBucket | None = None
        if "throttlingRateLimit" in setting or "throttlingBurstLimit" in setting:
            rate = setting.get("throttlingRateLimit", 10000.0)
            self.bucket = TokenBucket(rate, setting.get("throttlingBurstLimit", 5000), now)
