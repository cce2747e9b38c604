"""DynamoDB: an import from S3 is done when its call answers. moto runs it in a thread of its own, which works on the
state of whatever world is entered then, and can't be kept in a snapshot."""

from __future__ import annotations

import importlib
from typing import Any


def patch(models: Any) -> None:
    imports = models.TableImport
    imports.start = imports.run
    imports.__reduce__ = lambda self: (_restored, (_own(self),))


def _own(table_import: Any) -> dict[str, Any]:
    """What an import has beside a thread's own, which all begins with `_`."""
    return {name: value for name, value in vars(table_import).items() if not name.startswith("_")}


def _restored(values: dict[str, Any]) -> Any:
    kind = importlib.import_module("moto.dynamodb.models.table_import").TableImport
    made = kind.__new__(kind)
    vars(made).update(values)
    return made
