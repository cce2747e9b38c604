"""DynamoDB: tables with items. Those that came with the stack are put back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json


class Tables:
    service, noun = "dynamodb", "table"
    types = frozenset({"aws_dynamodb_table"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        dynamodb = client_of("dynamodb")
        for page in dynamodb.get_paginator("list_tables").paginate():
            for name in page["TableNames"]:
                yield Found(name, (name,), is_going=partial(_is_going, dynamodb, name))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        dynamodb = client_of("dynamodb")
        table = dynamodb.describe_table(TableName=id)["Table"]
        return {
            "keys": [each["AttributeName"] for each in table["KeySchema"]],
            "stream": table.get("StreamSpecification"),
            "indexes": sorted(each["IndexName"] for each in table.get("GlobalSecondaryIndexes", [])),
            "items": sorted(_items(dynamodb, id), key=repr),
        }

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        dynamodb = client_of("dynamodb")
        keys, kept, items = before["keys"], before["items"], now["items"]
        known = [{key: item[key] for key in keys} for item in kept]
        for item in items:
            key = {name: item[name] for name in keys}
            if key not in known:
                dynamodb.delete_item(TableName=id, Key=key)
        for item in kept:
            if item not in items:
                dynamodb.put_item(TableName=id, Item=item)

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("dynamodb").delete_table(TableName=id)


def _is_going(dynamodb: Any, name: str) -> bool:
    status: str = dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
    return status == "DELETING"


def _items(dynamodb: Any, table: str) -> Iterator[Json]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]
