"""Where moto answers differently from AWS in a way that breaks a pipeline, a plan or a policy: patched here.

One module per service; `patch(models)` changes moto's classes once, when moto's models of that service are loaded.
"""

from __future__ import annotations

import importlib
import sys

_TO_MEND = {f"moto.{name}.models": name for name in ("dynamodb", "iam", "kms", "s3", "sqs", "ssm", "sts")}


def apply() -> None:
    """Patch the moto modules that are loaded and not patched yet."""
    for module, name in list(_TO_MEND.items()):
        if module in sys.modules:
            del _TO_MEND[module]
            importlib.import_module(f"{__name__}.{name}").patch(sys.modules[module])
