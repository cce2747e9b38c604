"""`harness up --target localstack` with a stand-in for docker: one sentence for everything that is missing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.instance import load_instance
from harness.targets.localstack import images
from harness.targets.localstack.compose import ComposeTarget
from harness.targets.localstack.settings import EDGE_IMAGE, LOCALSTACK_IMAGE, NATIVE, OFFLINE_IMAGE

FAKE_DOCKER = Path(__file__).with_name("fake_docker_command.py")
FAKE_EDGE = Path(__file__).with_name("fake_emulator.py")


class Machine:
    """A machine with a docker command that behaves as the test says, and a project folder on it."""

    def __init__(self, root: Path) -> None:
        self.home = root / "docker"
        self.home.mkdir()
        self.workspace = Workspace(root / "project")
        (self.workspace.root / ".git").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.has(LOCALSTACK_IMAGE, EDGE_IMAGE)

    def has(self, *names: str) -> None:
        """The images on it; the edge's is of the present sources."""
        label = images.sources(images.checkout())
        (self.home / "images").write_text(json.dumps(dict.fromkeys(names, label)))

    def misbehave(self, *how: str) -> None:
        (self.home / "misbehave").write_text(" ".join(how))

    def calls(self, word: str) -> list[str]:
        """The docker commands so far that hold the word."""
        calls = self.home / "calls"
        return [line for line in calls.read_text().splitlines() if word in line.split()] if calls.exists() else []

    @property
    def up(self) -> bool:
        return (self.home / "up").exists()

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(app, [*arguments, "--port", str(self.port)])
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    def bring_up(self, *arguments: str) -> Result:
        return self.run("up", "--target", "localstack", "--no-stack", *arguments)

    def command(self) -> list[str]:
        """What the edge is started with."""
        override = json.loads((self.workspace.instance(self.port) / "compose.json").read_text())
        found: list[str] = override["services"]["edge"]["command"]
        return found


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE_DOCKER}" "$@"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_DOCKER", str(machine.home))
    for name in ("DOCKER", "LOCALSTACK_IMAGE", "HARNESS_EDGE_IMAGE", "PYTHON_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(machine.workspace.root)
    return machine


@pytest.fixture
def edge(machine: Machine) -> Iterator[None]:
    """The container's published port, answered."""
    command = [sys.executable, str(FAKE_EDGE), "--port", str(machine.port), "--snapshot-dir", str(machine.home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake edge listens before the fake container does."""
    monkeypatch.setattr("harness.targets.localstack.compose.refuse_taken_port", lambda port, workspace: None)


def said(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (["daemon"], "No Docker daemon answers; start it or use the target embedded"),
        (["compose"], "Docker Compose v2 was not found; install its plugin"),
        (["port"], "is in use by another program; choose another port: --port N"),
        (["unhealthy"], "The container localstack did not get healthy within"),
        (["exits"], "The container localstack ended at once (exit code 3)."),
    ],
)
def test_what_goes_wrong_is_a_sentence_and_leaves_nothing(machine: Machine, how: list[str], sentence: str) -> None:
    machine.misbehave(*how)
    assert sentence in said(machine.bring_up())
    assert not machine.up
    assert load_instance(machine.workspace, machine.port) is None


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ([], "docker ok a daemon answers "),
        (["daemon"], "docker warning only needed for the target localstack; No Docker daemon answers; start it"),
        (["compose"], "docker warning only needed for the target localstack; Docker Compose v2 was not found"),
    ],
)
def test_doctor_tells_of_docker_and_does_not_fail_without_it(machine: Machine, how: list[str], sentence: str) -> None:
    machine.misbehave(*how)
    told = machine.run("doctor")
    assert told.exit_code == 0, told.output
    assert sentence in " ".join(told.output.split())


def test_a_start_that_fails_removes_its_containers_itself(machine: Machine) -> None:
    target = ComposeTarget(machine.workspace, machine.port)
    target.find_localstack()
    machine.misbehave("exits")
    with pytest.raises(Problem, match="ended at once"):
        target.start()
    assert not machine.up


def test_the_log_of_a_container_that_failed_is_shown(machine: Machine) -> None:
    machine.misbehave("unhealthy")
    assert "the last line of its log" in said(machine.bring_up())


def test_without_a_docker_client(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER", "no-such-docker")
    assert "The docker client was not found (no-such-docker); install Docker" in said(machine.bring_up())
    assert "The docker client was not found" in said(machine.run("down", "--target", "localstack"))


def test_an_image_that_is_neither_here_nor_to_be_pulled(machine: Machine) -> None:
    machine.has(EDGE_IMAGE)
    machine.misbehave("pull")
    assert f"The image {LOCALSTACK_IMAGE} is not on this machine and can't be pulled; build one: make" in said(
        machine.bring_up()
    )
    assert not machine.calls("up")


def test_an_edge_that_cannot_be_built(machine: Machine) -> None:
    machine.has(LOCALSTACK_IMAGE)
    machine.misbehave("build")
    text = said(machine.bring_up())
    assert f"The image {EDGE_IMAGE} could not be built; where base images can't be pulled" in text
    assert "not found" in text
    assert not machine.calls("up")


def test_a_port_in_use_is_told_before_anything_is_started(machine: Machine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", machine.port))
        taken.listen()
        assert f"Port {machine.port} is in use by another program" in said(machine.bring_up())
    assert not machine.calls("up")


@pytest.mark.parametrize(
    ("there", "named", "used"),
    [
        ([LOCALSTACK_IMAGE, OFFLINE_IMAGE], None, LOCALSTACK_IMAGE),
        ([OFFLINE_IMAGE], None, OFFLINE_IMAGE),
        ([], None, LOCALSTACK_IMAGE),
        ([LOCALSTACK_IMAGE], "localstack/localstack-pro:latest", "localstack/localstack-pro:latest"),
    ],
)
def test_which_localstack_is_used(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, there: list[str], named: str | None, used: str
) -> None:
    """What is here comes first; only what was named, or the official one, is pulled."""
    if named:
        monkeypatch.setenv("LOCALSTACK_IMAGE", named)
    machine.has(EDGE_IMAGE, *there)
    assert ComposeTarget(machine.workspace, machine.port).find_localstack() == used
    assert len(machine.calls("pull")) == (used not in there)


def test_the_edge_is_built_only_when_its_sources_changed(machine: Machine) -> None:
    target = ComposeTarget(machine.workspace, machine.port)
    assert target.find_edge() == "unchanged" and not machine.calls("build")
    (machine.home / "images").write_text(json.dumps({EDGE_IMAGE: "of older sources"}))
    assert target.find_edge() == "built"
    (call,) = machine.calls("build")
    assert f"{images.LABEL}={images.sources(images.checkout())}" in call


@pytest.mark.usefixtures("edge", "free_port")
def test_up_shows_the_endpoints_and_a_second_one_does_nothing(machine: Machine) -> None:
    origin = ("--allow-origin", "http://localhost:3000")
    first = machine.bring_up("--clock", "x60", "--seed", "5", "--allow-host", "receiver", *origin)
    assert first.exit_code == 0, first.output
    assert f"http://127.0.0.1:{machine.port}" in first.output
    assert "http://127.0.0.1:40404/_harness/sinks" in first.output
    command = machine.command()
    assert command[command.index("--native") + 1] == ",".join(NATIVE)
    for option, value in (("--clock", "x60"), ("--seed", "5"), ("--allow-host", "receiver"), origin):
        assert command[command.index(option) + 1] == value
    second = machine.bring_up()
    assert (second.exit_code, "already running" in second.output) == (0, True)
    assert len(machine.calls("up")) == 1
    other = machine.run("up", "--no-stack")
    assert "runs with --target localstack; stop it first" in said(other)
    assert "runs with --clock x60" in said(machine.bring_up("--clock", "real"))


@pytest.mark.usefixtures("edge", "free_port")
def test_status_logs_and_down(machine: Machine) -> None:
    machine.bring_up()
    assert f"port {machine.port}  in containers" in CliRunner().invoke(app, ["status"]).output
    machine.run("logs")
    assert machine.calls("logs")
    down = machine.run("down")
    assert (down.exit_code, "stopped" in down.output) == (0, True)
    assert not machine.up
    assert "--volumes" in machine.calls("down")[-1].split()
    assert load_instance(machine.workspace, machine.port) is None
    assert "nothing was running" in machine.run("down", "--target", "localstack").output


@pytest.mark.usefixtures("edge", "free_port")
def test_containers_that_are_gone_are_forgotten_and_those_of_a_silent_daemon_are_not(machine: Machine) -> None:
    machine.bring_up()
    machine.misbehave("daemon")
    assert "No Docker daemon answers" in said(machine.run("down"))
    assert ComposeTarget(machine.workspace, machine.port).running() is not None
    machine.misbehave()
    (machine.home / "up").unlink()
    assert ComposeTarget(machine.workspace, machine.port).running() is None
    assert load_instance(machine.workspace, machine.port) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--upstream", "http://localhost:1"], "--upstream is LocalStack where the target is localstack"),
        (["--state-dir", "x"], "--state-dir has no effect on containers"),
    ],
)
def test_options_that_do_not_fit(machine: Machine, arguments: list[str], sentence: str) -> None:
    assert sentence in said(machine.bring_up(*arguments))
    assert not machine.calls("version")


def test_a_package_without_its_checkout(machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harness.__file__", str(tmp_path / "site-packages" / "harness" / "__init__.py"))
    monkeypatch.setattr("harness.targets.localstack.images.sources", lambda root: "x")
    assert "The target localstack needs a checkout of pipeline-harness" in said(machine.bring_up())


@pytest.mark.parametrize("what", ["edge", "localstack"])
def test_make_image_says_what_is_missing(machine: Machine, capsys: pytest.CaptureFixture[str], what: str) -> None:
    machine.misbehave("build")
    assert images.main([what]) == 1
    assert "could not be built; where base images can't be pulled" in capsys.readouterr().err
    assert images.main(["nonsense"]) == 1
    assert "There is no image nonsense" in capsys.readouterr().err
    machine.misbehave("daemon")
    assert images.main([what]) == 1
    assert "No Docker daemon answers" in capsys.readouterr().err
