"""LocalStack in a container, with the edge in a second one in front of it.

Both are on a network of their own; their ports are chosen at the start and published on loopback. The edge's port stays
the same when it is killed and started again, and so does its state: it is kept in the container.
"""

from __future__ import annotations

import contextlib
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

from harness.containers.abandoned import owner_label, remove_abandoned
from harness.containers.daemon import connect, require_image
from harness.problem import Problem
from harness.targets.admin import Admin
from harness.targets.localstack.settings import (
    EDGE_HEALTH,
    EDGE_IMAGE,
    LOCALSTACK_ALIAS,
    LOCALSTACK_ENVIRONMENT,
    LOCALSTACK_HEALTH,
    LOCALSTACK_IMAGE,
    PASSED_THROUGH,
    PORT,
    UPSTREAM,
    native_for,
)
from harness.targets.settings import EmulatorSettings
from harness.waiting import NotInTime, wait_for

EDGE = "edge"
LOCALSTACK = LOCALSTACK_ALIAS
START_SECONDS = 180.0
"""Until both answer. LocalStack alone takes some 20 s on two slow cores."""

_STATE = "/var/lib/harness/state"  # the image's volume: what was acknowledged survives `docker kill`
_SNAPSHOTS = "/var/lib/harness/snapshots"
_POLL_SECONDS = 0.1
_PORT_ATTEMPTS = 5
_TAIL = 15


