"""`up`: an emulator on a port with a stack applied to it, whatever was there before."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.problem import Problem
from harness.provision.contract import Provision, Reporter, UpResult
from harness.provision.sam_provision import SamProvision
from harness.provision.sam_stack import find_sam_stack
from harness.provision.terraform_provision import TerraformProvision
from harness.provision.workspace import Workspace
from harness.targets.admin import AdminError
from harness.targets.capabilities import DEFAULT_TARGET
from harness.targets.instance import Instance, running_instance, shown_place
from harness.targets.settings import EmulatorSettings
from harness.targets.table import kept_target
from harness.targets.target import Target


@dataclass(frozen=True)
class UpRequest:
    """What the user asked for. `given` holds fields of EmulatorSettings: what is not in it is as it is if the emulator
    runs, else as usual."""

    port: int
    stack: str | None = None
    fresh: bool = False
    target: str = DEFAULT_TARGET
    given: Mapping[str, Any] = field(default_factory=dict)


def bring_up(workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter) -> UpResult:
    """Start the emulator unless it runs, and apply the stack unless it is applied in this version.

    Raises Problem with one clear sentence. An emulator that was started here is stopped again when anything fails.
    """
    with workspace.lock(
        f"port {request.port}", lambda: reporter.say(f"waiting for another command on port {request.port}")
    ):
        target = kept_target(request.target, workspace, request.port, EmulatorSettings(**request.given))
        instance = _running(workspace, target, request)
        provision = _prepare(workspace, request, environ, reporter, target)
        if instance is not None:
            if provision is None:
                return UpResult(instance, None, {}, "already running")
            if instance.stacks.get(str(provision.stack.folder)) == provision.key() and not request.fresh:
                return UpResult(instance, provision.stack, provision.outputs(), "already running")
            return provision.apply(instance)

        try:
            instance = target.start(reporter.step)
            assert instance is not None, "what is kept has a record"
            if provision is None:
                return UpResult(instance, None, {}, "no stack")
            return provision.first(instance, request.fresh)
        except BaseException:
            with contextlib.suppress(Problem):  # what went wrong first is worth the sentence
                target.stop()
            raise


def _running(workspace: Workspace, target: Target, request: UpRequest) -> Instance | None:
    """The emulator that runs already. Raises Problem when it is not what was asked for, or does not answer."""
    instance = running_instance(workspace, request.port)
    if instance is None:
        return None
    stop_first = f"stop it first: harness down --port {instance.port}."
    try:
        target.admin.health()
    except AdminError:
        raise Problem(
            f"The emulator on port {instance.port} ({shown_place(instance)}) does not answer; {stop_first}"
        ) from None
    difference: tuple[str, str] | None = ("--target", instance.target)
    if request.target == instance.target:
        difference = instance.settings.difference(request.given)
    if difference is not None:
        raise Problem(f"The emulator on port {instance.port} runs with {' '.join(difference)}; {stop_first}")
    return instance


def _prepare(
    workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter, target: Target
) -> Provision | None:
    """Everything about the stack that can fail before the emulator is started; None where none was asked for."""
    if request.stack is None:
        return None
    sam = find_sam_stack(workspace, request.stack)
    if sam is not None:
        return SamProvision.prepare(workspace, sam, environ, reporter, target)
    return TerraformProvision.prepare(workspace, request.stack, environ, reporter, target)
