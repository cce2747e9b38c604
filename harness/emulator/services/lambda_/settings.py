"""A function's settings apart from its configuration: concurrency, asynchronous invocation, tags, and what clients
read beside them."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.archive import MAX_UNZIPPED_BYTES
from harness.emulator.services.lambda_.base import LambdaBase, page
from harness.emulator.services.lambda_.execution.platform_log import runtime_version_arn
from harness.emulator.services.lambda_.model import EventInvokeConfig, Function
from harness.emulator.services.lambda_.names import FunctionName
from harness.json_object import Json

ACCOUNT_CONCURRENCY = 1000
MIN_UNRESERVED = 100
_ZIPPED = 52_428_800
_CODE_SIZE = 80_530_636_800


class Settings(LambdaBase):
    """Reserved concurrency (C6), event invoke configurations (C7), tags, account settings."""

    # -- concurrency ------------------------------------------------------------------------------------------

    @operation
    def put_function_concurrency(self, call: Call, *, function_name: str, reserved_concurrent_executions: int) -> Json:
        function, _ = self.find(call, function_name)
        others = self._reserved(call) - (function.reserved_concurrency or 0)
        if ACCOUNT_CONCURRENCY - others - reserved_concurrent_executions < MIN_UNRESERVED:
            raise names.invalid(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                f"UnreservedConcurrentExecution below its minimum value of [{MIN_UNRESERVED}]."
            )
        function.reserved_concurrency = reserved_concurrent_executions
        self.functions.put(function.key, function)
        return {"ReservedConcurrentExecutions": reserved_concurrent_executions}

    @operation
    def get_function_concurrency(self, call: Call, *, function_name: str) -> Json:
        function, _ = self.find(call, function_name)
        if function.reserved_concurrency is None:
            return {}
        return {"ReservedConcurrentExecutions": function.reserved_concurrency}

    @operation
    def delete_function_concurrency(self, call: Call, *, function_name: str) -> None:
        function, _ = self.find(call, function_name)
        function.reserved_concurrency = None
        self.functions.put(function.key, function)

    def _reserved(self, call: Call) -> int:
        return sum(function.reserved_concurrency or 0 for function in self._own(call))

    def _own(self, call: Call) -> list[Function]:
        return [f for f in self.functions.values() if (f.account, f.region) == (call.account, call.region)]

    # -- asynchronous invocation ------------------------------------------------------------------------------

    @operation
    def put_function_event_invoke_config(
        self,
        call: Call,
        *,
        function_name: str,
        qualifier: str | None = None,
        maximum_retry_attempts: int | None = None,
        maximum_event_age_in_seconds: int | None = None,
        destination_config: Json | None = None,
    ) -> Json:
        """Replaces the whole configuration. Raises InvalidParameterValueException for an empty one."""
        function, name = self.find(call, function_name, qualifier)
        if maximum_retry_attempts is None and maximum_event_age_in_seconds is None and destination_config is None:
            raise names.invalid("You must specify at least one of error handling or destination setting.")
        config = EventInvokeConfig(self.world.clock.now(), maximum_retry_attempts, maximum_event_age_in_seconds)
        return self._save(function, name, config, destination_config)

    @operation
    def update_function_event_invoke_config(
        self,
        call: Call,
        *,
        function_name: str,
        qualifier: str | None = None,
        maximum_retry_attempts: int | None = None,
        maximum_event_age_in_seconds: int | None = None,
        destination_config: Json | None = None,
    ) -> Json:
        function, name = self.find(call, function_name, qualifier)
        config = self._event_invoke(function, name)
        config.last_modified = self.world.clock.now()
        if maximum_retry_attempts is not None:
            config.maximum_retry_attempts = maximum_retry_attempts
        if maximum_event_age_in_seconds is not None:
            config.maximum_event_age = maximum_event_age_in_seconds
        return self._save(function, name, config, destination_config or config.destination_config)

    @operation
    def get_function_event_invoke_config(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        function, name = self.find(call, function_name, qualifier)
        return _show_event_invoke(function, name.qualifier or "", self._event_invoke(function, name))

    @operation
    def delete_function_event_invoke_config(
        self, call: Call, *, function_name: str, qualifier: str | None = None
    ) -> None:
        function, name = self.find(call, function_name, qualifier)
        self._event_invoke(function, name)
        del function.event_invoke[name.qualifier or ""]
        self.functions.put(function.key, function)

    @operation
    def list_function_event_invoke_configs(
        self, call: Call, *, function_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Json:
        function, _ = self.find(call, function_name)
        shown = [_show_event_invoke(function, q, config) for q, config in function.event_invoke.items()]
        items, following = page(shown, marker, max_items)
        return {"FunctionEventInvokeConfigs": items} | ({"NextMarker": following} if following else {})

    def _save(
        self, function: Function, name: FunctionName, config: EventInvokeConfig, destinations: Json | None
    ) -> Json:
        self.version_of(function, name)
        config.destination_config = destinations
        config.on_success = ((destinations or {}).get("OnSuccess") or {}).get("Destination")
        config.on_failure = ((destinations or {}).get("OnFailure") or {}).get("Destination")
        for arn in filter(None, (config.on_success, config.on_failure)):
            if arn.split(":")[2] not in ("sqs", "sns", "lambda", "events", "s3"):
                raise names.invalid(f"The provided destination is not supported: {arn}")
        function.event_invoke[name.qualifier or ""] = config
        self.functions.put(function.key, function)
        return _show_event_invoke(function, name.qualifier or "", config)

    def _event_invoke(self, function: Function, name: FunctionName) -> EventInvokeConfig:
        config = function.event_invoke.get(name.qualifier or "")
        if config is None:
            arn = f"{function.arn}:{name.qualifier or '$LATEST'}"
            text = f"The function {arn} doesn't have an EventInvokeConfig"
            raise AwsError("ResourceNotFoundException", text, 404, members={"Type": "User"})
        return config

    # -- tags -------------------------------------------------------------------------------------------------

    @operation
    def tag_resource(self, call: Call, *, resource: str, tags: dict[str, str]) -> None:
        self._tags(call, resource).update(tags)

    @operation
    def untag_resource(self, call: Call, *, resource: str, tag_keys: list[str]) -> None:
        tags = self._tags(call, resource)
        for key in tag_keys:
            tags.pop(key, None)

    @operation
    def list_tags(self, call: Call, *, resource: str) -> Json:
        return {"Tags": dict(self._tags(call, resource))}

    def _tags(self, call: Call, arn: str) -> dict[str, str]:
        """The tags of a function, an event source mapping or a code signing configuration, to be changed in place."""
        if (signing := self.code_signing.get(arn)) is not None:
            self.code_signing.put(arn, signing)
            return signing.tags
        if ":event-source-mapping:" in arn:
            mapping = self.mappings.get((call.account, call.region, arn.rpartition(":")[2]))
            if mapping is None:
                raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
            self.mappings.put(mapping.key, mapping)
            return mapping.tags
        function, name = self.find(call, arn)
        if name.qualifier:
            raise names.invalid("Tags on function aliases and versions are not supported.")
        self.functions.put(function.key, function)
        return function.tags

    # -- what clients read besides ----------------------------------------------------------------------------

    @operation
    def get_account_settings(self, call: Call) -> Json:
        functions = self._own(call)
        return {
            "AccountLimit": {
                "TotalCodeSize": _CODE_SIZE,
                "CodeSizeUnzipped": MAX_UNZIPPED_BYTES,
                "CodeSizeZipped": _ZIPPED,
                "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - self._reserved(call),
            },
            "AccountUsage": {
                "TotalCodeSize": sum(f.latest.code.size for f in functions),
                "FunctionCount": len(functions),
            },
        }

    @operation
    def get_runtime_management_config(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        function, name = self.find(call, function_name, qualifier)
        version = self.version_of(function, name)
        return {
            "UpdateRuntimeOn": "Auto",
            "FunctionArn": name.arn if name.qualifier else version.qualified_arn,
            "RuntimeVersionArn": runtime_version_arn(version),
        }

    @operation
    def get_function_recursion_config(self, call: Call, *, function_name: str) -> Json:
        function, _ = self.find(call, function_name)
        return {"RecursiveLoop": function.recursive_loop}


def _show_event_invoke(function: Function, qualifier: str, config: EventInvokeConfig) -> Json:
    shown: Json = {
        "LastModified": config.last_modified,
        "FunctionArn": f"{function.arn}:{qualifier or '$LATEST'}",
        "DestinationConfig": config.destination_config or {"OnSuccess": {}, "OnFailure": {}},
    }
    if config.maximum_retry_attempts is not None:
        shown["MaximumRetryAttempts"] = config.maximum_retry_attempts
    if config.maximum_event_age is not None:
        shown["MaximumEventAgeInSeconds"] = config.maximum_event_age
    return shown
