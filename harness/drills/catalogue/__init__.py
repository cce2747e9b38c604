"""All drills there are, in the order in which they run."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from harness.drills.drill import Drill
from harness.problem import Problem

_GROUPS = (
    "submit",
    "iot_transform",
    "iot_answers",
    "iot_source",
    "iot_delivery",
    "log_relay_way_in",
    "log_relay_endpoint",
    "event_ingestion",
    "durable",
    "containers",
)


@cache
def all_drills() -> tuple[Drill, ...]:
    """Every drill of every group. Raises ValueError when two have one name."""
    drills = tuple(drill for group in _GROUPS for drill in import_module(f"{__name__}.{group}").DRILLS)
    names = [drill.name for drill in drills]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two drills are named {name}")
    return drills


def drills_named(names: list[str]) -> list[Drill]:
    """The drills of these names, in the order given. Raises Problem for a name that is none."""
    known = {drill.name: drill for drill in all_drills()}
    for name in names:
        if name not in known:
            raise Problem(f"There is no drill {name}; harness drill list names them all.")
    return [known[name] for name in names]
