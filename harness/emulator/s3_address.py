"""Which bucket a Host header names."""

from __future__ import annotations

import re

_SERVICE_HOST = re.compile(r"^s3(?:[.-]|$)")
_BUCKET_HOST = re.compile(r"^(.+?)\.s3(?:[.-].*|$)")


def bucket_of_host(host: str) -> str | None:
    """The bucket of a virtual-host style Host header, None for path style.

    `b.s3.localhost.localstack.cloud`, `b.s3.eu-west-1.amazonaws.com`, `b.s3-eu-west-1.amazonaws.com`, `b.localhost`.
    """
    name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    if _SERVICE_HOST.match(name):
        return None
    found = _BUCKET_HOST.match(name)
    if found:
        return found.group(1)
    return name[: -len(".localhost")] if name.endswith(".localhost") else None
