"""Whether a port of this machine can be taken."""

from __future__ import annotations

import socket

from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets.admin import Admin, AdminError

HOST = "127.0.0.1"


def port_of(endpoint_url: str) -> int:
    return int(endpoint_url.rpartition(":")[2])


def refuse_taken_port(port: int, workspace: Workspace) -> None:
    """Raise Problem when something listens on the port already, or when it needs special rights."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise Problem(f"Port {port} needs special rights; choose one above 1023 with --port.") from None
        except OSError:
            pass
        else:
            return
    other = "--port N (make: PORT=N)"
    try:
        pid = Admin(f"http://{HOST}:{port}").health().get("pid")
    except AdminError:
        raise Problem(f"Port {port} is in use by another program; stop it or choose another port: {other}.") from None
    raise Problem(
        f"Port {port} is in use by an emulator that was not started from {workspace.root} (pid {pid}); "
        f"stop it or choose another port: {other}."
    )
