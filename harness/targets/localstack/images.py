"""The two images: which LocalStack there is on this machine, and the edge, built from the checkout.

`python -m harness.targets.localstack.images edge|localstack [arguments of docker build]` builds one (`make image`,
`make localstack-image`). PYTHON_IMAGE names another base image than the Dockerfile's.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import harness
from harness.problem import Problem
from harness.targets.localstack.docker import Docker, tail
from harness.targets.localstack.settings import EDGE_IMAGE, LOCALSTACK_IMAGE, OFFLINE_IMAGE

LABEL = "pipeline-harness.sources"
"""The label of the edge's image that tells what it was built from."""
_BUILT_FROM = ("Dockerfile", "constraints.txt", "pyproject.toml", "README.md")
_OFFLINE_FOLDER = Path("images") / "localstack"


def checkout() -> Path:
    """The folder with the Dockerfile and the compose file. Raises Problem where the package was installed without."""
    root = Path(harness.__file__).resolve().parents[1]
    if not (root / "docker-compose.yml").is_file() or not (root / "Dockerfile").is_file():
        raise Problem(
            "The target localstack needs a checkout of pipeline-harness, with its Dockerfile and docker-compose.yml; "
            "install the package from there: pip install -e FOLDER."
        )
    return root


def localstack_image(docker: Docker) -> str:
    """The LocalStack image to use: LOCALSTACK_IMAGE, else the official one, else the offline one; pulled if need be.

    Raises Problem when there is none and none can be pulled.
    """
    named = os.environ.get("LOCALSTACK_IMAGE")
    candidates = [named] if named else [LOCALSTACK_IMAGE, OFFLINE_IMAGE]
    for image in candidates:
        if docker.image(image) is not None:
            return image
    pulled = docker.run("pull", "--quiet", candidates[0])
    if pulled.returncode == 0:
        return candidates[0]
    raise Problem(
        f"The image {candidates[0]} is not on this machine and can't be pulled; build one: make localstack-image.",
        tail(pulled.stdout, 3),
    )


def edge_image(docker: Docker, on_build: Callable[[], None]) -> str:
    """The edge's image: HARNESS_EDGE_IMAGE as it is, else ours, built anew when it is not of these sources.

    `on_build` is called before a build. Raises Problem.
    """
    named = os.environ.get("HARNESS_EDGE_IMAGE")
    if named:
        if docker.image(named) is None:
            raise Problem(f"The image {named} (HARNESS_EDGE_IMAGE) is not on this machine.")
        return named
    root = checkout()
    if docker.image(EDGE_IMAGE, LABEL) != sources(root):
        on_build()
        built = docker.run("build", *_edge_arguments(root), *_base_argument(), str(root))
        if built.returncode != 0:
            raise Problem(_not_built(EDGE_IMAGE, "image"), tail(built.stdout))
    return EDGE_IMAGE


def sources(root: Path) -> str:
    """SHA-256 over everything that the edge's image is built from."""
    digest = hashlib.sha256()
    files = [root / name for name in _BUILT_FROM]
    ours = (root / "harness").rglob("*")
    files += sorted(path for path in ours if path.is_file() and "__pycache__" not in path.parts)
    for path in files:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build(what: str, arguments: Sequence[str]) -> str:
    """Build an image, with docker's output on the terminal; returns its name. Raises Problem."""
    docker = Docker.find()
    docker.require_daemon()
    root = checkout()
    if what == "edge":
        image, target, chosen, folder = EDGE_IMAGE, "image", _edge_arguments(root), root
    elif what == "localstack":
        image, target, folder = OFFLINE_IMAGE, "localstack-image", root / _OFFLINE_FOLDER
        chosen = ["--tag", OFFLINE_IMAGE]
    else:
        raise Problem(f"There is no image {what}; use edge or localstack.")
    command = [docker.command, "build", *chosen, *_base_argument(), *arguments, str(folder)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise Problem(_not_built(image, target))
    return image


def _edge_arguments(root: Path) -> list[str]:
    return ["--tag", EDGE_IMAGE, "--label", f"{LABEL}={sources(root)}"]


def _base_argument() -> list[str]:
    base = os.environ.get("PYTHON_IMAGE")
    return ["--build-arg", f"PYTHON_IMAGE={base}"] if base else []


def _not_built(image: str, target: str) -> str:
    return (
        f"The image {image} could not be built; where base images can't be pulled, name one that is here: "
        f"make {target} PYTHON_IMAGE=… (docs/localstack.md)."
    )


def main(arguments: list[str]) -> int:
    began = time.monotonic()
    try:
        image = build(arguments[0] if arguments else "", arguments[1:])
    except Problem as problem:
        print(f"harness: {problem.sentence}", *([problem.detail] if problem.detail else []), sep="\n", file=sys.stderr)
        return 1
    print(f"{image} built in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
