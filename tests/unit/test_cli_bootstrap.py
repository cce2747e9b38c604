"""`make setup` on machines that lack something."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bootstrap.sh"
TOOLS = ("cat", "cksum", "date", "dirname", "head", "rm", "mkdir", "chmod", "sed")

# A Python in name only: says its version, and "makes" an environment that can say it installed.
FAKE_PYTHON = """#!/bin/sh
case "$1 $2" in
"-c "*) case "$2" in *"3, 15"*) exit {unsupported} ;; *) exit {old} ;; esac ;;
"--version "*) echo Python 3.99 ;;
"-m venv") mkdir -p .venv/bin; cat "$0" >.venv/bin/python; chmod +x .venv/bin/python ;;
"-m pip") echo "pip $*"; echo "${{FAKE_PIP_SAYS:-}}" >&2; exit ${{FAKE_PIP:-0}} ;;
esac
"""


class Machine:
    """A project with the script in it, and a PATH with nothing but the tools that every system has."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "path"
        self.path.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.path / tool).symlink_to(found)
        (root / "scripts").mkdir()
        shutil.copy(SCRIPT, root / "scripts")
        (root / "pyproject.toml").write_text("[project]\n")
        (root / "constraints.txt").write_text("boto3==1\n")

    def python(self, name: str, old: bool = False, new: bool = False) -> None:
        path = self.path / name
        path.write_text(FAKE_PYTHON.format(old=int(old), unsupported=int(old or new)))
        path.chmod(0o755)

    def setup(self, **environ: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.path), **environ}
        command = ["/bin/sh", str(self.root / "scripts" / "bootstrap.sh")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, cwd=os.sep)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_is_one_sentence(machine: Machine) -> None:
    result = machine.setup()
    assert result.returncode == 1
    assert result.stderr.startswith("setup: no Python 3.11 to 3.14 was found")
    assert len(result.stderr.splitlines()) == 1


def test_old_pythons_do_not_count(machine: Machine) -> None:
    machine.python("python3", old=True)
    machine.python("python3.11", old=True)
    assert machine.setup().returncode == 1


@pytest.mark.parametrize(("name", "why"), [("nix", "was not found"), ("python3", "is older")])
def test_chosen_python_that_cannot_serve_is_named(machine: Machine, name: str, why: str) -> None:
    machine.python("python3", old=True)
    result = machine.setup(PYTHON=name)
    assert result.returncode == 1
    assert f"PYTHON={name} {why}" in result.stderr


def test_failed_installation_is_tried_again(machine: Machine) -> None:
    machine.python("python3.13")
    failed = machine.setup(FAKE_PIP="1")
    assert failed.returncode == 1
    assert "pip could not install" in failed.stderr
    assert "done in" in machine.setup().stdout


def test_a_dependency_without_a_wheel_is_named(machine: Machine) -> None:
    machine.python("python3.13")
    failed = machine.setup(FAKE_PIP="1", FAKE_PIP_SAYS="ERROR: Failed building wheel for jq")
    assert "ERROR: Failed building wheel for jq\n" in failed.stderr
    assert "setup: jq has no wheel for Python 3.99 here and could not be built; run with PYTHON=" in failed.stderr


def test_a_python_that_is_too_new_is_taken_by_name_only(machine: Machine) -> None:
    machine.python("python3", new=True)
    assert machine.setup().returncode == 1
    assert "path/python3)" in machine.setup(PYTHON="python3").stdout


def test_shim_that_fails_is_passed_over(machine: Machine) -> None:
    machine.python("python3.11", old=True)
    machine.python("python3.12")
    result = machine.setup()
    assert result.returncode == 0
    assert "python3.12" in result.stdout
    assert "-c constraints.txt -e .[dev]" in result.stdout


def test_newest_supported_python_is_taken_and_named(machine: Machine) -> None:
    for name in ("python3", "python3.11", "python3.13", "python3.14", "python3.15"):
        machine.python(name)
    assert "path/python3.14)" in machine.setup().stdout


def test_unchanged_project_is_skipped_and_a_changed_one_is_not(machine: Machine) -> None:
    machine.python("python3")
    machine.setup()
    assert machine.setup().stdout == ""
    (machine.root / "constraints.txt").write_text("boto3==2\n")
    again = machine.setup().stdout
    assert "installing" in again
    assert "creating" not in again


def test_a_python_that_was_chosen_once_stays(machine: Machine) -> None:
    """`make down` after `make up PYTHON=…`: the environment that is there is good."""
    for name in ("python3.12", "python3.13"):
        machine.python(name)
    assert "path/python3.12)" in machine.setup(PYTHON="python3.12").stdout
    assert machine.setup().stdout == ""
    assert machine.setup(PYTHON="python3.12").stdout == ""
    for chosen in ({}, {"PYTHON": "python3.12"}):
        (machine.root / "constraints.txt").write_text(f"boto3=={len(chosen) + 2}\n")
        again = machine.setup(**chosen).stdout
        assert "installing" in again
        assert "creating" not in again
    assert machine.setup().stdout == machine.setup(PYTHON="python3.12").stdout == ""


def test_another_chosen_python_makes_another_environment(machine: Machine) -> None:
    for name in ("python3.12", "python3.13"):
        machine.python(name)
    machine.setup()
    assert "path/python3.12)" in machine.setup(PYTHON="python3.12").stdout
    assert "path/python3.13)" in machine.setup(PYTHON="python3.13").stdout
    assert machine.setup().stdout == ""


def test_a_chosen_python_is_kept_in_mind_when_its_installation_fails(machine: Machine) -> None:
    machine.python("python3.12")
    assert machine.setup(PYTHON="python3.12", FAKE_PIP="1").returncode == 1
    again = machine.setup(PYTHON="python3.12").stdout
    assert "installing" in again
    assert "creating" not in again
    assert machine.setup().stdout == ""
