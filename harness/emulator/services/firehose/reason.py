"""Why records fail, or a delivery."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """How error objects (A10) and entries of the error log (A18) name it."""

    code: str
    message: str