class LocalStackWithEdge:
    """`with LocalStackWithEdge() as pair:` `pair.url` is the edge's endpoint, `pair.upstream_url` LocalStack's.

    `clock` is `real`, `manual` or a rate such as `x60`; `settings` are all options of the edge instead of `clock` and
    `seed`, where its place is not one of them. `more_native` are services of the edge beyond the usual ones.
    Images come from LOCALSTACK_IMAGE and HARNESS_EDGE_IMAGE unless given. `start_seconds` bounds each wait for health.
    testcontainers' settings hold: Ryuk removes the containers even when this process is killed, unless
    TESTCONTAINERS_RYUK_DISABLED is set. Entering raises Problem, and leaves nothing behind then.
    """

    def __init__(
        self,
        *,
        clock: str = "real",
        seed: int | None = None,
        settings: EmulatorSettings | None = None,
        more_native: Sequence[str] = (),
        localstack_image: str | None = None,
        edge_image: str | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self.localstack_image = localstack_image or os.environ.get("LOCALSTACK_IMAGE") or LOCALSTACK_IMAGE
        self.edge_image = edge_image or os.environ.get("HARNESS_EDGE_IMAGE") or EDGE_IMAGE
        self.native = ",".join(dict.fromkeys([*native_for(self.localstack_image).split(","), *more_native]))
        here = settings or EmulatorSettings(clock, seed)
        self.settings = replace(here, state_dir=_STATE, upstream=UPSTREAM, native=self.native)
        self.start_seconds = start_seconds
        self.url = ""
        self.upstream_url = ""
        self.network: Any = None
        self._containers: dict[str, Any] = {}
        self._held = contextlib.ExitStack()

    def __enter__(self) -> LocalStackWithEdge:
        try:
            self._start()
        except BaseException as error:
            tails = "\n".join(f"{name}: {line}" for name in self._containers for line in self._last_lines(name))
            self._held.close()
            if isinstance(error, Problem):
                raise Problem(error.sentence, error.detail or tails) from None
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    @property
    def admin(self) -> Admin:
        """The edge's admin API."""
        return Admin(self.url)

    def container(self, name: str) -> Any:
        """`edge` or `localstack` (docker.models.containers.Container). Raises Problem for another name."""
        if name not in self._containers:
            raise Problem(f"There is no container {name}; there are {', '.join(self._containers)}.")
        return self._containers[name].get_wrapped_container()

    @property
    def names(self) -> list[str]:
        return list(self._containers)

    def log(self, name: str, since: float | None = None) -> str:
        """What the container wrote, from epoch second `since` on."""
        found: bytes = self.container(name).logs(since=since) if since is not None else self.container(name).logs()
        return found.decode(errors="replace")

    def wait(self, name: str) -> None:
        """Wait until the container answers. Raises Problem when it ended or `start_seconds` have passed."""
        url = f"{self.url}{EDGE_HEALTH}" if name == EDGE else f"{self.upstream_url}{LOCALSTACK_HEALTH}"
        container = self.container(name)

        def answers() -> bool:
            if _answers(url):
                return True
            container.reload()
            if container.status in ("exited", "dead"):
                code = container.attrs["State"]["ExitCode"]
                raise Problem(
                    f"The container {name} ended at once (exit code {code}).", "\n".join(self._last_lines(name))
                )
            return False

        what = f"The container {name} did not answer at {url}"
        try:
            wait_for(answers, seconds=self.start_seconds, what=what, every=_POLL_SECONDS)
        except NotInTime as late:
            raise Problem(str(late), "\n".join(self._last_lines(name))) from None

    def revive(self) -> bool:
        """Start the edge again if it has died; False when it lives. Raises Problem."""
        edge = self.container(EDGE)
        edge.reload()
        if edge.status == "running":
            return False
        edge.start()
        self.wait(EDGE)
        return True

    def _start(self) -> None:
        client = connect()
        self._held.callback(client.close)
        _refuse_distant(client)
        require_image(
            client,
            self.localstack_image,
            "name one that is here with LOCALSTACK_IMAGE, or build one with make localstack-image",
            pull=True,
        )
        require_image(
            client,
            self.edge_image,
            "build it with make image, or name one that is here with HARNESS_EDGE_IMAGE",
            pull=False,
        )
        remove_abandoned(client)
        with _one_sentence():
            from testcontainers.core.network import Network

            self.network = Network(docker_network_kw={"labels": owner_label()})
            self._held.enter_context(self.network)
        self.url = self._run(EDGE, self.edge_image, {}, self._edge_arguments())
        environment = LOCALSTACK_ENVIRONMENT | {
            name: os.environ[name] for name in PASSED_THROUGH if os.environ.get(name)
        }
        # Queue URLs lead to the edge, in the one form that Terraform's provider takes.
        environment |= {"SQS_ENDPOINT_STRATEGY": "off", "LOCALSTACK_HOST": self.url.removeprefix("http://")}
        self.upstream_url = self._run(LOCALSTACK, self.localstack_image, environment, [])
        self.wait(LOCALSTACK)
        self.wait(EDGE)

    def _edge_arguments(self) -> list[str]:
        return self.settings.argv(snapshot_dir=_SNAPSHOTS)

    def _run(self, name: str, image: str, environment: dict[str, str], command: list[str]) -> str:
        """Start a container; returns the URL of its port."""
        from docker.errors import APIError
        from testcontainers.core.container import DockerContainer

        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = _free_port()
            container = DockerContainer(image, env=dict(environment), network=self.network, network_aliases=[name])
            # A port of our choice: one of Docker's would be another after each start.
            container.ports[f"{PORT}/tcp"] = ("127.0.0.1", port)  # type: ignore[assignment]
            container.with_kwargs(labels=owner_label(), init=True)
            if command:
                container.with_command(command)
            self._containers[name] = container
            try:
                with _one_sentence():
                    container.start()
            except BaseException as error:
                del self._containers[name]
                container.stop()
                taken = isinstance(error.__cause__, APIError) and "port is already allocated" in str(error.__cause__)
                if taken and attempt < _PORT_ATTEMPTS:
                    continue
                raise
            self._held.callback(container.stop)
            return f"http://{self._host(container)}"
        raise AssertionError("unreachable")

    def _host(self, container: Any) -> str:
        """Host and port at which this process reaches the container: loopback, unless testcontainers is told that this
        process is on the containers' own network."""
        from testcontainers.core.config import ConnectionMode, testcontainers_config

        if testcontainers_config.connection_mode_override == ConnectionMode.bridge_ip:
            return f"{container.get_container_host_ip()}:{PORT}"
        return f"127.0.0.1:{container.ports[f'{PORT}/tcp'][1]}"

    def _last_lines(self, name: str) -> list[str]:
        try:
            return self.log(name).splitlines()[-_TAIL:]
        except Exception as error:
            return [f"its log cannot be read: {error}"]


@contextlib.contextmanager
def _one_sentence() -> Iterator[None]:
    """What Docker or testcontainers raise becomes a Problem; the cause stays for whoever asks."""
    from docker.errors import DockerException

    try:
        yield
    except DockerException as error:
        text = " ".join(str(getattr(error, "explanation", None) or error).split())
        remedy = "; TESTCONTAINERS_RYUK_DISABLED=true does without Ryuk" if "ryuk" in text else ""
        raise Problem(f"Docker refused: {text[:300]}{remedy}.") from error


def _refuse_distant(client: Any) -> None:
    """Ports are published on the loopback of the daemon's machine, which must be this one."""
    place = str(client.api.base_url)
    host = place.partition("://")[2].partition(":")[0].partition("/")[0]
    if place.startswith("http+docker://ssh") or (
        not place.startswith("http+docker") and host not in ("localhost", "127.0.0.1", "localunixsocket")
    ):
        raise Problem(f"The Docker daemon at {place} is on another machine; containers are reached on loopback only.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
    except Exception:  # half an answer, while it starts
        return False
