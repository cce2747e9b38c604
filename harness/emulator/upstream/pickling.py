"""Pickling of moto's backends: reducers for what does not pickle by itself.

One object that can't be kept must not keep all others from being kept: what is no data (a thread, a generator, an open
file, a local function) becomes None, with a line in the log.
"""

from __future__ import annotations

import importlib
import io
import logging
import pickle
import socket
import threading
import types
from typing import Any

from harness.emulator.store.deep import with_room
from harness.emulator.upstream.moto_patches.iam import aws_policy

log = logging.getLogger(__name__)

_NO_DATA = (
    io.IOBase,
    socket.socket,
    threading.Thread,
    types.AsyncGeneratorType,
    types.CoroutineType,
    types.GeneratorType,
    types.ModuleType,
)
_LOCK = type(threading.Lock())
_RLOCK = type(threading.RLock())


def dumps(value: object) -> bytes:
    """A pickle of anything that moto holds. `pickle.loads` reads it."""
    return with_room(lambda: _dumped(value))


def _dumped(value: object) -> bytes:
    out = io.BytesIO()
    _Pickler(out, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is _LOCK:
            return threading.Lock, ()
        if kind is _RLOCK:
            return threading.RLock, ()
        if kind.__name__ == "AWSManagedPolicy":
            # A constant but for one number.
            return aws_policy, (obj.arn, obj.account_id, obj.attachment_count)
        if kind.__name__ == "ParameterDict":
            # A defaultdict that is made from other arguments than pickle gives it.
            return kind, (obj.account_id, obj.region_name), vars(obj), None, iter(obj.items())
        if kind.__name__ == "_VersionedKeyStore":
            # Its `items` shows the newest versions only.
            return _key_store, (kind, list(dict.items(obj)))
        if hasattr(obj, "private_bytes"):
            return _private_key, (_der(obj),)
        base = importlib.import_module("moto.core.base_backend")
        if isinstance(obj, base.BackendDict):
            return backend_dict, (obj.backend.__module__, obj.backend.__qualname__)
        if _is_no_data(obj):
            log.warning("a %s that moto holds is left out of the saved state: %.200r", kind.__name__, obj)
            return type(None), ()
        return NotImplemented


def _is_no_data(obj: object) -> bool:
    if isinstance(obj, types.FunctionType):
        return "<" in obj.__qualname__
    return isinstance(obj, _NO_DATA) and getattr(type(obj), "__reduce__") is object.__reduce__  # noqa: B009


def backend_dict(module: str, backend: str) -> Any:
    """moto's dictionary of the backends of class `backend` that `module` defines. Raises LookupError."""
    loaded = importlib.import_module(module)
    base = importlib.import_module("moto.core.base_backend")
    for value in vars(loaded).values():
        if isinstance(value, base.BackendDict) and value.backend.__qualname__ == backend:
            return value
    raise LookupError(f"{module} has no backends of class {backend}")


def _key_store(kind: type[dict[str, Any]], versions: list[tuple[str, Any]]) -> Any:
    store = kind()
    dict.update(store, versions)
    return store


def _der(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    der: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return der


def _private_key(der: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization.load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
