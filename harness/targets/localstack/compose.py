"""The target `localstack` of the command line: the containers of docker-compose.yml, which outlive the command.

The state lives in volumes for as long as the containers: `stop` removes both. LocalStack's own half is in its memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically
from harness.targets.admin import AdminError
from harness.targets.capabilities import LOCALSTACK
from harness.targets.instance import Instance, forget_instance, load_instance, running_instance
from harness.targets.localstack.docker import Docker, tail
from harness.targets.localstack.images import checkout, edge_image, localstack_image
from harness.targets.localstack.settings import PORT, UPSTREAM, native_for
from harness.targets.localstack.target import LocalStackTarget
from harness.targets.port import HOST, refuse_taken_port
from harness.targets.settings import AS_USUAL, EmulatorSettings
from harness.targets.target import Show, unseen

EDGE, SINK = "edge", "newrelic"
_OVERRIDE = "compose.json"
_HEALTHY_SECONDS = 240  # LocalStack takes some 20 s on two slow cores, and several times that on a busy machine


@dataclass
class ComposeTarget(LocalStackTarget):
    """The containers behind one port of this machine. In `settings`, `native` None is the usual split."""

    workspace: Workspace
    port: int
    settings: EmulatorSettings = AS_USUAL
    _images: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def native(self) -> str:
        return self.settings.native or native_for(self._images["LOCALSTACK_IMAGE"])

    @property
    def project(self) -> str:
        """Compose's name for the containers: one per port and folder."""
        return f"harness-{self.port}-{hashlib.sha256(str(self.workspace.root).encode()).hexdigest()[:6]}"

    def running(self) -> Instance | None:
        """What an earlier `start` left running on this port, if it is of this target."""
        instance = running_instance(self.workspace, self.port)
        return instance if instance is not None and instance.target == LOCALSTACK else None

    def find_localstack(self) -> str:
        """Check Docker and the port, and return LocalStack's image, pulled if need be. Raises Problem."""
        docker = Docker.find()
        docker.require_daemon()
        docker.require_compose()
        checkout()
        refuse_taken_port(self.port, self.workspace)
        image = localstack_image(docker)
        self._images["LOCALSTACK_IMAGE"] = image
        return image

    def find_edge(self) -> str:
        """Return how the edge's image was come by. Raises Problem when it can't be built."""
        how = ["unchanged"]
        self._images["HARNESS_EDGE_IMAGE"] = edge_image(Docker.find(), lambda: how.append("built"))
        return how[-1]

    def alive(self) -> bool:
        return self.running() is not None

    def start(self, show: Show = unseen) -> Instance:
        """Find the images, start the containers and wait until all are healthy. Raises Problem; nothing is left running
        then."""
        with show("find LocalStack's image") as step:
            step.note(self.find_localstack())
        with show("find the edge's image") as step:
            step.note(self.find_edge())
        with show("start the containers") as step:
            instance = self._start()
            step.note(f"{self.endpoint_url}, {instance.settings.clock} clock")
        return instance

    def _start(self) -> Instance:
        docker = Docker.find()
        self._write_override()
        self._remove(docker)
        began = time.monotonic()
        instance: Instance | None = None
        try:
            up = self._compose(
                docker, "up", "--detach", "--no-build", "--wait", "--wait-timeout", str(_HEALTHY_SECONDS)
            )
            if up.returncode != 0:
                raise self._not_healthy(docker, up.stdout, time.monotonic() - began)
            instance = Instance(
                port=self.port,
                pid=0,
                identity=self._compose(docker, "ps", "--quiet", "--no-trunc", EDGE).stdout.strip(),
                started=time.time(),
                settings=replace(self.settings, upstream=UPSTREAM),
                target=LOCALSTACK,
                sinks_url=self._published(docker, SINK),
            )
            instance.save(self.workspace)
            try:
                self.admin.health(timeout=10.0)
            except AdminError as error:
                raise Problem(error.sentence) from None
        except BaseException:
            with contextlib.suppress(Problem):  # what went wrong first is worth the sentence
                self._remove(docker)
            if instance is not None:
                forget_instance(self.workspace, instance)
            raise
        return instance

    def stop(self) -> bool:
        """Remove containers, networks and volumes; returns False when there were none. Raises Problem."""
        instance = load_instance(self.workspace, self.port)
        recorded = instance is not None and instance.target == LOCALSTACK
        docker = Docker.find()
        docker.require_daemon()
        docker.require_compose()
        there = bool(self._compose(docker, "ps", "--all", "--quiet").stdout.strip())
        self._remove(docker)
        if instance is not None and recorded:
            forget_instance(self.workspace, instance)
        return there

    def print_log(self, follow: bool) -> int:
        """What the containers wrote; returns compose's exit code."""
        docker = Docker.find()
        command = [docker.command, *self._project_arguments(), "logs", *(["--follow"] if follow else [])]
        return subprocess.run(command, stdin=subprocess.DEVNULL, env=self._environment()).returncode

    # -- compose ----------------------------------------------------------------------------------------------

    def _write_override(self) -> None:
        """What was asked for on the command line, as a second compose file beside the instance's record."""
        settings = replace(
            self.settings,
            upstream=UPSTREAM,
            native=self.native,
            state_dir="/var/lib/harness/state",
        )
        command = settings.argv(sinks=f"http://{SINK}:{PORT}")
        content = {"services": {EDGE: {"command": [part.replace("$", "$$") for part in command]}}}
        write_atomically(self._override, json.dumps(content, indent=2))

    @property
    def _override(self) -> Path:
        return self.workspace.instance(self.port) / _OVERRIDE

    def _project_arguments(self) -> list[str]:
        root = checkout()
        files = ["--file", str(root / "docker-compose.yml")]
        if self._override.is_file():
            files += ["--file", str(self._override)]
        return ["compose", "--ansi", "never", "--project-name", self.project, "--project-directory", str(root), *files]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._images, "HARNESS_PORT": str(self.port)}

    def _compose(self, docker: Docker, *arguments: str) -> subprocess.CompletedProcess[str]:
        return docker.run(*self._project_arguments(), *arguments, environ=self._environment())

    def _remove(self, docker: Docker) -> None:
        down = self._compose(docker, "down", "--volumes", "--remove-orphans", "--timeout", "10")
        if down.returncode != 0:
            raise Problem(f"The containers of {self.project} could not be removed.", tail(down.stdout))

    def _published(self, docker: Docker, service: str) -> str | None:
        """The URL of a service's port on this machine."""
        address = self._compose(docker, "port", service, str(PORT))
        return f"http://{address.stdout.strip()}" if address.returncode == 0 and address.stdout.strip() else None

    def _not_healthy(self, docker: Docker, said: str, seconds: float) -> Problem:
        """What kept the containers from coming up, by the states that compose tells."""
        if "port is already allocated" in said or "address already in use" in said:
            return Problem(
                f"Port {self.port} is in use by another program; choose another port: --port N (make: PORT=N)."
            )
        for state in _objects(self._compose(docker, "ps", "--all", "--format", "json").stdout):
            if state.get("Health") == "healthy":
                continue
            service = state.get("Service")
            log = tail(self._compose(docker, "logs", "--no-log-prefix", "--tail", "15", str(service)).stdout)
            if state.get("State") == "exited":
                return Problem(f"The container {service} ended at once (exit code {state.get('ExitCode')}).", log)
            if state.get("State") == "running":
                return Problem(f"The container {service} did not get healthy within {seconds:.0f} s.", log)
        return Problem("The containers could not be started.", tail(said))


def _objects(text: str) -> list[Json]:
    """Compose prints one object a line, or one list, by its version; other lines are warnings."""
    found: list[Json] = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            content = json.loads(line)
            found += [each for each in (content if isinstance(content, list) else [content]) if isinstance(each, dict)]
    return found
