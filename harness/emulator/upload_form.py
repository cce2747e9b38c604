"""Upload forms of S3 (PostObject): the fields beside the file."""

from __future__ import annotations

import re

_FIELD = rb'name="%s"[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n(.*?)\r\n--'
_MAX_FIELDS = 20 * 1024
"""Bytes before the file in which AWS looks for fields."""


def form_field(body: bytes, name: str) -> str:
    """The value of a field (multipart/form-data); empty if there is none."""
    found = re.search(_FIELD % re.escape(name.encode()), body[:_MAX_FIELDS], re.IGNORECASE | re.DOTALL)
    return found[1].decode("latin-1").strip() if found is not None else ""
