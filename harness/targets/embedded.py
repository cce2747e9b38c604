"""The embedded target: the emulator as a process of its own on this machine, without Docker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.clients import Aws
from harness.emulator.private import private_environment
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.admin import AdminError
from harness.targets.capabilities import EMBEDDED
from harness.targets.instance import (
    Instance,
    emulator_log,
    forget_instance,
    record_file,
    remove_files,
    running_instance,
    starting,
)
from harness.targets.log import log_since, log_size, print_log
from harness.targets.port import HOST, refuse_taken_port
from harness.targets.process import end_process, process_identity
from harness.targets.settings import AS_USUAL, EmulatorSettings
from harness.targets.target import Show, Target, unseen
from harness.waiting import NotInTime, wait_for

_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0
_END_SECONDS = 2.0
_POLL_SECONDS = 0.01
_LOG_TAIL_LINES = 15


@dataclass
class EmbeddedTarget(Target):
    """One emulator process on one port. It outlives the command that starts it; `stop` works from any later command.

    `port` 0 takes a free port at the start. `command` is what is run instead of the emulator (for tests of this class).
    """

    workspace: Workspace
    port: int
    settings: EmulatorSettings = AS_USUAL
    # -P: the user's folder may hold a module that is named like one of ours or of the standard library.
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "harness.emulator")
    _child: subprocess.Popen[bytes] | None = None
    _first: str | None = None

    name = EMBEDDED

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.endpoint_url)

    def running(self) -> Instance | None:
        """The process that an earlier `start` left running on this port, if any."""
        instance = running_instance(self.workspace, self.port)
        return instance if instance is not None and instance.target == self.name else None

    def alive(self) -> bool:
        return self.running() is not None

    def start(self, show: Show = unseen) -> Instance:
        """Start the emulator and wait until it answers. Raises Problem when the port is taken or it does not come up;
        nothing is left running then."""
        with show("start the emulator") as step:
            instance = self._start()
            step.note(f"{self.endpoint_url}, pid {instance.pid}, {self.settings.clock} clock")
        return instance

    def _start(self) -> Instance:
        if self.port == 0:
            self.port = _free_port()
        self.workspace.make_private()
        # Alone on this port: who starts there at the same time must not take the other's log and record for its own.
        with self.workspace.lock(starting(self.port)):
            refuse_taken_port(self.port, self.workspace)
            return self._started()

    def _started(self) -> Instance:
        instance: Instance | None = None
        log = emulator_log(self.workspace, self.port)
        log.parent.mkdir(parents=True, exist_ok=True)
        self.workspace.snapshots.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            child = subprocess.Popen(
                [*self.command, *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=private_environment(os.environ),
            )
        self._child = child
        try:
            identity = process_identity(child.pid) or ""
            instance = Instance(
                port=self.port,
                pid=child.pid,
                identity=identity,
                started=time.time(),
                settings=self.settings,
            )
            instance.save(self.workspace)
            self._wait_ready(child, log)
        except BaseException:
            self._kill(child)
            if instance is not None:
                forget_instance(self.workspace, instance)
            raise
        return instance

    def stop(self) -> bool:
        """Stop the emulator and all its children; returns False when none was running."""
        instance = self.running()
        if instance is None:
            return False
        if not instance.is_mine:
            raise Problem(f"The emulator on port {self.port} (pid {instance.pid}) was started in another container.")
        end_process(instance.pid, instance.identity, _STOP_SECONDS, self._child)
        forget_instance(self.workspace, instance)
        return True

    def empty(self) -> None:
        self.admin.reset()

    def remember(self, snapshot: str | None = None) -> None:
        """Without a snapshot, nothing is the first state."""
        self._first = snapshot

    def clean(self) -> bool:
        try:
            self.admin.begin_again(self._first)
        except AdminError as error:
            if error.status != 0 or not self._ends():
                raise
            self.start()
            self.admin.begin_again(self._first)
        return False

    @property
    def log(self) -> Path:
        return emulator_log(self.workspace, self.port)

    def log_position(self) -> int:
        return log_size(self.log)

    def log_since(self, position: int) -> str:
        return log_since(self.log, position)

    def print_log(self, follow: bool) -> int:
        if not self.log.is_file():
            raise Problem(
                f"There is no log of an emulator on port {self.port}; start one: harness up --port {self.port}."
            )
        return print_log(self.log, follow)

    def forget(self) -> None:
        remove_files(self.workspace, self.port)

    def _ends(self) -> bool:
        """Whether an emulator that does not answer is gone, or is so at once: its port closes before its process
        ends."""
        try:
            return wait_for(
                lambda: not self.alive(), seconds=_END_SECONDS, what="The emulator did not end", every=_POLL_SECONDS
            )
        except NotInTime:
            return False

    def _arguments(self) -> list[str]:
        record = record_file(self.workspace, self.port)
        return self.settings.argv(port=self.port, snapshot_dir=self.workspace.snapshots, record=record)

    def _wait_ready(self, child: subprocess.Popen[bytes], log: Path) -> None:
        def ready() -> bool:
            if _says_ready(log):
                return True
            if child.poll() is not None:
                raise Problem(f"The emulator ended at once (exit code {child.returncode}).", _tail(log))
            return False

        try:
            wait_for(ready, seconds=_READY_SECONDS, what="The emulator was not ready", every=_POLL_SECONDS)
        except NotInTime as late:
            raise Problem(str(late), _tail(log)) from None
        try:
            health = self.admin.health(timeout=5.0)
        except AdminError as error:
            raise Problem(error.sentence, _tail(log)) from None
        if health.get("pid") != child.pid:
            raise Problem(f"Port {self.port} is answered by another process (pid {health.get('pid')}).")

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        """End a child that did not come up."""
        identity = process_identity(child.pid)
        if identity is not None:
            end_process(child.pid, identity, _STOP_SECONDS, child)
        elif child.poll() is None:
            child.send_signal(signal.SIGKILL)
        child.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _says_ready(log: Path) -> bool:
    return any(line.startswith(b"ready ") for line in log.read_bytes().splitlines())


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
