"""Where Terraform gets its providers without a network: a mirror folder on this machine, if there is one.

A mirror folder holds `registry.terraform.io/hashicorp/aws/…` in one of Terraform's two layouts (unpacked
`<version>/<platform>/`, or packed `terraform-provider-aws_<version>_<platform>.zip`). Looked for in this order:

1. the variable `HARNESS_TF_MIRROR`
2. the user's own CLI configuration, if it names `provider_installation`: it is left alone
3. Terraform's implied mirror folders
4. a bounded search of the usual roots

Without any, Terraform uses the network.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.problem import Problem
from harness.provision.terraform_binary import terraform_platform
from harness.provision.workspace import Workspace, write_atomically

MIRROR_VARIABLE = "HARNESS_TF_MIRROR"
_REGISTRY = "registry.terraform.io"
_SEARCH_ROOTS = ("/opt", "/usr/local", "/usr/share", "/srv", "/var/lib")
_SEARCH_DEPTH = 4
_SEARCH_SECONDS = 2.0
_NEVER_ENTERED = frozenset({"node_modules", "site-packages", "proc", "sys", "Library", "containerd", "docker"})
_MARK = "# provider mirror: "

Kind = Literal["variable", "user configuration", "implied mirror", "found mirror", "network"]


@dataclass(frozen=True)
class ProviderSource:
    """Where providers come from. `config_file` must be given to Terraform as TF_CLI_CONFIG_FILE when it is not None."""

    kind: Kind
    folder: Path | None = None
    config_file: Path | None = None

    def describe(self) -> str:
        return f"{self.kind} {self.folder}" if self.folder else self.kind


def find_provider_source(
    workspace: Workspace,
    stack_folder: Path,
    environ: Mapping[str, str],
    search_roots: Sequence[Path] | None = None,
) -> ProviderSource:
    """Decide where Terraform takes its providers from, and write the CLI configuration that this needs.

    Raises Problem when HARNESS_TF_MIRROR names a folder that holds no AWS provider for this platform.
    """
    named = environ.get(MIRROR_VARIABLE, "").strip()
    if named:
        folder = Path(named).expanduser().resolve()
        if not _holds_aws_provider(folder):
            raise Problem(
                f"{MIRROR_VARIABLE} names {folder}, which holds no {_REGISTRY}/hashicorp/aws "
                f"for {terraform_platform()}."
            )
        return _configured("variable", folder, workspace, environ)

    own = _user_configuration(environ)
    if own is not None and re.search(r"^\s*provider_installation\b", own.read_text(errors="replace"), re.MULTILINE):
        return ProviderSource("user configuration", own)

    for folder in implied_mirrors(stack_folder, environ):
        if _holds_aws_provider(folder):
            return ProviderSource("implied mirror", folder)

    config_file = _config_file(workspace)
    known = _marked_mirror(config_file)
    if known is not None and _holds_aws_provider(known):
        return _configured("found mirror", known, workspace, environ)
    roots = [*map(Path, _SEARCH_ROOTS), _home(environ)] if search_roots is None else search_roots
    for folder in _search(roots):
        if _holds_aws_provider(folder):
            return _configured("found mirror", folder, workspace, environ)
    config_file.unlink(missing_ok=True)
    return ProviderSource("network")


def implied_mirrors(stack_folder: Path, environ: Mapping[str, str]) -> list[Path]:
    """Folders that Terraform itself reads when no configuration names a provider installation."""
    home = _home(environ)
    data_home = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    data_dirs = (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    folders = [stack_folder / "terraform.d" / "plugins", home / ".terraform.d" / "plugins"]
    folders.append(home / "Library" / "Application Support" / "io.terraform" / "plugins")
    folders += [base / "terraform" / "plugins" for base in (data_home, *map(Path, filter(None, data_dirs)))]
    return folders


def providers_in(folder: Path) -> list[str]:
    """Addresses of the providers that the mirror holds for this platform: `registry.terraform.io/hashicorp/aws`."""
    platform = terraform_platform()
    addresses: set[str] = set()
    for pattern in (f"*/*/*/*/{platform}", f"*/*/*/terraform-provider-*_{platform}.zip"):
        addresses.update("/".join(path.relative_to(folder).parts[:3]) for path in folder.glob(pattern))
    return sorted(addresses)


def _holds_aws_provider(folder: Path) -> bool:
    aws = folder / _REGISTRY / "hashicorp" / "aws"
    platform = terraform_platform()
    return any(aws.glob(f"*/{platform}")) or any(aws.glob(f"terraform-provider-aws_*_{platform}.zip"))


def _configured(kind: Kind, folder: Path, workspace: Workspace, environ: Mapping[str, str]) -> ProviderSource:
    included = ", ".join(f'"{address}"' for address in providers_in(folder))
    text = (
        f"{_MARK}{folder}\n"
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{_quoted(folder)}"\n    include = [{included}]\n  }}\n'
        f"  direct {{\n    exclude = [{included}]\n  }}\n"
        "}\n"
    )
    own = _user_configuration(environ)
    if own is not None:
        # TF_CLI_CONFIG_FILE replaces the user's file, so what it says (credentials, cache folder) must be in ours.
        text += f"\n# from {own}\n{own.read_text(errors='replace')}"
    config_file = _config_file(workspace)
    write_atomically(config_file, text)
    config_file.chmod(0o600)
    return ProviderSource(kind, folder, config_file)


def _config_file(workspace: Workspace) -> Path:
    return workspace.home / "terraform.rc"


def _marked_mirror(config_file: Path) -> Path | None:
    try:
        first_line = config_file.read_text().split("\n", 1)[0]
    except OSError:
        return None
    return Path(first_line.removeprefix(_MARK)) if first_line.startswith(_MARK) else None


def _user_configuration(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("TF_CLI_CONFIG_FILE")
    path = Path(named).expanduser() if named else _home(environ) / ".terraformrc"
    return path if path.is_file() else None


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _quoted(folder: Path) -> str:
    return str(folder).replace("\\", "\\\\").replace('"', '\\"')


def _search(roots: Sequence[Path]) -> Iterator[Path]:
    """Yield folders that hold `registry.terraform.io`, nearest first; ends after a fixed depth and a fixed time."""
    deadline = time.monotonic() + _SEARCH_SECONDS
    waiting = deque((root, 0) for root in roots)
    while waiting and time.monotonic() < deadline:
        folder, depth = waiting.popleft()
        try:
            entries = sorted((entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)), key=_name)
        except OSError:
            continue
        for entry in entries:
            if entry.name == _REGISTRY:
                yield folder
            elif depth < _SEARCH_DEPTH and _worth_entering(entry.name):
                waiting.append((Path(entry.path), depth + 1))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _worth_entering(name: str) -> bool:
    return name not in _NEVER_ENTERED and (not name.startswith(".") or name == ".terraform.d")
