"""Where this process may send requests: to this machine, and to hosts that the user allowed by name (law 8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

# A name or an IPv4 address; labels may hold underscores, as names of containers do.
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


class Outbound:
    """`allowed` are host names or addresses without scheme, port or wildcard. Raises ValueError for anything else."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self.allowed = frozenset(_checked(host) for host in allowed)

    def reaches(self, host: str) -> bool:
        """Whether a request may go to this host of a URL. A name is matched whole: none stands for its subdomains."""
        return is_loopback(host) or _plain(host) in self.allowed


def is_loopback(host: str) -> bool:
    """Whether a host is this machine. A name is not, whatever it begins with: somebody may own 127.example."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")


def _checked(host: str) -> str:
    name = _plain(host)
    if not _HOST.fullmatch(name) and not _is_address(name):
        raise ValueError(f"--allow-host {host} is not a host name such as receiver or receiver.example.com")
    return name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
