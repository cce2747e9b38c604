"""Finding Terraform, and downloading it with a verified checksum."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.terraform_binary import (
    PINNED_VERSION,
    download_terraform,
    find_terraform,
    terraform_platform,
)
from harness.provision.workspace import Workspace


def script(folder: Path, output: str, name: str = "terraform") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path


def archive(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("terraform", content)
    return buffer.getvalue()


GOOD = archive(f'#!/bin/sh\necho \'{{"terraform_version": "{PINNED_VERSION}"}}\'\n'.encode())
NAME = f"terraform_{PINNED_VERSION}_{terraform_platform()}.zip"


def fetching(content: bytes, digest: str, name: str = NAME) -> dict[str, bytes]:
    return {"SHA256SUMS": f"{digest}  {name}\n".encode(), ".zip": content}


def fetch_from(answers: dict[str, bytes], url: str) -> bytes:
    return next(content for end, content in answers.items() if url.endswith(end))


def test_too_old_terraform_is_refused_with_its_version(tmp_path: Path) -> None:
    script(tmp_path / "bin", '{"terraform_version": "1.4.7"}')
    with pytest.raises(Problem, match=r"Terraform 1\.4\.7 .* too old"):
        find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path / "bin")})


@pytest.mark.parametrize("output", ["no JSON", "{}", '{"terraform_version": "soon"}'])
def test_something_else_named_terraform_is_refused(tmp_path: Path, output: str) -> None:
    script(tmp_path / "bin", output)
    with pytest.raises(Problem, match="does not answer"):
        find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path / "bin")})


def test_missing_command_in_tf_cmd_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="TF_CMD names tofu"):
        find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path), "TF_CMD": "tofu"})


def test_nothing_on_path_and_nothing_downloaded(tmp_path: Path) -> None:
    assert find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path)}) is None


def test_warnings_before_the_json_are_skipped(tmp_path: Path) -> None:
    command = script(
        tmp_path / "bin", 'Warning: no file "{x}"\n\n{"terraform_version": "1.12.0-beta1"}'.replace("{x}", "x")
    )
    found = find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path / "bin")})
    assert found is not None
    assert (found.command, found.version) == (str(command), "1.12.0-beta1")


def test_wrong_checksum_leaves_nothing_behind(tmp_path: Path) -> None:
    answers = fetching(GOOD, "0" * 64)
    with pytest.raises(Problem, match="checksum"):
        download_terraform(Workspace(tmp_path), lambda url: fetch_from(answers, url))
    assert not (tmp_path / ".harness").exists()


def test_unknown_platform_is_named(tmp_path: Path) -> None:
    answers = fetching(GOOD, hashlib.sha256(GOOD).hexdigest(), "terraform_other.zip")
    with pytest.raises(Problem, match=terraform_platform()):
        download_terraform(Workspace(tmp_path), lambda url: fetch_from(answers, url))


def test_unreachable_release_says_what_to_do(tmp_path: Path) -> None:
    def unreachable(url: str) -> bytes:
        raise OSError("Name or service not known")

    with pytest.raises(Problem, match=r"could not be downloaded .*Name or service not known.*--no-stack"):
        download_terraform(Workspace(tmp_path), unreachable)


def test_downloaded_release_is_found_later(tmp_path: Path) -> None:
    answers = fetching(GOOD, hashlib.sha256(GOOD).hexdigest())
    downloaded = download_terraform(Workspace(tmp_path), lambda url: fetch_from(answers, url))
    assert downloaded.version == PINNED_VERSION
    assert find_terraform(Workspace(tmp_path), {"PATH": str(tmp_path)}) == downloaded
