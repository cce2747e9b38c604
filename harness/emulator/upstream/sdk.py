"""botocore without the host: no profile, no files, no models of the user's own (`~/.aws/models`)."""

from __future__ import annotations

import os
from typing import Any


def loader() -> Any:
    """A loader of the models that botocore brings."""
    from botocore.loaders import Loader

    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def session() -> Any:
    """A botocore session that knows regions and models."""
    from botocore.session import Session

    unset = (None, None, None, None)
    nowhere = (None, None, os.devnull, None)
    made = Session(session_vars={"profile": unset, "config_file": nowhere, "credentials_file": nowhere})
    made.register_component("data_loader", loader())
    return made
