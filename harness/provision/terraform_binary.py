"""Terraform itself: taken from PATH, else a pinned release is downloaded into `.harness/bin`, its checksum verified."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically

PINNED_VERSION = "1.11.4"
MINIMUM_VERSION = (1, 5)
RELEASES_URL = "https://releases.hashicorp.com/terraform"

_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64", "i386": "386", "i686": "386"}

Fetch = Callable[[str], bytes]


@dataclass(frozen=True)
class Terraform:
    """A Terraform that may be used: its command and its version, such as `1.11.4`."""

    command: str
    version: str


def terraform_platform() -> str:
    """The platform in Terraform's words, such as `linux_amd64` or `darwin_arm64`."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}_{_MACHINES.get(machine, machine)}"


def find_terraform(workspace: Workspace, environ: Mapping[str, str]) -> Terraform | None:
    """Return the Terraform of `TF_CMD` (tflocal's own variable) or PATH, else the downloaded one, else None.

    Raises Problem when the one that the user has is too old or does not run.
    """
    wanted = environ.get("TF_CMD") or "terraform"
    found = shutil.which(wanted, path=environ.get("PATH"))
    if found is None and environ.get("TF_CMD"):
        raise Problem(f"TF_CMD names {wanted}, which was not found; correct it or unset TF_CMD.")
    if found is not None:
        return _checked(found)
    downloaded = workspace.home / "bin" / "terraform"
    return _checked(str(downloaded)) if downloaded.is_file() else None


def download_terraform(workspace: Workspace, fetch: Fetch | None = None) -> Terraform:
    """Download the pinned release into `.harness/bin/terraform`, verified against HashiCorp's published SHA256SUMS.

    Raises Problem when the release cannot be reached or its checksum differs; nothing is left behind then.
    """
    get = fetch or _https_get
    archive_name = f"terraform_{PINNED_VERSION}_{terraform_platform()}.zip"
    base = f"{RELEASES_URL}/{PINNED_VERSION}"
    try:
        checksums = get(f"{base}/terraform_{PINNED_VERSION}_SHA256SUMS").decode()
        archive = get(f"{base}/{archive_name}")
    except (OSError, urllib.error.URLError) as error:
        raise Problem(
            f"Terraform is not on PATH and Terraform {PINNED_VERSION} could not be downloaded from {RELEASES_URL} "
            f"({_reason(error)}); install Terraform 1.5 or newer, or start without it: harness up --no-stack."
        ) from None
    published = {name: digest for digest, name in (line.split() for line in checksums.splitlines() if line.strip())}
    if archive_name not in published:
        raise Problem(
            f"HashiCorp publishes no Terraform {PINNED_VERSION} for {terraform_platform()}; install Terraform yourself."
        )
    if hashlib.sha256(archive).hexdigest() != published[archive_name]:
        raise Problem(
            f"The downloaded {archive_name} does not have the published SHA-256 checksum and was thrown away; "
            "try again."
        )
    target = workspace.home / "bin" / "terraform"
    with zipfile.ZipFile(io.BytesIO(archive)) as unpacked:
        write_atomically(target, unpacked.read("terraform"))
    target.chmod(0o755)
    return _checked(str(target))


def _checked(command: str) -> Terraform:
    quiet = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    try:
        answer = subprocess.run(
            [command, "version", "-json"],
            env=quiet,
            capture_output=True,
            timeout=60,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        # Terraform prints warnings about its configuration before the JSON object.
        version = str(json.loads(answer.stdout[answer.stdout.index(b"{") :])["terraform_version"])
        numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        raise Problem(
            f"{command} does not answer `version -json` as Terraform does; install Terraform 1.5 or newer."
        ) from None
    if numbers < MINIMUM_VERSION:
        raise Problem(
            f"Terraform {version} at {command} is too old; install Terraform 1.5 or newer, or take it off PATH and a "
            f"pinned {PINNED_VERSION} is downloaded."
        )
    return Terraform(command, version)


def _https_get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # the URL is built from the https constant above
        content: bytes = answer.read()
    return content


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error)
