"""SSM: a backend that pickles (moto's holds a lambda), and the caller's order where moto takes that of a set, which is
another in each process."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def patch(models: Any) -> None:
    made = models.SimpleSystemManagerBackend.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self._resource_tags = defaultdict(tags_by_resource)

    models.SimpleSystemManagerBackend.__init__ = init
    get_parameters = models.SimpleSystemManagerBackend.get_parameters

    def in_order_asked(self: Any, names: list[str]) -> dict[str, Any]:
        found = get_parameters(self, names)
        return {name: found[name] for name in names if name in found}

    models.SimpleSystemManagerBackend.get_parameters = in_order_asked
    _keep_order_of_instances(models.Command)


def _keep_order_of_instances(command: Any) -> None:
    made = command.__init__

    def init(self: Any, *args: Any, **named: Any) -> None:
        given = list(named.get("instance_ids") or ())
        made(self, *args, **named)
        place = {name: at for at, name in reversed(list(enumerate(given)))}
        self.instance_ids.sort(key=lambda name: (place.get(name, len(given)), name))
        self.invocations.sort(key=lambda invocation: self.instance_ids.index(invocation["InstanceId"]))

    command.__init__ = init


def tags_by_resource() -> defaultdict[str, dict[str, str]]:
    """The tags of one resource type: resource id → tags."""
    return defaultdict(dict)
