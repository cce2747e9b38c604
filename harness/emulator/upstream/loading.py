"""Loading moto: late (0.3 s of imports, and up to 1 s for one service), once, and with the patches in place."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from harness.emulator.upstream import moto_patches, sdk, seeded_bytes, virtual_time

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def load_app(moto_name: str) -> WsgiApp:
    """The WSGI application of one moto service. Call it inside an entered state: making it touches a backend.

    moto's own dispatcher is left out: it looks at the disk on every request.
    """
    _prepare()
    # IAM is asked who calls at every request, SQS gets what others deliver: patched before somebody else imports them.
    with _private_sessions():
        for name in ("iam", "sqs", moto_name):
            _module(f"moto.{name}.models")
    moto_patches.apply()
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

    # The host's profile and files are nobody's business here, also where a test process holds the emulator.
    _module("moto.core.base_backend").AccountSpecificBackend.get_session = functools.cache(sdk.session)
    _module("moto.core.utils").Session = sdk.session
    loader = _module("moto.core.loaders").Loader
    loader.CUSTOMER_DATA_PATH = loader.BUILTIN_DATA_PATH

    # Regions newer than moto, or made up, are as good here as for the native services.
    _module("moto.core.base_backend").allow_unknown_region = lambda: True

    # What moto works out anew on every request: the methods of a response class (0.3 ms), names in snake case.
    responses, names = _module("moto.core.responses"), _module("moto.core.utils")
    responses.method_names_from_class = functools.cache(responses.method_names_from_class)
    names.camelcase_to_underscores = functools.cache(names.camelcase_to_underscores)
    responses.camelcase_to_underscores = names.camelcase_to_underscores


@contextmanager
def _private_sessions() -> Iterator[None]:
    """Modules that are imported inside make sessions without the host's profile (EC2's, which SSM needs, at once)."""
    boto3 = _module("boto3")
    session = boto3.Session
    boto3.Session = lambda *args, **named: session(*args, **{"botocore_session": sdk.session(), **named})
    try:
        yield
    finally:
        boto3.Session = session


def _module(name: str) -> Any:
    return importlib.import_module(name)


def backends(service: str) -> Any:
    """moto's backends of a loaded service: `[account][region]`; `aws` is the region of the global ones."""
    return getattr(_module(f"moto.{service}.models"), f"{service}_backends")
