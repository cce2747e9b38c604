"""The end of `up`: a table of endpoints, and a `curl` line that works when pasted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

EXAMPLE_OUTPUT = "curl"
URLS_OUTPUT = "urls"
_EXAMPLE_BODY = '{"message": "hello", "value": 42}'


def url_rows(outputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, URL) of every output that is a URL or holds some; of the output `urls` alone where the stack has one."""
    chosen = outputs.get(URLS_OUTPUT)
    if isinstance(chosen, Mapping):
        outputs = chosen
    return [row for name, value in outputs.items() for row in _rows(name, value)]


def curl_line(outputs: Mapping[str, Any]) -> str | None:
    """The stack's own `curl` output; else a POST to its submit URL, else to its first invoke URL; None without any."""
    own = outputs.get(EXAMPLE_OUTPUT)
    if isinstance(own, str):
        return own
    rows = [(name, url) for name, url in url_rows(outputs) if "execute-api" in url or "_user_request_" in url]
    preferred = [url for name, url in rows if "submit" in name] or [url for _, url in rows]
    if not preferred:
        return None
    body = shlex.quote(_EXAMPLE_BODY)
    return f"curl -sS -X POST {shlex.quote(preferred[0])} -H 'Content-Type: application/json' -d {body}"


def _rows(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _rows(f"{name}.{key}", inner)
