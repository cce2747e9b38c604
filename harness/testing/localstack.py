"""The target localstack of a test process: the edge in front of LocalStack, clean for every test.

The near half is restored from a snapshot; what is behind is emptied by public APIs, and the stack is applied again
where something behind is gone or changed. There is a pair of containers per test process: tests that share one would
see each other.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from harness.aws_resources.remembered import Remembered
from harness.json_object import Json
from harness.ledger import ByClock, Settle
from harness.problem import Problem
from harness.provision.workspace import write_atomically
from harness.targets.admin import Admin, AdminError
from harness.targets.settings import EmulatorSettings
from harness.testing.aws import Aws, without_aws_variables
from harness.testing.options import Options
from harness.testing.split_topology import Edge, SplitProvisioner
from harness.testing.topology import SuiteWorkspace, provisioning_environment

if TYPE_CHECKING:
    from harness.containers import ContainerFaults

CAPABILITIES = frozenset({"clock", "faults", "sinks", "trace", "reset", "containers"})


class Pair(Protocol):
    """An emulator with manual time, and an endpoint behind it."""

    url: str
    settings: EmulatorSettings
    native: str
    """The services of the emulator, `kinesis,logs`; all others are behind."""

    @property
    def names(self) -> Sequence[str]:
        """Containers, by which `log` tells what they wrote; none where there are no containers."""

    def log(self, name: str, since: float | None = None) -> str: ...

    def revive(self) -> bool:
        """Start the emulator again if it has died; False when it lives."""


@dataclass
class SuiteLocalStack:
    """One pair for all tests of this process. `outputs` is None without a stack."""

    pair: Pair
    seed: int
    workspace: SuiteWorkspace
    provisioner: SplitProvisioner | None = None
    containers: ContainerFaults | None = None
    outputs: Json | None = None
    name: str = "localstack"
    capabilities: frozenset[str] = CAPABILITIES

    def __post_init__(self) -> None:
        self.aws = Aws(self.pair.url)
        self.admin = Admin(self.pair.url)
        here = self.pair.native.split(",")
        self._behind, self._nothing = Remembered(self.aws.client, here), Remembered(self.aws.client, here)

    @property
    def log(self) -> Path:
        """Where the edge's log is after the end."""
        return self._folder / "edge.log"

    def provide(self) -> None:
        """Apply the stack, and remember what it is like. Raises Problem."""
        self._nothing.remember()
        if self.provisioner is not None:
            self.outputs = self.provisioner.provide().outputs
        self._behind.remember()

    def clean(self) -> None:
        """Back to the first state: no faults, empty sinks, the near half from its snapshot, and behind it nothing that
        was not there. An edge that was killed is started again."""
        if self.containers is not None:
            self.containers.heal()
        try:
            self._clean()
        except AdminError as error:
            if error.status != 0 or not self.pair.revive():
                raise
            self._clean()

    def now(self) -> float:
        return float(self.admin.clock()["now"])

    def settle(self, seconds: float | None) -> Settle:
        """By the edge's clock; a test's real time is no measure here."""
        return ByClock(self.pair.url)

    def owns(self, name: str) -> bool:
        return True

    def log_size(self) -> int:
        """A position in the log: the milliseconds of real time."""
        return int(time.time() * 1000)

    def log_since(self, position: int) -> str:
        """What the edge has logged since."""
        return self.container_log("edge", position) if "edge" in self.pair.names else ""

    def container_log(self, name: str, position: int) -> str:
        return self.pair.log(name, position / 1000)

    def keep_logs(self) -> None:
        """Write what the containers logged to files: they are about to be removed."""
        for name in self.pair.names:
            write_atomically(self._folder / f"{name}.log", self.pair.log(name))

    def forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _clean(self) -> None:
        # This first: a fault that is in force would hit the cleaning behind.
        if self.provisioner is None:
            self.admin.reset(here_only=True)
        else:
            self.admin.restore_snapshot(self.provisioner.snapshot, here_only=True)
        for name in self.admin.sinks():
            self.admin.forget_sink(name)
        if self._behind.clean() and self.provisioner is not None:
            # From nothing: an apply of what is missing replaces what depends on it, and Terraform does not see that
            # an integration that is replaced takes its responses along.
            self.admin.reset(here_only=True)
            self._nothing.clean()
            self.outputs = self.provisioner.again().outputs
            self._behind.remember()

    @property
    def _folder(self) -> Path:
        return self.workspace.instance(int(self.pair.url.rpartition(":")[2]))


@contextmanager
def localstack(options: Options) -> Iterator[SuiteLocalStack]:
    """Containers of one's own with the options' stack. Raises Problem."""
    from harness.containers import ContainerFaults, LocalStackWithEdge

    if options.endpoint_url is not None:
        raise Problem("The target localstack starts containers of its own: leave out --harness-endpoint-url.")
    if options.iam != "off":
        raise Problem("On the target localstack IAM is LocalStack's, which decides nothing: leave out --harness-iam.")
    # Logs are here as well: LocalStack refuses events from a time that a test has moved on.
    with (
        without_aws_variables(),
        LocalStackWithEdge(clock="manual", seed=options.seed, more_native=("logs",)) as pair,
        provided(options, pair, ContainerFaults(pair)) as suite,
    ):
        try:
            yield suite
        finally:
            suite.keep_logs()


@contextmanager
def provided(options: Options, pair: Pair, containers: ContainerFaults | None = None) -> Iterator[SuiteLocalStack]:
    """The suite on a pair that runs, with the options' stack applied."""
    workspace = SuiteWorkspace(options.root)
    provisioner = None
    if options.stack is not None:
        edge = Edge(pair.url, pair.settings)
        provisioner = SplitProvisioner(options, workspace, edge, provisioning_environment())
    suite = SuiteLocalStack(pair, options.seed, workspace, provisioner, containers)
    suite.provide()
    yield suite
