"""The emulator of a test process: started, or borrowed, once; brought back to its first state for every test."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.json_object import Json
from harness.ledger import ByClock, Settle
from harness.problem import Problem
from harness.provision.stack import resolve_stack, state_outputs
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import Admin, AdminError
from harness.targets.embedded import CAPABILITIES, EmbeddedTarget
from harness.targets.instance import emulator_log, remove_files
from harness.targets.process import process_identity
from harness.targets.settings import EmulatorSettings
from harness.testing.aws import Aws, without_aws_variables
from harness.testing.options import Options
from harness.testing.suite import SuiteTarget
from harness.testing.topology import Provisioner, SuiteWorkspace, provisioning_environment

_END_SECONDS = 2.0
_POLL_SECONDS = 0.01
_OWNER = "owner.json"

ProvisionerOf = Callable[[Options, SuiteWorkspace, EmbeddedTarget, Mapping[str, str]], Provisioner]


@dataclass(frozen=True)
class SuiteEmulator:
    """One emulator for all tests of this process. `outputs` is None without a stack; `log` where its log is known.

    `target` and `provisioner` are those of an emulator that was started here.
    """

    aws: Aws
    seed: int
    snapshot: str | None
    outputs: Json | None
    log: Path | None = None
    target: EmbeddedTarget | None = None
    provisioner: Provisioner | None = None
    name: str = "embedded"
    capabilities: frozenset[str] = CAPABILITIES
    admin: Admin = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "admin", Admin(self.aws.url))

    def clean(self) -> None:
        """Back to the first state: snapshot or nothing, no faults, empty sinks. One that was killed is started anew."""
        try:
            self._clean()
        except AdminError as error:
            if error.status != 0 or self.target is None or not _ends(self.target):
                raise
            with without_aws_variables():
                self.target.start()
            self._clean()

    def now(self) -> float:
        return float(self.admin.clock()["now"])

    def settle(self, seconds: float | None) -> Settle:
        """By the emulator's clock; a test's real time is no measure here."""
        return ByClock(self.admin.endpoint_url)

    def owns(self, name: str) -> bool:
        return True

    def forget(self) -> None:
        if self.target is not None:
            forget_files(self.target)

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log is not None and self.log.is_file() else 0

    def log_since(self, position: int) -> str:
        """What the emulator logged since its log had that size; all of it when it was started anew."""
        if self.log is None or not self.log.is_file():
            return ""
        with self.log.open("rb") as file:
            file.seek(position if position <= self.log_size() else 0)
            return file.read().decode(errors="replace")

    def _clean(self) -> None:
        if self.snapshot is None:
            self.admin.reset()
        else:
            self.admin.restore_snapshot(self.snapshot)
        self.admin.clear_faults()
        for name in self.admin.sinks():
            self.admin.forget_sink(name)


@contextmanager
def suite_emulator(options: Options) -> Iterator[SuiteTarget]:
    """The target that the options ask for. Raises Problem."""
    with _TARGETS[options.target](options) as suite:
        yield suite


@contextmanager
def embedded(options: Options) -> Iterator[SuiteEmulator]:
    """An emulator of one's own, or the one that runs at the options' URL. Raises Problem."""
    with borrowed(options) if options.endpoint_url is not None else started(options) as emulator:
        yield emulator


def _localstack(options: Options) -> AbstractContextManager[SuiteTarget]:
    from harness.testing.localstack import localstack  # only who wants it pays for its imports

    return localstack(options)


def _account(options: Options) -> AbstractContextManager[SuiteTarget]:
    from harness.testing.account import account

    return account(options)


@contextmanager
def started(options: Options, provisioner_of: ProvisionerOf = Provisioner) -> Iterator[SuiteEmulator]:
    """An emulator process of one's own with manual time and the options' stack, brought there by `provisioner_of`."""
    workspace = SuiteWorkspace(options.root)
    _ignore_in_git(workspace)
    end_abandoned(workspace)
    target = EmbeddedTarget(
        workspace, 0, EmulatorSettings("manual", options.seed, iam=options.iam, strict=options.strict)
    )
    try:
        with without_aws_variables():
            target.start()
        _own(target)
        environ = provisioning_environment()
        provisioner = provisioner_of(options, workspace, target, environ) if options.stack is not None else None
        topology = provisioner.provide() if provisioner is not None else None
        yield SuiteEmulator(
            Aws(target.endpoint_url),
            options.seed,
            topology.snapshot if topology is not None else None,
            topology.outputs if topology is not None else None,
            emulator_log(workspace, target.port),
            target,
            provisioner,
        )
    finally:
        target.stop()


@contextmanager
def borrowed(options: Options) -> Iterator[SuiteEmulator]:
    """The emulator that runs at the options' URL, left as it was found. A stack must be applied to it already."""
    url = options.endpoint_url
    assert url is not None
    admin = Admin(url)
    health = admin.health()
    outputs: Json | None = None
    if options.stack is not None:
        project = Workspace.find(options.root)
        stack = resolve_stack(project, options.stack)
        outputs = state_outputs(stack.state_file(project, int(url.rpartition(":")[2])))
        if not outputs:
            raise Problem(
                f"The emulator at {url} holds no stack {stack.folder} that has outputs; apply it first: "
                f"harness up --stack {options.stack} --clock manual."
            )
    snapshot = f"pytest-{uuid.uuid4()}"
    admin.save_snapshot(snapshot)
    emulator = SuiteEmulator(Aws(url), int(health["seed"]), snapshot, outputs)
    try:
        yield emulator
        emulator.clean()
    finally:
        admin.delete_snapshot(snapshot)


def _ends(target: EmbeddedTarget) -> bool:
    """Whether an emulator that does not answer is gone, or is so at once: its port closes before its process ends."""
    deadline = time.monotonic() + _END_SECONDS
    while target.running() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def forget_files(target: EmbeddedTarget) -> None:
    """Remove the log and the Terraform state of an emulator that has ended."""
    remove_files(target.workspace, target.port)


def end_abandoned(workspace: SuiteWorkspace) -> None:
    """End emulators whose test process was killed before it could end them."""
    with workspace.lock("abandoned emulators"):
        for port in workspace.known_ports():
            owner = read_json(workspace.instance(port) / _OWNER)
            if owner is not None and process_identity(int(owner["pid"])) != owner["identity"]:
                target = EmbeddedTarget(workspace, port)
                target.stop()
                forget_files(target)


def _own(target: EmbeddedTarget) -> None:
    pid = os.getpid()
    owner = {"pid": pid, "identity": process_identity(pid)}
    write_atomically(target.workspace.instance(target.port) / _OWNER, json.dumps(owner))


def _ignore_in_git(workspace: SuiteWorkspace) -> None:
    """A foreign project's version control need not know our folder."""
    note = workspace.root / ".harness" / ".gitignore"
    if not note.exists():
        write_atomically(note, "*\n")


_TARGETS: Mapping[str, Callable[[Options], AbstractContextManager[SuiteTarget]]] = {
    "embedded": embedded,
    "localstack": _localstack,
    "aws": _account,
}
