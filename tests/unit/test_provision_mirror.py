"""Finding a provider mirror on the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.mirror import ProviderSource, find_provider_source, implied_mirrors
from harness.provision.terraform_binary import terraform_platform
from harness.provision.workspace import Workspace

AWS = Path("registry.terraform.io/hashicorp/aws")


class Machine:
    """A made-up machine: a project, a home, and roots to search."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder / "project")
        self.stack = folder / "project" / "stack"
        self.home = folder / "home"
        self.root = folder / "opt"
        self.environ = {"HOME": str(self.home), "XDG_DATA_DIRS": str(folder / "share")}
        for each in (self.stack, self.home, self.root):
            each.mkdir(parents=True)

    def find(self) -> ProviderSource:
        return find_provider_source(self.workspace, self.stack, self.environ, [self.root])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def unpacked(folder: Path, provider: Path = AWS, platform: str | None = None) -> Path:
    (folder / provider / "5.100.0" / (platform or terraform_platform())).mkdir(parents=True)
    return folder


def packed(folder: Path) -> Path:
    (folder / AWS).mkdir(parents=True)
    (folder / AWS / f"terraform-provider-aws_5.100.0_{terraform_platform()}.zip").touch()
    return folder


def text_of(source: ProviderSource) -> str:
    assert source.config_file is not None
    return source.config_file.read_text()


def test_named_folder_without_the_provider_is_refused(machine: Machine) -> None:
    machine.environ["HARNESS_TF_MIRROR"] = str(machine.root)
    with pytest.raises(Problem, match="HARNESS_TF_MIRROR"):
        machine.find()


def test_mirror_for_another_platform_is_not_used(machine: Machine) -> None:
    unpacked(machine.root / "plugins", platform="plan9_mips")
    assert machine.find() == ProviderSource("network")


def test_no_mirror_means_network_and_no_stale_configuration(machine: Machine) -> None:
    mirror = unpacked(machine.root / "plugins")
    written = machine.find().config_file
    assert written is not None
    (mirror / AWS / "5.100.0" / terraform_platform()).rmdir()
    assert machine.find() == ProviderSource("network")
    assert not written.exists()


def test_named_folder_wins(machine: Machine) -> None:
    unpacked(machine.root / "plugins")
    named = packed(machine.home / "mine")
    machine.environ["HARNESS_TF_MIRROR"] = str(named)
    source = machine.find()
    assert (source.kind, source.folder) == ("variable", named)


def test_users_provider_installation_is_left_alone(machine: Machine) -> None:
    unpacked(machine.root / "plugins")
    own = machine.home / ".terraformrc"
    own.write_text("provider_installation {\n  direct {}\n}\n")
    assert machine.find() == ProviderSource("user configuration", own)


def test_configuration_named_by_the_variable_is_read_and_a_missing_one_ignored(machine: Machine) -> None:
    unpacked(machine.root / "plugins")
    own = machine.home / "other.rc"
    machine.environ["TF_CLI_CONFIG_FILE"] = str(own)
    assert machine.find().kind == "found mirror"
    own.write_text("provider_installation {\n}\n")
    assert machine.find() == ProviderSource("user configuration", own)


def test_rest_of_the_users_configuration_is_kept(machine: Machine) -> None:
    unpacked(machine.root / "plugins")
    (machine.home / ".terraformrc").write_text('plugin_cache_dir = "cache"\n')
    source = machine.find()
    assert 'plugin_cache_dir = "cache"' in text_of(source)
    assert source.config_file is not None
    assert source.config_file.stat().st_mode & 0o077 == 0


def test_implied_mirrors_need_no_configuration(machine: Machine) -> None:
    unpacked(machine.root / "plugins")
    for folder in implied_mirrors(machine.stack, machine.environ)[-1:]:
        unpacked(folder)
        assert machine.find() == ProviderSource("implied mirror", folder)


def test_found_mirror_is_used_for_all_it_holds_and_the_network_for_the_rest(machine: Machine) -> None:
    mirror = unpacked(machine.root / "a" / "plugins")
    unpacked(mirror, Path("registry.terraform.io/hashicorp/random"))
    source = machine.find()
    assert source.folder == mirror
    both = '["registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/random"]'.strip("[]")
    assert f"include = [{both}]" in text_of(source)
    assert f"exclude = [{both}]" in text_of(source)


def test_search_ends_at_its_depth_and_skips_hidden_folders(machine: Machine) -> None:
    unpacked(machine.root / "1" / "2" / "3" / "4" / "5" / "6")
    unpacked(machine.root / ".hidden")
    assert machine.find().kind == "network"
