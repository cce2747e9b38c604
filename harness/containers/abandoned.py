"""Containers whose process was killed before it could remove them: testcontainers' Ryuk does that, where it is on.

With TESTCONTAINERS_RYUK_DISABLED=true nobody does, so that each start removes what an earlier one left.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from harness.targets.process import process_identity

_OWNER = "pipeline-harness.owner"


def owner_label() -> dict[str, str]:
    """The label that tells whose a container or network is: this process on this machine."""
    pid = os.getpid()
    return {_OWNER: f"{socket.gethostname()} {pid} {process_identity(pid)}"}


def remove_abandoned(client: Any) -> None:
    """Remove the containers and networks of processes of this machine that are gone."""
    from docker.errors import DockerException

    filters = {"label": _OWNER}
    for container in client.containers.list(all=True, filters=filters):
        if _gone(container.labels.get(_OWNER, "")):
            _ignoring(DockerException, lambda container=container: container.remove(force=True, v=True))
    for network in client.networks.list(filters=filters):
        if _gone((network.attrs.get("Labels") or {}).get(_OWNER, "")):
            _ignoring(DockerException, network.remove)


def _gone(owner: str) -> bool:
    host, _, process = owner.partition(" ")
    pid, _, identity = process.partition(" ")
    return host == socket.gethostname() and pid.isdigit() and process_identity(int(pid)) != identity


def _ignoring(kind: type[Exception], work: Any) -> None:
    """Another process may be removing the same at this moment."""
    try:
        work()
    except kind:
        pass
