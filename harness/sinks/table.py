"""DynamoDB tables as sinks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from harness.json_object import Json
from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate


@dataclass(frozen=True)
class DynamoDbTable:
    """All items of a table, each one record. `dynamodb` is a boto3 client (not a resource)."""

    dynamodb: Any
    table: str
    fate: Fate = "delivered"

    @property
    def name(self) -> str:
        return f"dynamodb:{self.table}"

    def read(self) -> Reading:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        items = (item for page in pages for item in page["Items"])
        # A place each: a scan has no order.
        return Reading([Found(_text(item), f"{self.name} item {number}") for number, item in enumerate(items)])


def _text(item: Json) -> bytes:
    return json.dumps(item, default=_binary).encode()


def _binary(value: Any) -> str:
    return bytes(value).decode(errors="replace")
