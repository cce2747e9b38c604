"""The SDK for an endpoint on this machine: the developer's profile, files, proxies and certificates are not for it.

And the environment that leads other clients to the same place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.json_object import Json
from harness.problem import Problem

KEY = "test"
_DEFAULT_REGION = "us-east-1"
_TIMEOUT_SECONDS = 65.0


def local_session(region: str, key: str = KEY, secret: str = KEY) -> Any:
    """A boto3 session whose clients take nothing from `AWS_*` variables and files. Imports boto3 (0.25 s)."""
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.loaders import Loader

    unset = (None, None, None, None)
    core = botocore.session.Session(
        session_vars={
            "ca_bundle": unset,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "ignore_configured_endpoint_urls": (None, None, True, None),
            "profile": unset,
            "region": unset,
        }
    )
    models = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    core.register_component("data_loader", models)
    core.set_default_client_config(Config(proxies={}))
    return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region, botocore_session=core)


class Aws:
    """The AWS of a target: an emulator at `endpoint_url`, or, where that is None, the account of the ambient
    credentials. `region` is that of its clients."""

    def __init__(self, endpoint_url: str | None, region: str | None = None) -> None:
        self.endpoint_url = endpoint_url
        self.region = region or region_of(os.environ)
        self._session: Any = None
        self._clients: Json = {}

    @property
    def url(self) -> str:
        """The emulator's endpoint. Raises Problem on an account, which has one for each service."""
        if self.endpoint_url is None:
            raise Problem("An AWS account has no endpoint of its own; use aws.client(service).")
        return self.endpoint_url

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client; `options` are those of `boto3.client`, a `config` is merged into ours.

        It never tries again: an error is seen as it is and once, and no retry waits in real time. Clients without
        options are shared by the tests of a process.
        """
        if options:
            return self._make(service, **options)
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def variables(self, before: Mapping[str, str]) -> dict[str, str]:
        """The `AWS_*` variables that lead any client to the same place; `before` holds those of the developer."""
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.endpoint_url is None:
            return {**before, **region}
        return region | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _make(self, service: str, **options: Any) -> Any:
        if self._session is None:
            if self.endpoint_url is None:
                import boto3

                self._session = boto3.Session(region_name=self.region)
            else:
                self._session = local_session(self.region)
        config = self._config()
        given = options.pop("config", None)
        if self.endpoint_url is not None:
            options.setdefault("endpoint_url", self.endpoint_url)
        return self._session.client(service, config=config.merge(given) if given else config, **options)

    def _config(self) -> Any:
        from botocore.config import Config

        style = {} if self.endpoint_url is None else {"s3": {"addressing_style": "path"}}
        return Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=_TIMEOUT_SECONDS, **style)


def region_of(environ: Mapping[str, str]) -> str:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _DEFAULT_REGION


@contextmanager
def environment_leading_to(aws: Aws) -> Iterator[None]:
    """AWS clients that the code under test makes itself reach the target: with an emulator, never a real account."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    session = _forget_default_session(None)
    _replace_aws_variables(aws.variables(before))
    try:
        yield
    finally:
        _replace_aws_variables(before)
        _forget_default_session(session)


@contextmanager
def without_aws_variables() -> Iterator[None]:
    """What is started meanwhile does not inherit the developer's account."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    _replace_aws_variables({"AWS_EC2_METADATA_DISABLED": "true"})
    try:
        yield
    finally:
        _replace_aws_variables(before)


def _replace_aws_variables(variables: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(variables)


def _forget_default_session(instead: Any) -> Any:
    """boto3's default session remembers the credentials of its first use; returns the one that was there."""
    boto3 = sys.modules.get("boto3")
    if boto3 is None:
        return None
    before, boto3.DEFAULT_SESSION = boto3.DEFAULT_SESSION, instead  # type: ignore[attr-defined]
    return before
