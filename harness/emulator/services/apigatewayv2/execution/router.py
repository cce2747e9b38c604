"""Route selection: full match before path variables before greedy variables before `$default` (D9)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from harness.json_object import Json


class Router:
    """The compiled routes of one deployment."""

    def __init__(self, routes: list[Json]) -> None:
        self._default: Json | None = None
        self._exact: dict[tuple[str, str], Json] = {}
        patterns = []
        for route in routes:
            key = route["RouteKey"]
            if key == "$default":
                self._default = route
                continue
            method, _, path = key.partition(" ")
            if "{" in path:
                patterns.append((_rank(method, path), method, *_compile(path), route))
            else:
                self._exact[method, path.rstrip("/") or "/"] = route
        self._patterns = sorted(patterns, key=lambda pattern: pattern[0])

    def match(self, method: str, path: str) -> tuple[Json, dict[str, str]] | None:
        """(route, path parameters decoded); None where nothing fits, `$default` included."""
        plain = unquote(path).rstrip("/") or "/"
        found = self._exact.get((method, plain)) or self._exact.get(("ANY", plain))
        if found is not None:
            return found, {}
        for _, wanted, pattern, names, route in self._patterns:
            if wanted in (method, "ANY") and (hit := pattern.fullmatch(path)) is not None:
                return route, {name: unquote(value) for name, value in zip(names, hit.groups(), strict=True)}
        return (self._default, {}) if self._default is not None else None


def _rank(method: str, path: str) -> tuple[int, int, int]:
    """Sort key: no greedy label first, then more literal segments, then a named method before ANY."""
    segments = path.strip("/").split("/")
    literal = sum(1 for segment in segments if not segment.startswith("{"))
    return (int(path.endswith("+}")), -literal, int(method == "ANY"))


def _compile(path: str) -> tuple[re.Pattern[str], list[str]]:
    names: list[str] = []
    source = ""
    for segment in path.strip("/").split("/"):
        source += "/"
        if segment.startswith("{"):
            names.append(segment[1:-1].rstrip("+"))
            source += "(.+)" if segment.endswith("+}") else "([^/]+)"
        else:
            source += re.escape(segment)
    return re.compile(source + "/?"), names
