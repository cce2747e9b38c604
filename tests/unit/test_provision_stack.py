"""Stacks: which files decide an apply, and which state may be thrown away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.stack import Stack, discard_stale_state, resolve_stack, state_outputs
from harness.provision.workspace import Workspace


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    folder = tmp_path / "terraform" / "stacks" / "full"
    write(folder / "main.tf", 'module "a" {\n  source = "../../modules/a"\n}\nvariable "endpoint_url" {\n}\n')
    write(tmp_path / "terraform" / "modules" / "a" / "main.tf", 'module "b" {\n  source = "./b"\n}\n')
    write(
        tmp_path / "terraform" / "modules" / "a" / "b" / "main.tf",
        'locals {\n  zip = "${path.module}/../../../../build/${var.name}.zip"\n'
        '  template = file("${path.module}/../../../../t.json")\n}\n',
    )
    write(tmp_path / "build" / "x.zip")
    write(tmp_path / "t.json")
    write(tmp_path / "unrelated.txt")
    return Stack(folder)


def test_unknown_stack_names_the_known_ones(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"no stack nix.*stacks here: full"):
        resolve_stack(Workspace(tmp_path), "nix")


def test_stack_by_name_and_by_path(stack: Stack, tmp_path: Path) -> None:
    assert resolve_stack(Workspace(tmp_path), "full") == stack
    assert resolve_stack(Workspace(tmp_path), str(stack.folder)) == stack


def test_state_of_a_real_account_is_never_removed(tmp_path: Path) -> None:
    state = write(tmp_path / "terraform.tfstate", '{"arn": "arn:aws:sqs:eu-west-1:210987654321:q"}')
    with pytest.raises(Problem, match="210987654321"):
        discard_stale_state(state)
    assert state.exists()


def test_state_of_the_emulator_is_removed_with_its_backup(tmp_path: Path) -> None:
    state = write(tmp_path / "terraform.tfstate", '{"arn": "arn:aws:sqs:us-east-1:000000000000:q"}')
    backup = write(tmp_path / "terraform.tfstate.backup", "{}")
    assert discard_stale_state(state)
    assert not state.exists()
    assert not backup.exists()
    assert not discard_stale_state(state)


def test_modules_and_files_they_name_are_inputs(stack: Stack, tmp_path: Path) -> None:
    names = {path.relative_to(tmp_path).as_posix() for path in stack.input_files()}
    assert names == {
        "terraform/stacks/full/main.tf",
        "terraform/modules/a/main.tf",
        "terraform/modules/a/b/main.tf",
        "build/x.zip",
        "t.json",
    }


def test_what_terraform_and_tflocal_write_is_no_input(stack: Stack) -> None:
    before = stack.input_files()
    for name in ("terraform.tfstate", "terraform.tfstate.backup", ".terraform.lock.hcl", ".terraform/x"):
        write(stack.folder / name)
    write(stack.folder / "localstack_providers_override.tf", 'variable "more" {\n}\n')
    assert Stack(stack.folder).input_files() == before
    assert not stack.declares("more")


def test_modules_that_refer_to_each_other_end(tmp_path: Path) -> None:
    write(tmp_path / "a" / "main.tf", 'module "b" {\n  source = "../b"\n}\n')
    write(tmp_path / "b" / "main.tf", 'module "a" {\n  source = "../a"\n}\n')
    assert Stack(tmp_path / "a").folders == [tmp_path / "a", tmp_path / "b"]


def test_declared_variables_and_backends(stack: Stack, tmp_path: Path) -> None:
    assert stack.declares("endpoint_url")
    assert not stack.declares("endpoint")
    assert not stack.has_remote_backend
    write(tmp_path / "s3" / "main.tf", 'terraform {\n  backend "s3" {\n  }\n}\n')
    assert Stack(tmp_path / "s3").has_remote_backend


def test_state_lives_in_the_stack_for_the_default_port_only(stack: Stack, tmp_path: Path) -> None:
    assert stack.state_file(Workspace(tmp_path), 4566) == stack.folder / "terraform.tfstate"
    assert stack.state_file(Workspace(tmp_path), 4700) == tmp_path / ".harness" / "4700" / "full.tfstate"


def test_outputs_without_sensitive_ones(tmp_path: Path) -> None:
    outputs = {"url": {"value": "http://x"}, "key": {"value": "hidden", "sensitive": True}}
    state = write(tmp_path / "terraform.tfstate", json.dumps({"outputs": outputs}))
    assert state_outputs(state) == {"url": "http://x"}
    assert state_outputs(tmp_path / "missing") == {}
    assert state_outputs(write(tmp_path / "damaged", "{")) == {}
