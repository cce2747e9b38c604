"""The moto state of one World.

moto keeps its state in module globals (one `BackendDict` per service). Several Worlds can live in one process: each
has a `MotoState`, and the one that is entered puts its content into those globals and takes the other's out. Entering
holds a lock, so moto (which is not thread-safe) runs one call at a time.
"""

from __future__ import annotations

import importlib
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from harness.emulator.upstream import pickling, virtual_time
from harness.emulator.upstream.loading import backends

_lock = threading.Lock()
_entered: list[MotoState] = []
"""The state that is in moto's globals now, if any."""

# What every BackendDict has; anything else on one is state (the bucket names in S3).
_CONSTANT_ATTRIBUTES = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}


class MotoState:
    """What moto knows in one World: its backends, its random numbers, and the time that it lives in."""

    def __init__(self, now: Callable[[], float], seed: int) -> None:
        self._now = now
        self._seed = seed
        self._shelf: list[tuple[Any, dict[str, Any], dict[str, Any]]] = []
        self._random: Any = random.Random(seed).getstate()
        self._log_event_id = 0
        self._object_time: Any = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside the block moto's globals are this state. Not re-entrant."""
        with _lock:
            if not _entered or _entered[0] is not self:
                if _entered:
                    _entered.pop()._take_out()
                self._put_in()
                _entered.append(self)
            yield

    def dump(self) -> bytes:
        """Everything, as one pickle; nothing at all if moto was never used."""
        if not _loaded():
            return b""
        with self.entered():
            return pickling.dumps(
                {
                    "backends": [
                        (_path(found), {account: dict(regions) for account, regions in found.items()}, _extras(found))
                        for found in _in_use()
                    ],
                    "random": _mock_random().getstate(),
                    "log_event_id": _log_event_id(),
                    "object_time": _object_time(),
                }
            )

    def load(self, state: bytes | None) -> None:
        """Replace everything; None empties. Raises what pickle raises, before anything is replaced."""
        saved = pickle.loads(state) if state else None
        if saved is None and not _loaded():
            return
        with self.entered():
            _clear()
            if saved is None:
                _mock_random().setstate(random.Random(self._seed).getstate())
                return
            for path, accounts, extras in saved["backends"]:
                found = pickling.backend_dict(*path)
                for account, regions in accounts.items():
                    dict.update(found[account], regions)
                vars(found).update(extras)
            _mock_random().setstate(saved["random"])
            _set_log_event_id(saved["log_event_id"])
            _set_object_time(saved["object_time"])

    @staticmethod
    def replace_backends(service: str, state: bytes) -> None:
        """Put other backends (a pickle of account → region → backend) in a service's place, inside an entered state."""
        found = backends(service)
        dict.clear(found)
        for account, regions in pickle.loads(state).items():
            dict.update(found[account], regions)

    # -- changing places --------------------------------------------------------------------------------------

    def _put_in(self) -> None:
        for found, content, extras in self._shelf:
            dict.update(found, content)
            vars(found).update(extras)
            _in_use().append(found)
        self._shelf = []
        _mock_random().setstate(self._random)
        _set_log_event_id(self._log_event_id)
        _set_object_time(self._object_time)
        virtual_time.follow(self._now)

    def _take_out(self) -> None:
        self._shelf = [(found, dict(found), _extras(found)) for found in _in_use()]
        self._random = _mock_random().getstate()
        self._log_event_id = _log_event_id()
        self._object_time = _object_time()
        _clear()


@contextmanager
def living_at(now: float, seed: int) -> Iterator[None]:
    """Inside the block, and inside an entered state, moto's time stands still at `now` and its random numbers are
    those of `seed`: the same call does the same again."""
    _mock_random().seed(seed)
    with virtual_time.standing_at(now):
        yield


def _clear() -> None:
    for found in _in_use():
        dict.clear(found)
        vars(found).update({name: type(value)() for name, value in _extras(found).items()})
    _in_use().clear()
    _set_log_event_id(0)
    _set_object_time(None)


def _loaded() -> bool:
    return "moto.core.base_backend" in sys.modules


def _in_use() -> list[Any]:
    instances: list[Any] = importlib.import_module("moto.core.base_backend").BackendDict._instances
    return instances


def _path(found: Any) -> tuple[str, str]:
    return found.backend.__module__, found.backend.__qualname__


def _extras(found: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(found).items() if name not in _CONSTANT_ATTRIBUTES}


def _mock_random() -> random.Random:
    generator: random.Random = importlib.import_module("moto.moto_api._internal").mock_random
    return generator


def _log_event_id() -> int:
    """The number of the next log event, which moto keeps on a class."""
    logs = sys.modules.get("moto.logs.models")
    return int(logs.LogEvent._event_id) if logs is not None else 0


def _set_log_event_id(value: int) -> None:
    logs = sys.modules.get("moto.logs.models")
    if logs is not None:
        logs.LogEvent._event_id = value


def _object_time() -> Any:
    """The last time that S3 gave to something (`moto_patches/s3`); None if it is not loaded."""
    return getattr(getattr(sys.modules.get("moto.s3.models"), "utcnow", None), "last", None)


def _set_object_time(value: Any) -> None:
    clock: Any = getattr(sys.modules.get("moto.s3.models"), "utcnow", None)
    if hasattr(clock, "last"):
        clock.last = value if value is not None else datetime.min
