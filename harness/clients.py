"""The SDK for an endpoint on this machine: the developer's profile, files, proxies and certificates are not for it."""

from __future__ import annotations

import os
from typing import Any

KEY = "test"


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
