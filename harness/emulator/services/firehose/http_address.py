"""Where an HTTP endpoint's URL leads here: no data leaves the machine (design, law 8)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its very name: localhost, 127.0.0.0/8, ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def delivery_address(url: str, endpoint_url: str) -> str:
    """The URL that a request for `url` goes to: itself on this machine, else the built-in sink named by its host."""
    host = urlsplit(url).hostname or ""
    if is_loopback(host):
        return url
    return f"{endpoint_url}/_harness/sinks/{host}/deliver"
