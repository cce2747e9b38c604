"""Which hosts are this machine. API Gateways call no others: no data leaves the machine (law 8)."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host is this machine. A name is not, whatever it begins with: somebody may own 127.example."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
