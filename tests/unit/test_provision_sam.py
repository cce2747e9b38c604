"""SAM stacks without SAM CLI: which folders are some, what their configuration says, what is told when it fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.sam_environment import SamEnvironment
from harness.provision.sam_provision import sam_digest
from harness.provision.sam_runner import SamRunner
from harness.provision.sam_stack import SamStack, find_sam_stack
from harness.provision.stack import resolve_stack
from harness.provision.workspace import Workspace

CONFIG = '[default.global.parameters]\nstack_name = "triggers"\n[default.deploy.parameters]\nregion = "eu-west-1"\n'
FAKE_SAM = """#!{python}
import os, sys
print(sys.argv[3:], os.environ["AWS_ENDPOINT_URL"], os.environ["AWS_REGION"], os.environ.get("AWS_PROFILE"))
print("No changes to deploy. Stack triggers is up to date")
sys.exit(1 if "build" in sys.argv else 0)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "sam" / "triggers"
    folder.mkdir(parents=True)
    (folder / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\n")
    (folder / "samconfig.toml").write_text(CONFIG)
    return folder


@pytest.fixture
def sam(tmp_path: Path) -> SamEnvironment:
    """An environment whose Python is a script."""
    environment = SamEnvironment(tmp_path / "env", "aws-sam-cli==1\n")
    environment.bin.mkdir(parents=True)
    python = environment.bin / "python"
    python.write_text(FAKE_SAM.format(python=sys.executable))
    python.chmod(0o755)
    return environment


def test_a_folder_without_a_template_is_no_sam_stack(tmp_path: Path, project: Path) -> None:
    assert find_sam_stack(Workspace(tmp_path), "other") is None
    assert find_sam_stack(Workspace(tmp_path), str(tmp_path)) is None
    assert find_sam_stack(Workspace(tmp_path), "triggers") == SamStack(project)
    assert find_sam_stack(Workspace(tmp_path), str(project)) == SamStack(project)
    with pytest.raises(Problem, match=r"no stack nix.*stacks here: triggers"):
        resolve_stack(Workspace(tmp_path), "nix")


@pytest.mark.parametrize(("config", "sentence"), [("", "has no stack_name"), ("[", "is not TOML")])
def test_a_configuration_without_a_stack_name_is_one_sentence(project: Path, config: str, sentence: str) -> None:
    (project / "samconfig.toml").write_text(config)
    with pytest.raises(Problem, match=sentence):
        _ = SamStack(project).stack_name
    (project / "samconfig.toml").unlink()
    with pytest.raises(Problem, match="has no stack_name"):
        _ = SamStack(project).stack_name


def test_the_configuration_names_stack_and_region(project: Path) -> None:
    stack = SamStack(project)
    assert (stack.name, stack.stack_name, stack.region) == ("triggers", "triggers", "eu-west-1")


def test_the_digest_is_that_of_the_inputs_alone(project: Path, sam: SamEnvironment) -> None:
    stack, facts = SamStack(project), {"port": "4566"}
    first = sam_digest(stack, sam, facts)
    (project / ".aws-sam").mkdir()
    (project / ".aws-sam" / "build.toml").write_text("")
    assert sam_digest(stack, sam, facts) == first
    assert sam_digest(stack, sam, {"port": "4567"}) != first
    (project / "main.py").write_text("")
    assert sam_digest(stack, sam, facts) != first


def test_packages_that_cannot_be_had_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such package\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    sam = SamEnvironment(tmp_path / "env", "no-such-package==1\n")
    with pytest.raises(Problem, match="SAM CLI could not be installed") as refused:
        sam.install(os.environ)
    assert refused.value.detail == "no such package"
    assert not sam.is_installed()


def test_a_project_that_pins_no_sam_cli_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no sam/requirements\.txt"):
        SamEnvironment.of(Workspace(tmp_path))


def test_runs_reach_the_emulator_alone(project: Path, sam: SamEnvironment) -> None:
    """The stack's region; nothing of the user's profile. A failure shows what SAM printed."""
    runner = SamRunner(SamStack(project), "http://127.0.0.1:1", sam, {**os.environ, "AWS_PROFILE": "real"})
    printed = runner.run("deploy").printed
    assert "['deploy'] http://127.0.0.1:1 eu-west-1 None" in printed
    assert runner.deploy() is False
    with pytest.raises(Problem, match="sam build failed") as failed:
        runner.build()
    assert "['build']" in failed.value.detail
