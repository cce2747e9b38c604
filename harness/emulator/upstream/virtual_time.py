"""moto on the world's time.

moto reads the time through `moto.core.utils.utcnow` (and `unix_time`, built on it) almost everywhere. Those functions
look up `datetime` in their module each time, so one replaced name there moves all of moto, whichever modules had
already imported the functions. A few modules read the time themselves; they get the same replacement.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

_now: Callable[[], float] = time.time


def follow(now: Callable[[], float]) -> None:
    """From here on moto's time is `now()` (epoch seconds). The holder of moto's state calls this."""
    global _now
    _now = now


@contextmanager
def standing_at(now: float) -> Iterator[None]:
    """Inside the block moto's time is `now`, whoever holds its state."""
    before = _now
    follow(lambda: now)
    try:
        yield
    finally:
        follow(before)


def milliseconds() -> float:
    """moto's time in epoch milliseconds."""
    return _now() * 1000.0


class _AnyDatetime(type):
    """Plain datetimes are instances of the replacement as well."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime.datetime)


class WorldDatetime(datetime.datetime, metaclass=_AnyDatetime):
    """`datetime.datetime` whose `now` is the world's."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
        return datetime.datetime.fromtimestamp(_now(), tz)


def _datetime_module() -> Any:
    return SimpleNamespace(**{**vars(datetime), "datetime": WorldDatetime})


def _time_module() -> Any:
    return SimpleNamespace(**{**vars(time), "time": lambda: _now()})


# Module → (name in it, its replacement).
_READERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "moto.core.utils": ("datetime", _datetime_module),
    "moto.s3.models": ("datetime", _datetime_module),
    "moto.cloudwatch.models": ("datetime", lambda: WorldDatetime),
    "moto.moto_api._internal.managed_state_model": ("datetime", lambda: WorldDatetime),
    "moto.secretsmanager.models": ("time", _time_module),
}


def attach() -> None:
    """Put the world's time into the modules that are loaded and do not have it yet."""
    for module_name, (name, replacement) in list(_READERS.items()):
        module = sys.modules.get(module_name)
        if module is not None:
            setattr(module, name, replacement())
            del _READERS[module_name]
