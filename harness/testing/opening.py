"""The target of a test process: started, or borrowed, once, with the stack on it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from harness.clients import without_aws_variables
from harness.json_object import Json
from harness.problem import Problem
from harness.provision.stack import resolve_stack, state_outputs
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets import AWS, CAPABILITIES, EMBEDDED, LOCALSTACK, Capability, Target
from harness.targets.embedded import EmbeddedTarget
from harness.targets.endpoint import EndpointTarget
from harness.targets.port import port_of
from harness.targets.process import process_identity
from harness.targets.table import own_target
from harness.testing.options import Options
from harness.testing.split_topology import SplitProvisioner
from harness.testing.suite import Suite
from harness.testing.topology import Provisioner, SuiteWorkspace, provisioning_environment

_OWNER = "owner.json"

ProvisionerOf = Callable[[Options, SuiteWorkspace, Target, Mapping[str, str]], Provisioner]


@contextmanager
def suite_on(options: Options) -> Iterator[Suite]:
    """The target that the options ask for, with their stack. Raises Problem."""
    with _SUITES[options.target](options) as suite:
        yield suite


@contextmanager
def embedded(options: Options) -> Iterator[Suite]:
    """An emulator of one's own, or the one that runs at the options' URL. Raises Problem."""
    with borrowed(options) if options.endpoint_url is not None else started(options) as suite:
        yield suite


@contextmanager
def started(options: Options, provisioner_of: ProvisionerOf = Provisioner) -> Iterator[Suite]:
    """An emulator process of one's own with manual time and the options' stack, brought there by `provisioner_of`."""
    workspace = SuiteWorkspace(options.root)
    _ignore_in_git(workspace)
    end_abandoned(workspace)
    with own_target(EMBEDDED, workspace, options.settings) as target:
        _own(workspace, target)
        yield _provided(options, workspace, target, provisioner_of)


@contextmanager
def localstack(options: Options) -> Iterator[Suite]:
    """Containers of one's own with the options' stack: tests that share a pair would see each other. Raises Problem."""
    if options.endpoint_url is not None:
        raise Problem("The target localstack starts containers of its own: leave out --harness-endpoint-url.")
    if options.iam != "off":
        raise Problem("On the target localstack IAM is LocalStack's, which decides nothing: leave out --harness-iam.")
    workspace = SuiteWorkspace(options.root)
    with without_aws_variables(), own_target(LOCALSTACK, workspace, options.settings) as target:
        yield _provided(options, workspace, target, SplitProvisioner)


@contextmanager
def borrowed(options: Options) -> Iterator[Suite]:
    """The emulator that runs at the options' URL, left as it was found. A stack must be applied to it already."""
    url = options.endpoint_url
    assert url is not None
    capabilities = CAPABILITIES[EMBEDDED] - {Capability.RESTART}
    target = EndpointTarget(url, "pipeline-harness", capabilities, "/_harness/reset", name=EMBEDDED)
    health = target.admin.health()
    outputs: Json | None = None
    if options.stack is not None:
        project = Workspace.find(options.root)
        stack = resolve_stack(project, options.stack)
        outputs = state_outputs(stack.state_file(project, port_of(url)))
        if not outputs:
            raise Problem(
                f"The emulator at {url} holds no stack {stack.folder} that has outputs; apply it first: "
                f"harness up --stack {options.stack} --clock manual."
            )
    target.remember()
    try:
        yield Suite(target, int(health["seed"]), outputs=outputs)
        target.clean()
    finally:
        target.stop()


def _account(options: Options) -> AbstractContextManager[Suite]:
    from harness.testing.account import account  # only who wants it pays for its imports

    return account(options)


def _provided(options: Options, workspace: SuiteWorkspace, target: Target, provisioner_of: ProvisionerOf) -> Suite:
    provisioner = None
    if options.stack is not None:
        provisioner = provisioner_of(options, workspace, target, provisioning_environment())
    suite = Suite(target, options.seed, provisioner)
    suite.provide()
    return suite


def end_abandoned(workspace: SuiteWorkspace) -> None:
    """End emulators whose test process was killed before it could end them."""
    with workspace.lock("abandoned emulators"):
        for port in workspace.known_ports():
            owner = read_json(workspace.instance(port) / _OWNER)
            if owner is not None and process_identity(int(owner["pid"])) != owner["identity"]:
                target = EmbeddedTarget(workspace, port)
                target.stop()
                target.forget()


def _own(workspace: SuiteWorkspace, target: Target) -> None:
    pid = os.getpid()
    owner = {"pid": pid, "identity": process_identity(pid)}
    write_atomically(workspace.instance(port_of(target.endpoint_url)) / _OWNER, json.dumps(owner))


def _ignore_in_git(workspace: SuiteWorkspace) -> None:
    """A foreign project's version control need not know our folder."""
    note = workspace.root / ".harness" / ".gitignore"
    if not note.exists():
        write_atomically(note, "*\n")


_SUITES: Mapping[str, Callable[[Options], AbstractContextManager[Suite]]] = {
    EMBEDDED: embedded,
    LOCALSTACK: localstack,
    AWS: _account,
}
