"""Law 9: pages of other sites get nothing from the AWS and admin endpoints.

A browser names the page's origin on every cross-origin request, so a foreign `Origin` is refused. A page that rebinds
its own DNS name to loopback sends no foreign origin, but its own name as `Host`: the admin API refuses names that
somebody else could own.
"""

from __future__ import annotations

from functools import lru_cache

# Names that only ever mean this machine or AWS itself (clients that are pointed here by a proxy or a hosts file).
_KNOWN = ("localhost", "localhost.localstack.cloud", "amazonaws.com", "amazonaws.com.cn", "api.aws")
_KNOWN_EXACT = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")


@lru_cache(maxsize=1024)
def foreign_origin(origin: str) -> bool:
    """Whether a page of another site sends this. Pages served from this machine are none; `null` is one."""
    _, separator, authority = origin.partition("://")
    name = _name(authority)
    return not separator or not (_is_loopback(name) or name.endswith((".localhost", ".localhost.localstack.cloud")))


@lru_cache(maxsize=1024)
def known_host(host: str) -> bool:
    """Whether a `Host` can't be a foreign site's own name: loopback, an address, a name without dots (as in a compose
    file), LocalStack's and AWS's domains. No Host at all is no browser."""
    name = _name(host)
    if not name or "." not in name or name in _KNOWN_EXACT or _is_address(name):
        return True
    return any(name == known or name.endswith("." + known) for known in _KNOWN)


def _name(authority: str) -> str:
    """The host without its port, lower case: `[::1]:4566` → `[::1]`."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].lower().rstrip(".")


def _is_loopback(name: str) -> bool:
    return name in ("localhost", "localhost.localstack.cloud", "[::1]") or (_is_address(name) and name[:4] == "127.")


def _is_address(name: str) -> bool:
    if name.startswith("["):
        return True
    parts = name.split(".")
    return len(parts) == 4 and all(part.isdecimal() and int(part) < 256 for part in parts)
