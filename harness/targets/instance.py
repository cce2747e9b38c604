"""The record of an emulator process that a command started: `.harness/<port>/instance.json`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from harness.problem import Problem
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.admin import Admin, AdminError
from harness.targets.process import process_identity
from harness.targets.settings import AS_USUAL, EmulatorSettings

_RECORD = "instance.json"


@dataclass(frozen=True)
class Instance:
    """A started emulator. `identity` tells its process from a later one with the same pid, or is its container's id
    (target `localstack`, pid 0); `started` is epoch seconds; `sinks_url` is a sink server's beside it;
    `stacks` maps the folder of each stack that was applied to it to the key of its inputs (empty: the apply failed)."""

    port: int
    pid: int
    identity: str
    started: float
    settings: EmulatorSettings = AS_USUAL
    target: str = "embedded"
    sinks_url: str | None = None
    stacks: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def alive(self) -> bool:
        if self.target == "localstack":
            return _container_runs(self.identity)
        try:
            return process_identity(self.pid) == self.identity or self._answers()
        except OSError:
            return True  # what is not known to be gone is not forgotten

    def _answers(self) -> bool:
        """Whether it answers on its port: in a container, this command may not see the process."""
        try:
            return Admin(self.endpoint_url).health(timeout=1.0).get("pid") == self.pid
        except AdminError:
            return False

    @property
    def is_mine(self) -> bool:
        """Whether this command sees its process, and so can end it."""
        return self.target == "localstack" or process_identity(self.pid) == self.identity

    def save(self, workspace: Workspace) -> None:
        write_atomically(record_file(workspace, self.port), json.dumps(asdict(self), indent=2))

    def with_stack(self, folder: Path, key: str) -> Instance:
        return replace(self, stacks={**self.stacks, str(folder): key})


def load_instance(workspace: Workspace, port: int) -> Instance | None:
    """The recorded emulator of that port, alive or not; None when there is no readable record."""
    record = read_json(record_file(workspace, port))
    if record is None or not {"port", "pid", "identity", "started"} <= record.keys():
        return None
    known = {field.name for field in fields(Instance)}
    settings = EmulatorSettings.read(record.get("settings") or {})
    return Instance(**{**{name: value for name, value in record.items() if name in known}, "settings": settings})


def running_instance(workspace: Workspace, port: int) -> Instance | None:
    """The emulator of that port if it still runs; a record of one that is gone is removed."""
    instance = load_instance(workspace, port)
    if instance is None:
        return None
    if instance.alive():
        return instance
    forget_instance(workspace, instance)
    return None


def forget_instance(workspace: Workspace, instance: Instance) -> None:
    """Remove the record of an emulator that has ended; that of another one in its place stays."""
    with workspace.lock(f"record {instance.port}"):
        found = load_instance(workspace, instance.port)
        if found is None or (found.pid, found.identity) == (instance.pid, instance.identity):
            record_file(workspace, instance.port).unlink(missing_ok=True)


def remove_files(workspace: Workspace, port: int) -> None:
    """Remove all that is kept of a port's emulator, unless one lives there (or is just being started)."""
    with workspace.lock(starting(port)):
        if running_instance(workspace, port) is None:
            shutil.rmtree(workspace.instance(port), ignore_errors=True)


def starting(port: int) -> str:
    """The subject of the workspace's lock that is held while an emulator is started on a port."""
    return f"start {port}"


def shown_place(instance: Instance) -> str:
    """Where it runs, as commands show it."""
    return "in containers" if instance.target == "localstack" else f"pid {instance.pid}"


def emulator_log(workspace: Workspace, port: int) -> Path:
    return workspace.instance(port) / "emulator.log"


def _container_runs(container: str) -> bool:
    """A daemon that does not answer may bring the container back: what is not known to be gone is not forgotten."""
    from harness.targets.localstack.docker import Docker

    try:
        return Docker.find().running(container) is not False
    except Problem:
        return True


def record_file(workspace: Workspace, port: int) -> Path:
    """Where the record of a port's emulator is."""
    return workspace.instance(port) / _RECORD
