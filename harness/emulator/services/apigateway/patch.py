"""JSON patch operations as API Gateway's Update operations take them, with AWS's error texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.emulator.api_gateway.answers import bad_request, not_found
from harness.json_object import Json

Parse = Callable[[str], Any]


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    """Anything but `true` is false, as AWS takes it."""
    return value.lower() == "true"


def integer(value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise bad_request(f"Invalid number specified: {value}") from error


def double(value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise bad_request(f"Invalid number specified: {value}") from error


def unescape(segment: str) -> str:
    """A JSON pointer segment: `~1` is a slash, `~0` a tilde."""
    return segment.replace("~1", "/").replace("~0", "~")


@dataclass(frozen=True)
class Patchable:
    """What can be patched in one kind of document.

    `scalars`: path → parser (replace). `removable`: paths that op remove takes away. `maps`: path of a map → parser of
    its values (add, replace and remove of `/path/<key>`). `lists`: paths of lists (add and remove of `/path/<item>`,
    replace of an item by the value). `listed`: the paths as AWS enumerates them in its errors; None where AWS only
    says that the path is invalid.
    """

    scalars: Mapping[str, Parse] = field(default_factory=dict)
    removable: frozenset[str] = frozenset()
    maps: Mapping[str, Parse] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()
    listed: tuple[str, ...] | None = None

    def apply(self, document: Json, operations: list[Json] | None) -> None:
        """Apply all operations to `document` in place. Raises BadRequestException or NotFoundException; the caller
        patches a copy, so nothing is half done."""
        for operation in operations or []:
            self.apply_one(document, operation)

    def apply_one(self, document: Json, operation: Json) -> None:
        op, path, value = operation.get("op") or "", operation.get("path"), operation.get("value")
        if not path:
            raise bad_request("Invalid patch path null")
        if path in self.scalars:
            self._scalar(document, op, path, value)
            return
        if path in self.removable and op == "remove":
            _remove(document, path)
            return
        container, _, key = path.rpartition("/")
        if container in self.maps and key:
            self._map(document, op, container, unescape(key), value)
        elif container in self.lists and key:
            self._list(document, op, container, unescape(key), value)
        else:
            raise self._bad_path(op, path)

    def _bad_path(self, op: str, path: str) -> Exception:
        if self.listed is None:
            return bad_request(f"Invalid patch path {path}")
        if op != "replace":
            return bad_request(
                f"Invalid patch path  '{path}' specified for op '{op}'. Please choose supported operations"
            )
        names = ", ".join(self.listed)
        return bad_request(f"Invalid patch path  '{path}' specified for op '{op}'. Must be one of: [{names}]")

    def _scalar(self, document: Json, op: str, path: str, value: str | None) -> None:
        if op == "remove" and path in self.removable:
            _remove(document, path)
            return
        if op != "replace" and not (op == "add" and path in self.removable):
            if self.listed is None:
                raise bad_request("Invalid patch operation specified. Must be one of: [replace]")
            raise self._bad_path(op, path)
        parsed = self.scalars[path](value or "")
        *parents, member = path[1:].split("/")
        target = document
        for parent in parents:
            target = target.setdefault(parent, {})
        if parsed is None or (parsed == "" and path in self.removable):
            target.pop(member, None)
        else:
            target[member] = parsed

    def _map(self, document: Json, op: str, path: str, key: str, value: str | None) -> None:
        member = path[1:]
        if op == "remove":
            entries = document.get(member, {})
            if key not in entries:
                raise not_found("Invalid parameter name specified")
            del entries[key]
            if not entries:
                document.pop(member, None)
        elif op in ("add", "replace"):
            document.setdefault(member, {})[key] = self.maps[path](value or "")
        else:
            raise bad_request("Invalid patch operation specified. Must be one of: [add, remove, replace]")

    def _list(self, document: Json, op: str, path: str, key: str, value: str | None) -> None:
        *parents, member = path[1:].split("/")
        target = document
        for parent in parents:
            target = target.setdefault(parent, {})
        items: list[str] = target.setdefault(member, [])
        if op == "add":
            if key not in items:
                items.append(key)
        elif op == "replace":
            # The key is an item, or its position (`/endpointConfiguration/types/0`).
            position = items.index(key) if key in items else int(key) if key.isdecimal() else -1
            if not 0 <= position < len(items):
                raise not_found("Invalid parameter name specified")
            items[position] = value or ""
        elif op == "remove" and key in items:
            items.remove(key)
        if not items:
            target.pop(member)


def _remove(document: Json, path: str) -> None:
    *parents, member = path[1:].split("/")
    target: Any = document
    for parent in parents:
        target = target.get(parent)
        if not isinstance(target, dict):
            return
    target.pop(member, None)
