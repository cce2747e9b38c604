"""moto's random bytes from its own generator: upload ids, session tokens and secrets then follow the world's seed.

moto takes most of its random values from one generator (`mock_random`), and some bytes from `os.urandom`.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import SimpleNamespace

_READERS = {
    f"moto.{name}"
    for name in (
        "dynamodbstreams.models", "iam.models", "kms.models", "kms.responses", "kms.utils", "s3.models", "sts.utils",
    )
}  # fmt: skip


def attach() -> None:
    """Put an `os` with seeded `urandom` into the modules that are loaded and do not have it yet."""
    for name in list(_READERS):
        module = sys.modules.get(name)
        if module is not None:
            module.os = SimpleNamespace(**{**vars(os), "urandom": _random_bytes})  # type: ignore[attr-defined]
            _READERS.discard(name)


def _random_bytes(count: int) -> bytes:
    content: bytes = importlib.import_module("moto.moto_api._internal").mock_random.randbytes(count)
    return content
