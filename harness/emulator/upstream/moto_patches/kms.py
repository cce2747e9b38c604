"""KMS: operations that take a key's ARN as well as its id, which moto would fail at with a KeyError."""

from __future__ import annotations

import functools
from typing import Any

_BY_ID_ONLY = ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")


def patch(models: Any) -> None:
    backend = models.KmsBackend

    def by_any_id(method: Any) -> Any:
        @functools.wraps(method)
        def called(self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
            return method(self, self.get_key_id(key_id), *args, **kwargs)

        return called

    for name in _BY_ID_ONLY:
        setattr(backend, name, by_any_id(getattr(backend, name)))
