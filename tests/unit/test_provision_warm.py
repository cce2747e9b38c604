"""The warm start: its key covers every input, and damage falls back to an apply."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.provision import warm
from harness.provision.stack import Stack
from harness.provision.terraform_binary import Terraform
from harness.provision.warm import KEPT, WarmInputs, WarmStore
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin, AdminError


class FakeAdmin(Admin):
    """Snapshots in a set; `broken` is the error that a restore ends with."""

    def __init__(self, broken: str | None = None) -> None:
        object.__setattr__(self, "snapshot_names", set())
        object.__setattr__(self, "broken", broken)
        object.__setattr__(self, "resets", [])

    snapshot_names: set[str]
    broken: str | None
    resets: list[float]

    def save_snapshot(self, name: str, *, here_only: bool = False) -> dict[str, Any]:
        self.snapshot_names.add(name)
        return {}

    def restore_snapshot(self, name: str, *, here_only: bool = False) -> dict[str, Any]:
        if self.broken is not None:
            raise AdminError(409, self.broken)
        if name not in self.snapshot_names:
            raise AdminError(404, "no such snapshot")
        return {}

    def delete_snapshot(self, name: str) -> dict[str, Any]:
        if name not in self.snapshot_names:
            raise AdminError(404, "no such snapshot")
        self.snapshot_names.remove(name)
        return {}

    def reset(self, *, here_only: bool = False) -> dict[str, Any]:
        self.resets.append(time.time())
        return {}


class Project:
    """A project with a stack that uses a module, and everything else that an apply depends on."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.stack_file = root / "stack" / "main.tf"
        self.module_file = root / "module" / "main.tf"
        self.package = root / "build" / "lambdas" / "submit.zip"
        for path, text in (
            (self.stack_file, 'module "m" {\n  source = "../module"\n}\n'),
            (self.module_file, ""),
            (self.package, "code"),
        ):
            path.parent.mkdir(parents=True)
            path.write_text(text)
        self.terraform = Terraform("terraform", "1.11.4")
        self.environ = {"TF_VAR_a": "1", "AWS_DEFAULT_REGION": "us-east-1", "UNRELATED": "1"}
        self.instance = {"port": "4566", "clock": "real", "seed": "None"}

    def key(self) -> str:
        stack = Stack(self.stack_file.parent)
        return WarmInputs.read(self.workspace, stack, self.terraform, self.environ, self.instance).key()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


CHANGES: dict[str, Callable[[Project], object]] = {
    "stack": lambda p: p.stack_file.write_text(p.stack_file.read_text() + "# more"),
    "module": lambda p: p.module_file.write_text("# more"),
    "new file of a module": lambda p: (p.module_file.parent / "template.json").write_text("{}"),
    "Lambda package": lambda p: p.package.write_text("changed code"),
    "new Lambda package": lambda p: (p.package.parent / "other.zip").write_text("code"),
    "Terraform": lambda p: setattr(p, "terraform", Terraform("terraform", "1.12.0")),
    "provider versions": lambda p: (p.stack_file.parent / ".terraform.lock.hcl").write_text("version = 6"),
    "variable": lambda p: p.environ.update(TF_VAR_a="2"),
    "new variable": lambda p: p.environ.update(TF_VAR_b="1"),
    "region": lambda p: p.environ.update(AWS_DEFAULT_REGION="eu-west-1"),
    "account": lambda p: p.environ.update(AWS_ACCESS_KEY_ID="123456789012"),
    "port": lambda p: p.instance.update(port="4567"),
    "clock": lambda p: p.instance.update(clock="manual"),
    "seed": lambda p: p.instance.update(seed="7"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_input_changes_the_key(project: Project, change: str) -> None:
    before = project.key()
    CHANGES[change](project)
    assert project.key() != before


def test_changed_emulator_changes_the_key(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = project.key()
    monkeypatch.setattr(warm, "emulator_digest", lambda: "another emulator")
    assert project.key() != before


def test_nothing_else_changes_the_key(project: Project) -> None:
    before = project.key()
    project.environ["UNRELATED"] = "2"
    (project.stack_file.parent / "terraform.tfstate").write_text("{}")
    assert project.key() == before


def test_damaged_state_is_told_and_forgotten(tmp_path: Path) -> None:
    store, admin, state = WarmStore(Workspace(tmp_path)), FakeAdmin(), tmp_path / "terraform.tfstate"
    state.write_text("state")
    store.save("key", admin, state)
    (tmp_path / ".harness" / "warm" / "key" / "terraform.tfstate").write_text("stat")
    state.unlink()
    assert store.restore("key", admin, state) == "its Terraform state is damaged"
    assert not state.exists()
    assert not store.has("key")
    assert admin.snapshot_names == set()


def test_snapshot_of_another_version_is_told_and_the_emulator_is_empty(tmp_path: Path) -> None:
    store, admin, state = (
        WarmStore(Workspace(tmp_path)),
        FakeAdmin("made by version 0.0.1"),
        tmp_path / "terraform.tfstate",
    )
    state.write_text("state")
    store.save("key", admin, state)
    assert "made by version 0.0.1" in str(store.restore("key", admin, state))
    assert len(admin.resets) == 1
    assert not store.has("key")


def test_deleted_snapshot_is_told(tmp_path: Path) -> None:
    store, admin, state = WarmStore(Workspace(tmp_path)), FakeAdmin(), tmp_path / "terraform.tfstate"
    state.write_text("state")
    store.save("key", admin, state)
    admin.snapshot_names.clear()
    assert "no such snapshot" in str(store.restore("key", admin, state))


def test_state_comes_back_as_it_was(tmp_path: Path) -> None:
    store, admin, state = WarmStore(Workspace(tmp_path)), FakeAdmin(), tmp_path / "terraform.tfstate"
    state.write_text("state")
    store.save("key", admin, state)
    state.write_text("of a later apply")
    assert store.restore("key", admin, state) is None
    assert state.read_text() == "state"


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, admin, state = WarmStore(Workspace(tmp_path)), FakeAdmin(), tmp_path / "terraform.tfstate"
    state.write_text("state")
    for number in range(KEPT + 2):
        monkeypatch.setattr("time.time", lambda now=float(number): now)
        store.save(f"key{number}", admin, state)
    assert not store.has("key1")
    assert store.has("key2")
    assert admin.snapshot_names == {f"warm-key{number}" for number in range(2, KEPT + 2)}
