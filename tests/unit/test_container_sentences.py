"""Without Docker, a daemon or an image: one clear sentence, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from harness.containers import LocalStackWithEdge
from harness.containers.abandoned import owner_label, remove_abandoned
from harness.containers.daemon import connect, require_image
from harness.problem import Problem
from harness.targets.settings import EmulatorSettings


def test_without_a_daemon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(Problem) as caught, LocalStackWithEdge():
        raise AssertionError("it must not start")
    assert caught.value.sentence == (
        "No Docker daemon answers (there is no socket); start one, or use another target, such as embedded."
    )


@pytest.mark.parametrize("package", ["docker", "testcontainers"])
def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        Problem, match=rf"need the Python package {package}.*pip install 'pipeline-harness\[containers\]'"
    ):
        connect()


def test_the_packages_are_not_needed_until_then() -> None:
    """Importing the class, or the plugin, imports neither."""
    code = (
        "import harness.containers, harness.pytest_plugin, sys; "
        "print([name for name in sys.modules if name.split('.')[0] in ('docker', 'testcontainers')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "[]", ended.stderr


class Images:
    """No image is here; `pull` gives this error, or none."""

    def __init__(self, error: Exception | None) -> None:
        self.images = self
        self.error = error
        self.pulled: list[str] = []

    def get(self, name: str) -> None:
        raise ImageNotFound("404")

    def pull(self, name: str) -> None:
        self.pulled.append(name)
        if self.error is not None:
            raise self.error


def test_an_image_that_cannot_be_had() -> None:
    images = Images(APIError("500 Server Error", explanation="Get https://registry: dial tcp:\n no such host"))
    with pytest.raises(Problem) as caught:
        require_image(images, "localstack/localstack:4.14.0", "build one", pull=True)
    assert caught.value.sentence == (
        "The image localstack/localstack:4.14.0 is not on this machine and cannot be pulled "
        "(Get https://registry: dial tcp: no such host); build one."
    )


def test_our_own_image_is_never_pulled() -> None:
    """A registry may hold another one under that name."""
    images = Images(None)
    with pytest.raises(Problem, match="There is no image pipeline-harness/edge on this machine; build it"):
        require_image(images, "pipeline-harness/edge", "build it", pull=False)
    assert not images.pulled
    require_image(images, "localstack/localstack:4.14.0", "", pull=True)
    assert images.pulled == ["localstack/localstack:4.14.0"]


def test_a_daemon_on_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports are published on its loopback, where nobody here reaches them."""
    client = Images(None)
    client.api = client  # type: ignore[attr-defined]
    client.base_url = "http://far.example:2375"  # type: ignore[attr-defined]
    client.close = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr("harness.containers.pair.connect", lambda: client)
    with pytest.raises(Problem, match="is on another machine"), LocalStackWithEdge():
        pass


def test_images_and_services_by_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_IMAGE", "mine:1")
    monkeypatch.setenv("HARNESS_EDGE_IMAGE", "edge:1")
    pair = LocalStackWithEdge(more_native=("logs", "kinesis"))
    assert (pair.localstack_image, pair.edge_image) == ("mine:1", "edge:1")
    assert pair.native.split(",")[-1] == "logs" and pair.native.count("kinesis") == 1
    assert LocalStackWithEdge(localstack_image="other:2").localstack_image == "other:2"


def test_the_edge_gets_every_option_and_its_own_place() -> None:
    """One that a suite was started with is not lost on the way to the container."""
    strict = LocalStackWithEdge(settings=EmulatorSettings("manual", 7, state_dir="/here", strict=True)).settings
    assert (strict.clock, strict.seed, strict.strict) == ("manual", 7, True)
    assert strict.state_dir != "/here" and "--strict" in strict.argv()


class Left:
    """Containers and networks that earlier runs left."""

    def __init__(self, *owners: str) -> None:
        self.removed: list[str] = []
        self.containers = self.networks = self
        self._owners = owners

    def list(self, **options: Any) -> list[Any]:
        return [_One(owner, self.removed) for owner in self._owners]


class _One:
    def __init__(self, owner: str, removed: list[str]) -> None:
        self.labels = {"pipeline-harness.owner": owner}
        self.attrs = {"Labels": self.labels}
        self._removed = removed

    def remove(self, **options: Any) -> None:
        self._removed.append(self.labels["pipeline-harness.owner"])


def test_what_a_killed_run_left_is_removed() -> None:
    """Of this machine only, and not of a process that lives, a later one with the same pid included."""
    (ours,) = owner_label().values()
    host, pid, _ = ours.split(" ", 2)
    gone = [f"{host} 999999999 start 1", f"{host} {pid} start 1"]
    left = Left(ours, "elsewhere 999999999 start 1", *gone)
    remove_abandoned(left)
    assert sorted(set(left.removed)) == sorted(gone)
