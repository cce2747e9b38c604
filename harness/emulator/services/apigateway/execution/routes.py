"""From a path to a resource: static parts win over `{param}`, that over `{proxy+}` (D1)."""

from __future__ import annotations

from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("greedy", "greedy_name", "parameter", "parameter_name", "static", "value")

    def __init__(self) -> None:
        self.value: T | None = None
        self.static: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.parameter_name = ""
        self.greedy: T | None = None
        self.greedy_name = ""


class Routes(Generic[T]):
    """A tree of resource paths (`/events/{type}`), each with a value."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._exact: dict[str, T] = {}

    def add(self, path: str, value: T) -> None:
        node = self._root
        parts = [part for part in path.split("/") if part]
        if not any("{" in part for part in parts):
            self._exact["/" + "/".join(parts)] = value
        for part in parts:
            if part.startswith("{") and part.endswith("+}"):
                node.greedy, node.greedy_name = value, part[1:-2]
                return
            if part.startswith("{") and part.endswith("}"):
                if node.parameter is None:
                    node.parameter = _Node()
                    node.parameter_name = part[1:-1]
                node = node.parameter
            else:
                node = node.static.setdefault(part, _Node())
        node.value = value

    def match(self, path: str) -> tuple[T, dict[str, str]] | None:
        """The value for a percent-encoded path, and its decoded path parameters. A trailing slash does not count."""
        value = self._exact.get(path)
        if value is not None:
            return value, {}
        parts = path.split("/")[1:]
        if parts and not parts[-1]:
            parts.pop()
        return _match(self._root, parts, 0)


def _match(node: _Node[T], parts: list[str], at: int) -> tuple[T, dict[str, str]] | None:
    if at == len(parts):
        return None if node.value is None else (node.value, {})
    part = parts[at]
    child = node.static.get(unquote(part))
    if child is not None and (found := _match(child, parts, at + 1)) is not None:
        return found
    if node.parameter is not None and part and (found := _match(node.parameter, parts, at + 1)) is not None:
        found[1][node.parameter_name] = unquote(part)
        return found
    if node.greedy is not None:
        return node.greedy, {node.greedy_name: unquote("/".join(parts[at:]))}
    return None
