"""DynamoDB: items. Those that came with the stack are put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.behind.kind import Json


class Tables:
    service, noun = "dynamodb", "table"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_tables").paginate():
            yield from page["TableNames"]

    def describe(self, client: Any, name: str) -> Json:
        table = client.describe_table(TableName=name)["Table"]
        return {
            "keys": [each["AttributeName"] for each in table["KeySchema"]],
            "stream": table.get("StreamSpecification"),
            "indexes": sorted(each["IndexName"] for each in table.get("GlobalSecondaryIndexes", [])),
            "items": sorted(_items(client, name), key=repr),
        }

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        keys, kept, items = before["keys"], before["items"], now["items"]
        known = [{key: item[key] for key in keys} for item in kept]
        for item in items:
            key = {name: item[name] for name in keys}
            if key not in known:
                client.delete_item(TableName=name, Key=key)
        for item in kept:
            if item not in items:
                client.put_item(TableName=name, Item=item)

    def remove(self, client: Any, name: str) -> None:
        client.delete_table(TableName=name)


def _items(client: Any, table: str) -> Iterator[Json]:
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]
