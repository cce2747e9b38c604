"""Stacks: create, update, delete, describe."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.cloudformation.base import (
    check_stack_name,
    page,
    refuse_given,
    tag_list,
    tag_map,
)
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.difference import has_changes
from harness.emulator.services.cloudformation.errors import already_exists, validation_error
from harness.emulator.services.cloudformation.lookups import Lookups
from harness.emulator.services.cloudformation.model import Deployment, Stack
from harness.emulator.services.cloudformation.parameters import NO_ECHO, declared_parameters
from harness.emulator.services.cloudformation.preparation import Draft, check_types_unchanged
from harness.emulator.services.cloudformation.work.create import create, take_down
from harness.emulator.services.cloudformation.work.delete import check_retained, delete
from harness.emulator.services.cloudformation.work.resume import resume
from harness.emulator.services.cloudformation.work.steps import Steps
from harness.emulator.services.cloudformation.work.update import roll_back, update
from harness.json_object import Json

_UPDATABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
)


class Stacks(Lookups):
    async def start(self) -> None:
        self._idle.clear()
        self._tasks.clear()
        for stack in self.stacks.values():
            if stack.in_progress:
                self.run(stack, resume(Steps(self, stack)))

    # -- changing ---------------------------------------------------------------------------------------------

    @operation
    async def create_stack(
        self,
        call: Call,
        *,
        stack_name: str,
        template_body: str | None = None,
        template_url: str | None = None,
        parameters: list[Json] | None = None,
        disable_rollback: bool | None = None,
        on_failure: str | None = None,
        rollback_configuration: Json | None = None,
        notification_arns: list[str] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        tags: list[Json] | None = None,
        client_request_token: str | None = None,
        enable_termination_protection: bool = False,
        deployment_config: Json | None = None,
    ) -> Json:
        refuse_given({"NotificationARNs": notification_arns, "RollbackConfiguration": rollback_configuration})
        disable_rollback = rollback_disabled(disable_rollback, deployment_config)
        check_stack_name(stack_name)
        if disable_rollback is not None and on_failure is not None:
            raise validation_error("You may not specify both OnFailure and DisableRollback for CreateStack.")
        given = capabilities or []
        text = await self.template_text(call, template_body, template_url)
        draft = await Draft.read(text, self.world.aside)
        draft.check_expansion(given)
        self._refuse_present(call, stack_name)
        values = await self.values_of(call, draft, parameters or [], None, role_arn)
        self._refuse_present(call, stack_name)  # made while parameters were looked up
        stack = self.new_stack(call, stack_name, role_arn)
        deployment = draft.deployment(values, tag_map(tags), given, stack)
        stack.disable_rollback = bool(disable_rollback) or on_failure == "DO_NOTHING"
        stack.on_failure = "DO_NOTHING" if disable_rollback else on_failure or "ROLLBACK"
        stack.termination_protection = enable_termination_protection
        self.begin_creation(stack, deployment, client_request_token)
        return {"StackId": stack.stack_id}

    @operation
    async def update_stack(
        self,
        call: Call,
        *,
        stack_name: str,
        template_body: str | None = None,
        template_url: str | None = None,
        use_previous_template: bool = False,
        parameters: list[Json] | None = None,
        disable_rollback: bool = False,
        rollback_configuration: Json | None = None,
        notification_arns: list[str] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        tags: list[Json] | None = None,
        client_request_token: str | None = None,
        deployment_config: Json | None = None,
    ) -> Json:
        refuse_given({"NotificationARNs": notification_arns, "RollbackConfiguration": rollback_configuration})
        disable_rollback = bool(rollback_disabled(disable_rollback or None, deployment_config))
        given = capabilities or []
        stack = self.find_to_change(call, stack_name)
        await self.caught_up(stack)
        text = await self.template_text(call, template_body, template_url, use_previous_template, stack)
        self.check_updatable(stack)
        draft = await Draft.read(text, self.world.aside)
        self.check_updatable(stack)  # others had their turn meanwhile
        draft.check_expansion(given)
        assert stack.deployed is not None
        values = await self.values_of(call, draft, parameters or [], stack.deployed.parameters, stack.role_arn)
        self.check_updatable(stack)  # another update may have begun while parameters were looked up
        new_tags = stack.deployed.tags if tags is None else tag_map(tags)
        deployment = draft.deployment(values, new_tags, given, stack)
        blueprint = Blueprint(deployment, stack)
        check_types_unchanged(stack, blueprint)
        if not has_changes(stack, deployment, blueprint):
            raise validation_error("No updates are to be performed.")
        if role_arn is not None:
            stack.role_arn = role_arn
        stack.disable_rollback = disable_rollback
        stack.operator = self.operator(call.caller, stack.role_arn, stack.stack_id)
        self.begin_update(stack, deployment, client_request_token)
        return {"StackId": stack.stack_id}

    @operation
    async def delete_stack(
        self,
        call: Call,
        *,
        stack_name: str,
        retain_resources: list[str] | None = None,
        role_arn: str | None = None,
        client_request_token: str | None = None,
        deployment_config: Json | None = None,
    ) -> None:
        """`deployment_config`: nothing waits to be stable here, so both modes are one."""
        stack = self.lookup(call, stack_name)
        if stack is None or stack.status in ("DELETE_COMPLETE", "DELETE_IN_PROGRESS"):
            return
        if stack.termination_protection:
            raise validation_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        check_retained(stack, retain_resources or [])
        stack.retained = retain_resources or []
        if role_arn is not None:
            stack.role_arn = role_arn
        stack.operator = self.operator(call.caller, stack.role_arn, stack.stack_id)
        stack.token = client_request_token
        for change_set in self.change_sets.values():
            if change_set.stack_id == stack.stack_id:
                self.drop_change_set(change_set)
        steps = Steps(self, stack)
        steps.begin("DELETE_IN_PROGRESS")
        self.run(stack, delete(steps))

    @operation
    async def rollback_stack(
        self, call: Call, *, stack_name: str, role_arn: str | None = None, client_request_token: str | None = None
    ) -> Json:
        stack = self.find_to_change(call, stack_name)
        await self.caught_up(stack)
        if stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise _wrong_state(stack, "rolled back")
        if role_arn is not None:
            stack.role_arn = role_arn
        stack.operator = self.operator(call.caller, stack.role_arn, stack.stack_id)
        stack.token = client_request_token
        steps = Steps(self, stack)
        if stack.status == "CREATE_FAILED":
            steps.begin("ROLLBACK_IN_PROGRESS")
            self.run(stack, take_down(steps, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"))
        else:
            steps.begin("UPDATE_ROLLBACK_IN_PROGRESS")
            self.run(stack, roll_back(steps))
        return {"StackId": stack.stack_id}

    @operation
    def update_termination_protection(
        self, call: Call, *, stack_name: str, enable_termination_protection: bool
    ) -> Json:
        stack = self.find_to_change(call, stack_name)
        stack.termination_protection = enable_termination_protection
        self.save(stack)
        return {"StackId": stack.stack_id}

    def _refuse_present(self, call: Call, name: str) -> None:
        """Raises AlreadyExistsException."""
        if self.lookup(call, name) is not None:
            raise already_exists(f"Stack [{name}] already exists")

    def new_stack(self, call: Call, name: str, role_arn: str | None) -> Stack:
        """A stack that is not yet saved; a nested one if another stack calls (`resources/nested_stack.py`)."""
        stack_id = self.new_stack_id(call, name)
        parent = self.stacks.get(call.caller.source_arn or "")
        caller = replace(call.caller, source_arn=None) if parent is not None else call.caller
        operator = self.operator(caller, role_arn, stack_id)
        stack = Stack(
            call.account, call.region, name, stack_id, "", self.world.clock.now(), operator, role_arn=role_arn
        )
        if parent is not None:
            stack.parent_id, stack.root_id = parent.stack_id, parent.root_id or parent.stack_id
        return stack

    def begin_creation(self, stack: Stack, deployment: Deployment, token: str | None) -> None:
        stack.target, stack.token = deployment, token
        steps = Steps(self, stack)
        steps.begin("CREATE_IN_PROGRESS")
        self.run(stack, create(steps, Blueprint(deployment, stack)))

    def begin_update(self, stack: Stack, deployment: Deployment, token: str | None) -> None:
        stack.target, stack.token = deployment, token
        stack.updated = self.world.clock.now()
        steps = Steps(self, stack)
        steps.begin("UPDATE_IN_PROGRESS")
        self.run(stack, update(steps, Blueprint(deployment, stack)))

    def check_updatable(self, stack: Stack) -> None:
        """Raises ValidationError."""
        if stack.status not in _UPDATABLE:
            raise _wrong_state(stack, "updated")

    # -- reading ----------------------------------------------------------------------------------------------

    @operation
    async def describe_stacks(
        self, call: Call, *, stack_name: str | None = None, next_token: str | None = None
    ) -> Json:
        if stack_name is not None:
            stack = self.find(call, stack_name)
            await self.caught_up(stack)
            if stack.status == "DELETE_COMPLETE" and stack.stack_id != stack_name:
                raise validation_error(f"Stack with id {stack_name} does not exist")
            return {"Stacks": [_description(stack)]}
        stacks = [_description(stack) for stack in self.stacks_of(call) if stack.status != "DELETE_COMPLETE"]
        return page(stacks, "Stacks", next_token)

    @operation
    def list_stacks(
        self, call: Call, *, stack_status_filter: list[str] | None = None, next_token: str | None = None
    ) -> Json:
        found = [
            stack for stack in self.stacks_of(call) if not stack_status_filter or stack.status in stack_status_filter
        ]
        return page([_summary(stack) for stack in found], "StackSummaries", next_token)


def rollback_disabled(given: bool | None, deployment_config: Json | None) -> bool | None:
    """DisableRollback, which DeploymentConfig may hold too. Its Mode makes no difference: EXPRESS does not wait until
    resources are stable, and here they are at once."""
    return given if given is not None else (deployment_config or {}).get("DisableRollback")


def _wrong_state(stack: Stack, verb: str) -> Exception:
    return validation_error(f"Stack:{stack.stack_id} is in {stack.status} state and can not be {verb}.")


def _description(stack: Stack) -> Json:
    """A `Stack` of DescribeStacks."""
    deployment = stack.target or stack.deployed
    description: Json = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": [],
        "RoleARN": stack.role_arn,
        "Tags": [],
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
    }
    if deployment is not None:
        description["Description"] = deployment.template.get("Description")
        description["Tags"] = tag_list(deployment.tags)
        description["Capabilities"] = deployment.capabilities or None
        description["Parameters"] = shown_parameters(deployment) or None
    if stack.outputs:
        description["Outputs"] = stack.outputs
    return {name: value for name, value in description.items() if value is not None}


def _summary(stack: Stack) -> Json:
    deployment = stack.target or stack.deployed
    summary: Json = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": deployment.template.get("Description") if deployment is not None else None,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
    }
    return {name: value for name, value in summary.items() if value is not None}


def shown_parameters(deployment: Deployment) -> list[Json]:
    """The parameters' values as operations show them: NoEcho ones as asterisks."""
    declared = declared_parameters(deployment.template)
    shown: list[Json] = []
    for name, value in deployment.parameters.items():
        one: Json = {"ParameterKey": name, "ParameterValue": NO_ECHO if declared[name].no_echo else value}
        if name in deployment.looked_up:
            one["ResolvedValue"] = NO_ECHO if declared[name].no_echo else deployment.looked_up[name]
        shown.append(one)
    return shown
