"""DynamoDB tables."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark


class Tables:
    noun = "table"
    types = frozenset({"aws_dynamodb_table"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        dynamodb = client_of("dynamodb")
        for page in dynamodb.get_paginator("list_tables").paginate():
            for name in filter(mark.names, page["TableNames"]):
                if dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] != "DELETING":
                    yield name

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("dynamodb").delete_table(TableName=name)
