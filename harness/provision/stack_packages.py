"""The Lambda packages that a stack reads, made before Terraform looks for them."""

from __future__ import annotations

from pathlib import Path

from harness.problem import Problem
from harness.provision.package import PackageError, package_lambdas
from harness.provision.stack import Stack

_PACKAGES = Path("build") / "lambdas"


def make_packages_for(stack: Stack, root: Path) -> None:
    """Make `build/lambdas/<name>.zip` from `lambdas/<name>` below `root`, where the stack names such packages. Raises
    Problem."""
    wanted = f"{_PACKAGES.as_posix()}/"
    if not any(wanted in path.read_text(errors="replace") for folder in stack.folders for path in folder.glob("*.tf")):
        return
    try:
        package_lambdas(root / "lambdas", root / _PACKAGES)
    except PackageError as error:
        raise Problem(str(error)) from None
