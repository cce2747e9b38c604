"""Where moto answers differently from AWS in a way that breaks a pipeline, a plan or a policy: mended here.

One module per service; `mend(models)` changes moto's classes once, when moto's models of that service are loaded.
"""

from __future__ import annotations

import importlib
import sys

_TO_MEND = {f"moto.{name}.models": name for name in ("dynamodb", "iam", "kms", "s3", "sqs", "ssm", "sts")}


def apply() -> None:
    """Mend the moto modules that are loaded and not mended yet."""
    for module, name in list(_TO_MEND.items()):
        if module in sys.modules:
            del _TO_MEND[module]
            importlib.import_module(f"{__name__}.{name}").mend(sys.modules[module])
