"""What the store holds of stacks and change sets. Everything pickles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.emulator.call import Caller
from harness.json_object import Json


@dataclass(slots=True)
class Deployment:
    """What a stack is to become, or is: a template with its parameters' values.

    `text` is the template as it was given, `template` the document after transforms. `imports` are the names of the
    exports that it uses.
    """

    text: str
    template: Json
    transforms: list[str]
    parameters: dict[str, str]
    tags: dict[str, str]
    capabilities: list[str]
    imports: list[str] = field(default_factory=list)
    looked_up: dict[str, str] = field(default_factory=dict)
    """What the Parameter Store had for the parameters of such a type, by parameter."""

    def value(self, name: str) -> str:
        """The text that a parameter stands for."""
        return self.looked_up.get(name, self.parameters[name])


@dataclass(slots=True)
class StackResource:
    """One resource of a stack. `properties` are as the type's shape read them; `dependencies` are logical ids.

    `symbolic` are the properties with references left open: what a template's change is compared with. `shown` is the
    JSON text of the properties that events show.
    """

    logical_id: str
    type: str
    status: str
    timestamp: float
    reason: str | None = None
    physical_id: str | None = None
    attributes: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    symbolic: Any = None
    shown: str = "{}"
    dependencies: list[str] = field(default_factory=list)
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None


@dataclass(slots=True)
class Undo:
    """One step of an update and how to take it back: `kind` is created, updated, replaced.

    `before` is the resource as it was; None for a created one.
    """

    kind: str
    logical_id: str
    before: StackResource | None


@dataclass(slots=True)
class Event:
    """One line of a stack's history. `properties` is the JSON text of the resource's properties."""

    event_id: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str | None
    timestamp: float
    properties: str | None
    token: str | None


@dataclass(slots=True)
class Stack:
    """One stack. `deployed` is what it is, `target` what the operation under way makes of it.

    `undo` tells how to go back while an update is under way or has failed; `surplus` are resources that the end of the
    operation deletes. `operator` is who makes the calls of the operation under way or the last one.
    """

    account: str
    region: str
    name: str
    stack_id: str
    status: str
    created: float
    operator: Caller
    deployed: Deployment | None = None
    target: Deployment | None = None
    reason: str | None = None
    updated: float | None = None
    deleted: float | None = None
    role_arn: str | None = None
    disable_rollback: bool = False
    on_failure: str = "ROLLBACK"
    termination_protection: bool = False
    token: str | None = None
    change_set_id: str | None = None
    resources: dict[str, StackResource] = field(default_factory=dict)
    outputs: list[Json] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    undo: list[Undo] = field(default_factory=list)
    surplus: list[StackResource] = field(default_factory=list)
    retained: list[str] = field(default_factory=list)
    parent_id: str | None = None
    """The stack that this one is nested in, by id; `root_id` the outermost one."""
    root_id: str | None = None

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def exports(self) -> dict[str, str]:
        """Export name → value."""
        return {output["ExportName"]: output["OutputValue"] for output in self.outputs if "ExportName" in output}


@dataclass(slots=True)
class ChangeSet:
    """A change that waits to be executed. `deployment` is None if it could not be made."""

    change_set_id: str
    name: str
    stack_id: str
    stack_name: str
    kind: str
    created: float
    status: str
    execution_status: str
    deployment: Deployment | None
    reason: str | None = None
    description: str | None = None
    role_arn: str | None = None
    on_stack_failure: str | None = None
    deployment_config: Json | None = None
    parameters: list[Json] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    changes: list[Json] = field(default_factory=list)
