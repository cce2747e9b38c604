"""Loading moto: late (it costs 0.3 s of imports, and up to 1 s for one service), once, and with the mends in place."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from typing import Any

from harness.emulator.upstream import mends, seeded_bytes, virtual_time

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def load_app(moto_name: str) -> WsgiApp:
    """The WSGI application of one moto service. Call it inside an entered state: making it touches a backend.

    moto's own dispatcher is left out: it looks at the disk on every request.
    """
    _prepare()
    # IAM is asked who calls at every request, SQS gets what others deliver: mended before somebody else imports them.
    for name in ("iam", "sqs", moto_name):
        _module(f"moto.{name}.models")
    mends.apply()
    virtual_time.attach()
    seeded_bytes.attach()
    app: WsgiApp = _module("moto.moto_server.werkzeug_app").create_backend_app(moto_name)
    return app


@functools.cache
def _prepare() -> None:
    _module("moto.settings").DISABLE_GLOBAL_CORS = True

    # moto keeps every object it ever made on the object's class, for a dashboard: deleted S3 objects would stay.
    model = _module("moto.core.common_models").BaseModel
    model.__new__ = staticmethod(lambda cls, *_args, **_kwargs: super(model, cls).__new__(cls))

    # Regions newer than moto, or made up, are as good here as for the native services.
    _module("moto.core.base_backend").allow_unknown_region = lambda: True

    # What moto works out anew on every request: the methods of a response class (0.3 ms), names in snake case.
    responses, names = _module("moto.core.responses"), _module("moto.core.utils")
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    names.camelcase_to_underscores = functools.cache(names.camelcase_to_underscores)
    responses.camelcase_to_underscores = names.camelcase_to_underscores


def _module(name: str) -> Any:
    return importlib.import_module(name)


def backends(service: str) -> Any:
    """moto's backends of a loaded service: `[account][region]`; `aws` is the region of the global ones."""
    return getattr(_module(f"moto.{service}.models"), f"{service}_backends")
