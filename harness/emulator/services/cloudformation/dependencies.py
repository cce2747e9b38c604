"""The order in which resources are made: each after what it refers to and what it names in DependsOn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.emulator.services.cloudformation.errors import validation_error


def creation_order(dependencies: Mapping[str, Iterable[str]]) -> list[str]:
    """Logical ids, each after its dependencies; what is free keeps the mapping's order.

    Dependencies on ids outside the mapping are ignored. Raises ValidationError with the ids of all circles.
    """
    waiting = {one: {other for other in needed if other in dependencies} for one, needed in dependencies.items()}
    order: list[str] = []
    while waiting:
        free = [one for one, needed in waiting.items() if not needed]
        if not free:
            stuck = ", ".join(_in_circles(waiting))
            raise validation_error(f"Circular dependency between resources: [{stuck}]")
        order += free
        for one in free:
            del waiting[one]
        for needed in waiting.values():
            needed.difference_update(free)
    return order


def _in_circles(waiting: dict[str, set[str]]) -> list[str]:
    """Those that are part of a circle or between two, without those that only wait for one."""
    remaining = dict(waiting)
    while True:
        needed = set().union(*remaining.values())
        outside = [one for one in remaining if one not in needed]
        if not outside:
            return list(remaining)
        for one in outside:
            del remaining[one]
