"""Change sets: a deployment that is looked at before it is executed."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.service import operation
from harness.emulator.services.cloudformation.base import (
    check_stack_name,
    page,
    reason_of,
    refuse_given,
    tag_list,
    tag_map,
)
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.difference import changes, has_changes, without_contexts
from harness.emulator.services.cloudformation.errors import already_exists, validation_error
from harness.emulator.services.cloudformation.model import ChangeSet, Deployment, Stack
from harness.emulator.services.cloudformation.parameters import NO_ECHO
from harness.emulator.services.cloudformation.preparation import Draft, check_types_unchanged
from harness.emulator.services.cloudformation.stacks import Stacks, rollback_disabled
from harness.emulator.services.cloudformation.work.steps import Steps
from harness.json_object import Json

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_REVIEW = "REVIEW_IN_PROGRESS"


class ChangeSets(Stacks):
    @operation
    async def create_change_set(
        self,
        call: Call,
        *,
        stack_name: str,
        change_set_name: str,
        change_set_type: str = "UPDATE",
        template_body: str | None = None,
        template_url: str | None = None,
        use_previous_template: bool = False,
        parameters: list[Json] | None = None,
        capabilities: list[str] | None = None,
        role_arn: str | None = None,
        rollback_configuration: Json | None = None,
        notification_arns: list[str] | None = None,
        tags: list[Json] | None = None,
        description: str | None = None,
        client_token: str | None = None,
        on_stack_failure: str | None = None,
        include_nested_stacks: bool = False,
        import_existing_resources: bool = False,
        deployment_config: Json | None = None,
    ) -> Json:
        """`include_nested_stacks` has no effect: nested stacks are changed when the change set is executed, and their
        changes are not listed. With `import_existing_resources` a resource whose name is taken fails as without it:
        nothing is imported."""
        refuse_given(
            {
                "NotificationARNs": notification_arns,
                "RollbackConfiguration": rollback_configuration,
            }
        )
        if change_set_type == "IMPORT":
            raise self.refuse("ChangeSetType IMPORT")
        stack = self._stack_for(call, stack_name, change_set_name, change_set_type, role_arn)
        await self.caught_up(stack)
        if change_set_type == "UPDATE":
            self.check_updatable(stack)
        text = await self.template_text(call, template_body, template_url, use_previous_template, stack)
        draft = await Draft.read(text, self.world.aside)
        deployed = stack.deployed
        previous = deployed.parameters if deployed is not None else None
        values = await self.values_of(call, draft, parameters or [], previous, role_arn or stack.role_arn)
        self._check_undisturbed(call, stack, change_set_name, change_set_type)
        given = capabilities or []
        new_tags = deployed.tags if tags is None and deployed is not None else tag_map(tags)
        change_set = ChangeSet(
            f"arn:aws:cloudformation:{call.region}:{call.account}:changeSet/{change_set_name}/{self.world.new_id()}",
            change_set_name,
            stack.stack_id,
            stack.name,
            change_set_type,
            self.world.clock.now(),
            "FAILED",
            "UNAVAILABLE",
            None,
            description=description,
            role_arn=role_arn,
            on_stack_failure=on_stack_failure,
            tags=new_tags,
            deployment_config=deployment_config,
            capabilities=given,
            parameters=[
                {"ParameterKey": name, "ParameterValue": NO_ECHO if draft.parameters[name].no_echo else value}
                for name, value in values.given.items()
            ],
        )
        try:
            deployment = draft.deployment(values, new_tags, given, stack)
            self._fill(change_set, stack, deployment)
        except NotEmulated:
            raise
        except AwsError as error:
            # Only what comes out of a transform is checked later than the request.
            if not draft.transforms:
                raise
            change_set.reason = reason_of(error)
        without_effect = {
            "ImportExistingResources": import_existing_resources,
            "IncludeNestedStacks": include_nested_stacks,
        }
        self.keep(call, change_set.change_set_id, without_effect)
        if not stack.status:
            Steps(self, stack).begin(_REVIEW)
        self.change_sets.put(change_set.change_set_id, change_set)
        return {"Id": change_set.change_set_id, "StackId": stack.stack_id}

    def _check_undisturbed(self, call: Call, stack: Stack, name: str, kind: str) -> None:
        """Whether the stack is as it was before the template and its parameters were read. Raises ValidationError,
        AlreadyExistsException."""
        if not stack.status:
            present = self.lookup(call, stack.name)
            if present is not None and present.status != "DELETE_COMPLETE":
                raise already_exists(f"Stack [{stack.name}] already exists")
        elif kind == "UPDATE":
            self.check_updatable(stack)
        if any(one.name == name and one.execution_status != "EXECUTE_COMPLETE" for one in self._change_sets_of(stack)):
            raise already_exists(f"ChangeSet {name} already exists")

    def _stack_for(self, call: Call, stack_name: str, name: str, kind: str, role_arn: str | None) -> Stack:
        """The stack that a change set is for; a new one, not yet saved, for the first CREATE."""
        stack = self.lookup(call, stack_name)
        if stack is not None and stack.status == "DELETE_COMPLETE":
            stack = None
        if stack is None:
            if kind != "CREATE":
                raise validation_error(f"Stack [{stack_name}] does not exist")
            check_stack_name(stack_name)
            return self.new_stack(call, stack_name, role_arn)
        if kind == "CREATE" and stack.status != _REVIEW:
            raise already_exists(
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet [{name}]."
            )
        for one in self._change_sets_of(stack):
            if one.name != name:
                continue
            if one.execution_status != "EXECUTE_COMPLETE":
                raise already_exists(f"ChangeSet {name} already exists")
            # The AWS CLI names change sets by the second, and here two deployments fit into one.
            self.drop_change_set(one)
        return stack

    def _fill(self, change_set: ChangeSet, stack: Stack, deployment: Deployment) -> None:
        """What the change set would change, and whether it can be executed. Raises ValidationError."""
        blueprint = Blueprint(deployment, stack)
        check_types_unchanged(stack, blueprint)
        if change_set.kind == "UPDATE" and not has_changes(stack, deployment, blueprint):
            change_set.reason = _NO_CHANGES
            return
        change_set.deployment = deployment
        change_set.changes = changes(stack, deployment, blueprint)
        change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"

    @operation
    async def execute_change_set(
        self,
        call: Call,
        *,
        change_set_name: str,
        stack_name: str | None = None,
        client_request_token: str | None = None,
        disable_rollback: bool | None = None,
    ) -> Json:
        change_set = self._find_change_set(call, change_set_name, stack_name)
        stack = self.find_to_change(call, change_set.stack_id)
        await self.caught_up(stack)
        if change_set.execution_status != "AVAILABLE" or change_set.deployment is None:
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of "
                f"[{change_set.status}]",
            )
        disable_rollback = rollback_disabled(disable_rollback, change_set.deployment_config)
        if disable_rollback is not None and change_set.on_stack_failure is not None:
            raise validation_error("You may not specify both OnStackFailure and DisableRollback.")
        creates = stack.status == _REVIEW
        if not creates:
            self.check_updatable(stack)
        on_failure = "DO_NOTHING" if disable_rollback else change_set.on_stack_failure or "ROLLBACK"
        stack.on_failure = on_failure
        stack.disable_rollback = on_failure == "DO_NOTHING"
        stack.role_arn = change_set.role_arn or stack.role_arn
        stack.operator = self.operator(call.caller, stack.role_arn, stack.stack_id)
        stack.change_set_id = change_set.change_set_id
        change_set.execution_status = "EXECUTE_COMPLETE"
        self.world.kept.forget(self.name, change_set.change_set_id)
        self.change_sets.put(change_set.change_set_id, change_set)
        for other in self._change_sets_of(stack):
            if other is not change_set and other.execution_status == "AVAILABLE":
                other.execution_status = "OBSOLETE"
                self.change_sets.put(other.change_set_id, other)
        if creates:
            self.begin_creation(stack, change_set.deployment, client_request_token)
        else:
            self.begin_update(stack, change_set.deployment, client_request_token)
        return {}

    @operation
    def describe_change_set(
        self,
        call: Call,
        *,
        change_set_name: str,
        stack_name: str | None = None,
        next_token: str | None = None,
        include_property_values: bool = False,
    ) -> Json:
        change_set = self._find_change_set(call, change_set_name, stack_name)
        found = change_set.changes if include_property_values else [without_contexts(one) for one in change_set.changes]
        described: Json = {
            **_summary(change_set),
            "Parameters": change_set.parameters,
            "NotificationARNs": [],
            "RollbackConfiguration": {},
            "Capabilities": change_set.capabilities,
            "Tags": tag_list(change_set.tags),
            **page(found, "Changes", next_token),
        }
        if change_set.deployment_config is not None:
            described["DeploymentConfig"] = change_set.deployment_config
        if change_set.on_stack_failure is not None:
            described["OnStackFailure"] = change_set.on_stack_failure
        return described

    @operation
    def list_change_sets(self, call: Call, *, stack_name: str, next_token: str | None = None) -> Json:
        stack = self.find_to_change(call, stack_name)
        return page([_summary(one) for one in self._change_sets_of(stack)], "Summaries", next_token)

    @operation
    def delete_change_set(self, call: Call, *, change_set_name: str, stack_name: str | None = None) -> Json:
        """One that is not there counts as deleted, as long as the stack is: the CDK deletes before it creates."""
        try:
            change_set = self._find_change_set(call, change_set_name, stack_name)
        except AwsError as error:
            if error.code != "ChangeSetNotFound":
                raise
            return {}
        if change_set.execution_status == "EXECUTE_IN_PROGRESS":
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.change_set_id}] cannot be deleted in its current status of "
                f"[{change_set.status}]",
            )
        self.drop_change_set(change_set)
        return {}

    def _change_sets_of(self, stack: Stack) -> list[ChangeSet]:
        return [one for one in self.change_sets.values() if one.stack_id == stack.stack_id]

    def _find_change_set(self, call: Call, name: str, stack_name: str | None) -> ChangeSet:
        """By id, or by name and stack. Raises ValidationError, ChangeSetNotFound."""
        if name.startswith("arn:"):
            change_set = self.change_sets.get(name)
            if change_set is not None:
                return change_set
        elif stack_name is None:
            raise validation_error("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            stack = self.lookup(call, stack_name)
            if stack is None:
                raise validation_error(f"Stack [{stack_name}] does not exist")
            for one in self._change_sets_of(stack):
                if one.name == name:
                    return one
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


def _summary(change_set: ChangeSet) -> Json:
    summary: Json = {
        "ChangeSetName": change_set.name,
        "ChangeSetId": change_set.change_set_id,
        "StackId": change_set.stack_id,
        "StackName": change_set.stack_name,
        "Description": change_set.description,
        "CreationTime": change_set.created,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "IncludeNestedStacks": False,
    }
    return {name: value for name, value in summary.items() if value is not None}
