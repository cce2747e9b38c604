"""The Docker daemon and its images: what is missing is one sentence."""

from __future__ import annotations

from typing import Any

from harness.problem import Problem

_ELSEWHERE = "use another target, such as embedded"


def connect() -> Any:
    """A client of the daemon (docker.DockerClient). Raises Problem when the packages or the daemon are missing."""
    try:
        import docker
        import testcontainers.core.container  # noqa: F401  # fails here, in one sentence, and not in the middle
    except ImportError as error:
        raise Problem(
            f"Containers need the Python package {error.name}; install the extra: "
            "pip install 'pipeline-harness[containers]'."
        ) from None
    client = None
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        if client is not None:
            client.close()
        raise Problem(f"No Docker daemon answers ({_reason(error)}); start one, or {_ELSEWHERE}.") from None
    return client


def require_image(client: Any, image: str, remedy: str, *, pull: bool) -> None:
    """Raise Problem unless the image is here, or can be pulled. `remedy` says what to do without it."""
    from docker.errors import DockerException, ImageNotFound

    try:
        client.images.get(image)
        return
    except ImageNotFound:
        if not pull:
            raise Problem(f"There is no image {image} on this machine; {remedy}.") from None
    try:
        client.images.pull(image)
    except DockerException as error:
        raise Problem(
            f"The image {image} is not on this machine and cannot be pulled ({_reason(error)}); {remedy}."
        ) from None


def _reason(error: Exception) -> str:
    """The innermost cause in one line: the outer ones repeat it with the stack of libraries around it."""
    explanation = getattr(error, "explanation", None)
    text = str(explanation or error)
    for sign, plain in (
        ("No such file or directory", "there is no socket"),
        ("FileNotFoundError", "there is no socket"),
        ("Permission denied", "permission denied"),
        ("PermissionError", "permission denied"),
        ("Connection refused", "connection refused"),
        ("ConnectionRefusedError", "connection refused"),
    ):
        if sign in text:
            return plain
    return " ".join(text.split())[:200] or type(error).__name__
