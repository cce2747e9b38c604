"""What `up` and the ways to bring up a stack know of each other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.json_object import Json
from harness.provision.apply_events import ApplyProgress
from harness.provision.sam_stack import SamStack
from harness.provision.stack import Stack
from harness.targets.instance import Instance
from harness.targets.target import Step

Outcome = Literal["already running", "no stack", "applied", "restored"]


class ApplyStep(Step, Protocol):
    """One step that is being shown, which may be a Terraform run."""

    def progress(self, progress: ApplyProgress) -> None:
        """Show how far it is."""


class Reporter(Protocol):
    """Shows the user what is being done."""

    def step(self, title: str) -> contextlib.AbstractContextManager[ApplyStep]:
        """Show a step with its time, from entering to leaving."""

    def say(self, text: str) -> None:
        """Say something worth a line."""


@dataclass(frozen=True)
class UpResult:
    """What runs now. `outputs` are the stack's outputs, without sensitive ones."""

    instance: Instance
    stack: Stack | SamStack | None
    outputs: Json
    outcome: Outcome


class Provision(Protocol):
    """A stack that is ready to be brought onto a running emulator."""

    @property
    def stack(self) -> Stack | SamStack:
        """Where it is, and its name."""

    def key(self) -> str:
        """Of all its inputs, as they are now."""

    def outputs(self) -> Json:
        """Its outputs since it was brought up last."""

    def first(self, instance: Instance, fresh: bool) -> UpResult:
        """On an emulator that was just started; `fresh`: not from a warm start. Raises Problem."""

    def apply(self, instance: Instance) -> UpResult:
        """On an emulator that ran already, whatever it holds. Raises Problem."""
