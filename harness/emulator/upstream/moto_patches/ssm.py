"""SSM: a backend that pickles (moto's holds a lambda)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def patch(models: Any) -> None:
    made = models.SimpleSystemManagerBackend.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self._resource_tags = defaultdict(tags_by_resource)

    models.SimpleSystemManagerBackend.__init__ = init


def tags_by_resource() -> defaultdict[str, dict[str, str]]:
    """The tags of one resource type: resource id → tags."""
    return defaultdict(dict)
