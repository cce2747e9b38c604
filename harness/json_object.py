"""The one name for a JSON object: what botocore's models and the wire call a structure or a map."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
