"""`harness doctor`: what this machine needs, one line per check with a verdict and what to do."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import typer

from harness.cli.options import Port, default_port, environment
from harness.cli.show import console
from harness.problem import Problem
from harness.provision.mirror import find_provider_source
from harness.provision.terraform_binary import PINNED_VERSION, find_terraform
from harness.provision.workspace import Workspace
from harness.targets.instance import running_instance, shown_place
from harness.targets.localstack.docker import Docker
from harness.targets.port import HOST

_NEEDED_GIGABYTES = 2.0
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red"}


@dataclass(frozen=True)
class Check:
    """One check, and what it found. `advice` says what to do, when something is to be done."""

    result: Literal["ok", "warning", "failed"]
    found: str
    advice: str = ""


def doctor(port: Port = default_port) -> None:
    """Check this machine: Python, Terraform, providers, port, Node, Docker, disk. Exit code 1 when a check failed."""
    workspace = Workspace.find()
    environ = environment()
    checks: dict[str, Callable[[], Check]] = {
        "python": _python,
        "terraform": lambda: _terraform(workspace, environ),
        "providers": lambda: _providers(workspace, environ),
        "port": lambda: _port(workspace, port),
        "lambda": _lambda_runtimes,
        "node": _node,
        "docker": _docker,
        "disk": lambda: _disk(workspace),
    }
    failed = False
    for name, check in checks.items():
        try:
            done = check()
        except Problem as problem:
            done = Check("failed", problem.sentence)
        failed = failed or done.result == "failed"
        line = f"{name:<10} {done.result:<8} {done.found}" + (f"; {done.advice}" if done.advice else "")
        console.print(line, style=_STYLES[done.result])
    if failed:
        raise typer.Exit(1)


def _python() -> Check:
    return Check("ok", f"{platform.python_version()} at {sys.executable}")


def _terraform(workspace: Workspace, environ: Mapping[str, str]) -> Check:
    terraform = find_terraform(workspace, environ)
    if terraform is None:
        return Check("warning", "not on PATH", f"harness up downloads {PINNED_VERSION} into {workspace.home / 'bin'}")
    return Check("ok", f"{terraform.version} at {terraform.command}")


def _providers(workspace: Workspace, environ: Mapping[str, str]) -> Check:
    source = find_provider_source(workspace, workspace.root, environ)
    if source.kind == "network":
        return Check("ok", "from registry.terraform.io (no mirror on this machine)")
    return Check("ok", source.describe())


def _port(workspace: Workspace, port: int) -> Check:
    instance = running_instance(workspace, port)
    if instance is not None:
        return Check("ok", f"{port} is used by the emulator of this folder ({shown_place(instance)})")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return Check(
                "failed", f"{port} cannot be used ({error.strerror})", "stop its user, or choose another: --port N"
            )
    return Check("ok", f"{port} is free")


def _lambda_runtimes() -> Check:
    versions = [minor for minor in range(9, 15) if shutil.which(f"python3.{minor}")]
    runtimes = ", ".join(f"python3.{minor}" for minor in versions) or "none on PATH"
    client = "awslambdaric" if importlib.util.find_spec("awslambdaric") else "own bootstrap"
    return Check("ok", f"{runtimes}; runtime client: {client}")


def _node() -> Check:
    node = shutil.which("node")
    if node is None:
        return Check("warning", "not on PATH", "only needed for functions with a nodejs runtime")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10).stdout.strip()
    return Check("ok", f"{version} at {node}")


def _docker() -> Check:
    try:
        docker = Docker.find()
        docker.require_daemon()
        docker.require_compose()
    except Problem as problem:
        return Check("warning", "only needed for the target localstack", problem.sentence)
    return Check("ok", f"a daemon answers {docker.command}, which has Compose")


def _disk(workspace: Workspace) -> Check:
    free = shutil.disk_usage(workspace.root).free / 1e9
    text = f"{free:.1f} GB free at {workspace.root}"
    if free < _NEEDED_GIGABYTES:
        return Check(
            "warning", text, f"Terraform's AWS provider alone needs about {_NEEDED_GIGABYTES:.0f} GB; free some"
        )
    return Check("ok", text)
