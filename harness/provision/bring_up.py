"""`up`: an emulator on a port with a stack applied to it, whatever was there before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.problem import Problem
from harness.provision.contract import EmulatorTarget, Provision, Reporter, UpResult
from harness.provision.sam_provision import SamProvision
from harness.provision.sam_stack import find_sam_stack
from harness.provision.terraform_provision import TerraformProvision
from harness.provision.workspace import Workspace
from harness.targets.admin import AdminError
from harness.targets.embedded import EmbeddedTarget
from harness.targets.instance import Instance, running_instance, shown_place
from harness.targets.localstack.target import LocalStackTarget


@dataclass(frozen=True)
class UpRequest:
    """What the user asked for. None means: as it is if running, else the default."""

    port: int
    clock: str | None = None
    seed: int | None = None
    stack: str | None = None
    state_dir: Path | None = None
    fresh: bool = False
    iam: str | None = None
    upstream: str | None = None
    native: str | None = None
    allow_host: tuple[str, ...] | None = None
    target: str = "embedded"


def bring_up(workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter) -> UpResult:
    """Start the emulator unless it runs, and apply the stack unless it is applied in this version.

    Raises Problem with one clear sentence. An emulator that was started here is stopped again when anything fails.
    """
    with workspace.lock(
        f"port {request.port}", lambda: reporter.say(f"waiting for another command on port {request.port}")
    ):
        target = _target(workspace, request)
        instance = _running(target, request)
        provision = _prepare(workspace, request, environ, reporter, target)
        if instance is not None:
            if provision is None:
                return UpResult(instance, None, {}, "already running")
            if instance.stacks.get(str(provision.stack.folder)) == provision.key() and not request.fresh:
                return UpResult(instance, provision.stack, provision.outputs(), "already running")
            return provision.apply(instance)

        try:
            instance = _start(target, reporter)
            if provision is None:
                return UpResult(instance, None, {}, "no stack")
            return provision.first(instance, request.fresh)
        except BaseException:
            with contextlib.suppress(Problem):  # what went wrong first is worth the sentence
                target.stop()
            raise


def _target(workspace: Workspace, request: UpRequest) -> EmbeddedTarget | LocalStackTarget:
    if request.target == "localstack":
        return LocalStackTarget(
            workspace,
            request.port,
            request.clock or "real",
            request.seed,
            request.iam or "off",
            request.native,
            request.allow_host or (),
        )
    return EmbeddedTarget(
        workspace,
        request.port,
        request.clock or "real",
        request.seed,
        request.state_dir and request.state_dir.resolve(),
        request.iam or "off",
        request.upstream,
        request.native,
        request.allow_host or (),
    )


def _start(target: EmbeddedTarget | LocalStackTarget, reporter: Reporter) -> Instance:
    if isinstance(target, LocalStackTarget):
        with reporter.step("find LocalStack's image") as step:
            step.note(target.find_localstack())
        with reporter.step("find the edge's image") as step:
            step.note(target.find_edge())
        with reporter.step("start the containers") as step:
            instance = target.start()
            step.note(f"{target.endpoint_url}, {instance.clock} clock")
        return instance
    with reporter.step("start the emulator") as step:
        instance = target.start()
        step.note(f"{target.endpoint_url}, pid {instance.pid}, {instance.clock} clock")
    return instance


def _running(target: EmbeddedTarget | LocalStackTarget, request: UpRequest) -> Instance | None:
    """The emulator that runs already. Raises Problem when it is not what was asked for, or does not answer."""
    instance = running_instance(target.workspace, target.port)
    if instance is None:
        return None
    stop_first = f"stop it first: harness down --port {instance.port}."
    try:
        target.admin.health()
    except AdminError:
        raise Problem(
            f"The emulator on port {instance.port} ({shown_place(instance)}) does not answer; {stop_first}"
        ) from None
    wanted_dir = str(target.state_dir) if target.state_dir else None
    for name, wanted, actual in (
        ("--target", request.target, instance.target),
        ("--clock", request.clock, instance.clock),
        ("--seed", request.seed, instance.seed),
        ("--state-dir", wanted_dir, instance.state_dir),
        ("--iam", request.iam, instance.iam),
        ("--upstream", request.upstream, instance.upstream),
        ("--native", request.native, instance.native),
        ("--allow-host", _listed(request.allow_host), _listed(instance.allow_host)),
    ):
        if wanted is not None and wanted != actual:
            raise Problem(f"The emulator on port {instance.port} runs with {name} {actual or 'unset'}; {stop_first}")
    return instance


def _listed(hosts: Iterable[str] | None) -> str | None:
    return None if hosts is None else ", ".join(hosts)


def _prepare(
    workspace: Workspace, request: UpRequest, environ: Mapping[str, str], reporter: Reporter, target: EmulatorTarget
) -> Provision | None:
    """Everything about the stack that can fail before the emulator is started; None where none was asked for."""
    if request.stack is None:
        return None
    sam = find_sam_stack(workspace, request.stack)
    if sam is not None:
        return SamProvision.prepare(workspace, sam, environ, reporter, target)
    return TerraformProvision.prepare(workspace, request.stack, environ, reporter, target)
