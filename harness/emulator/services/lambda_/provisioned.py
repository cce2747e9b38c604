"""Provisioned concurrency (C6): kept and shown as AWS does it. Processes here start on demand whatever it says."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.base import LambdaBase, page
from harness.emulator.services.lambda_.configuration import timestamp
from harness.emulator.services.lambda_.model import LATEST, Function, ProvisionedConcurrency
from harness.emulator.services.lambda_.names import FunctionName
from harness.json_object import Json

SETTING = "ProvisionedConcurrentExecutions"
_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."


class Provisioned(LambdaBase):
    """One configuration for a version or an alias."""

    @operation
    def put_provisioned_concurrency_config(
        self, call: Call, *, function_name: str, qualifier: str, provisioned_concurrent_executions: int
    ) -> Json:
        """Answers IN_PROGRESS; READY for the next call (after `transition_seconds`)."""
        function, name = self.find(call, function_name, qualifier)
        self._check_provisionable(function, name)
        reserved = function.reserved_concurrency
        if reserved is not None and provisioned_concurrent_executions > reserved:
            raise names.invalid(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        now = self.world.clock.now()
        config = ProvisionedConcurrency(provisioned_concurrent_executions, now, now + self.world.transition_seconds)
        self.keep(call, name.arn, {SETTING: True})
        function.provisioned[qualifier] = config
        self.functions.put(function.key, function)
        return _show(config, ready=False)

    @operation
    def get_provisioned_concurrency_config(self, call: Call, *, function_name: str, qualifier: str) -> Json:
        function, name = self.find(call, function_name, qualifier)
        config = function.provisioned.get(qualifier)
        if config is None:
            self._check_provisionable(function, name)
            raise AwsError(
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
                404,
                members={"Type": "User"},
            )
        return _show(config, ready=self._is_ready(config))

    @operation
    def delete_provisioned_concurrency_config(self, call: Call, *, function_name: str, qualifier: str) -> None:
        function, name = self.find(call, function_name, qualifier)
        if qualifier not in function.provisioned:
            self._check_provisionable(function, name)
        self.unprovision(function, qualifier)

    @operation
    def list_provisioned_concurrency_configs(
        self, call: Call, *, function_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Json:
        function, _ = self.find(call, function_name)
        shown = [
            {"FunctionArn": f"{function.arn}:{qualifier}"} | _show(config, ready=self._is_ready(config))
            for qualifier, config in function.provisioned.items()
        ]
        items, following = page(shown, marker, max_items)
        return {"ProvisionedConcurrencyConfigs": items} | ({"NextMarker": following} if following else {})

    def _is_ready(self, config: ProvisionedConcurrency) -> bool:
        return self.world.clock.now() >= config.ready_at

    def _check_provisionable(self, function: Function, name: FunctionName) -> None:
        """Raises InvalidParameterValueException, ResourceNotFoundException, ResourceConflictException."""
        qualifier = name.qualifier
        assert qualifier is not None, "the operations require one"
        alias = function.aliases.get(qualifier)
        if LATEST in (qualifier, alias.function_version if alias is not None else ""):
            raise names.invalid(_UNPUBLISHED)
        if alias is None and qualifier not in function.versions:
            raise names.not_found(name) if qualifier.isdigit() else names.alias_not_found(name, qualifier)
        if alias is not None and alias.function_version in function.provisioned:
            raise names.conflict(
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        pointing = [each for each in function.aliases.values() if each.function_version == qualifier]
        if any(each.name in function.provisioned for each in pointing):
            raise names.conflict("Version is pointed by a Provisioned Concurrency alias")


def _show(config: ProvisionedConcurrency, *, ready: bool) -> Json:
    there = config.executions if ready else 0
    return {
        "RequestedProvisionedConcurrentExecutions": config.executions,
        "AvailableProvisionedConcurrentExecutions": there,
        "AllocatedProvisionedConcurrentExecutions": there,
        "Status": "READY" if ready else "IN_PROGRESS",
        "LastModified": timestamp(config.modified_at),
    }
