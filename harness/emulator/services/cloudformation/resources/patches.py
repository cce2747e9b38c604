"""The patch operations that lead from old properties to new ones, as API Gateway's Update operations take them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.json_object import Json


def patches(old: Json, new: Json, paths: Mapping[str, str]) -> list[Json]:
    """What changed in the properties of `paths` (property → path): a value is replaced, a map's keys and a list's
    items are added and removed one by one, a structure that is a path's prefix member by member."""
    operations: list[Json] = []
    for prop, path in paths.items():
        operations += difference(path, old.get(prop), new.get(prop))
    return operations


def difference(path: str, old: Any, new: Any) -> list[Json]:
    """The operations that make what is at `path` be `new`."""
    if old == new:
        return []
    if isinstance(old, list) or isinstance(new, list):
        gone = [item for item in old or [] if item not in (new or [])]
        added = [item for item in new or [] if item not in (old or [])]
        return [_operation("remove", f"{path}/{escape(item)}") for item in gone] + [
            _operation("add", f"{path}/{escape(item)}") for item in added
        ]
    if isinstance(old, dict) or isinstance(new, dict):
        operations = []
        for key in sorted({**(old or {}), **(new or {})}):
            operations += difference(f"{path}/{escape(key)}", (old or {}).get(key), (new or {}).get(key))
        return operations
    if new is None:
        return [_operation("remove", path)]
    return [_operation("replace", path, new if isinstance(new, str) else json.dumps(new))]


def escape(segment: str) -> str:
    """A key as a segment of a JSON pointer."""
    return segment.replace("~", "~0").replace("/", "~1")


def _operation(op: str, path: str, value: str | None = None) -> Json:
    return {"op": op, "path": path} | ({} if value is None else {"value": value})
