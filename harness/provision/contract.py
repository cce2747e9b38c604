"""What `up` and the ways to bring up a stack know of each other."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.json_object import Json
from harness.provision.apply_events import ApplyProgress
from harness.provision.sam_stack import SamStack
from harness.provision.stack import Stack
from harness.targets.admin import Admin
from harness.targets.instance import Instance
from harness.targets.settings import EmulatorSettings

Outcome = Literal["already running", "no stack", "applied", "restored"]


class Step(Protocol):
    """One step that is being shown."""

    def note(self, text: str) -> None:
        """Add what came out of it."""

    def progress(self, progress: ApplyProgress) -> None:
        """Show how far a Terraform run is."""


class Reporter(Protocol):
    """Shows the user what is being done."""

    def step(self, title: str) -> contextlib.AbstractContextManager[Step]:
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


class EmulatorTarget(Protocol):
    """The emulator that a stack is brought onto: a process of its own, or containers."""

    port: int
    settings: EmulatorSettings

    @property
    def endpoint_url(self) -> str: ...

    @property
    def admin(self) -> Admin: ...

    def running(self) -> Instance | None:
        """What an earlier `start` left running."""

    def start(self) -> Instance:
        """Start it and wait until it answers. Raises Problem; nothing is left running then."""

    def stop(self) -> bool:
        """Stop it; False when it was not running."""


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
