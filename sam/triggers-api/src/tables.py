"""`python -m src.tables` creates both tables for local work; in AWS the SAM template does."""

from __future__ import annotations

from typing import Any

from src.database import STATUS_INDEX, resource
from src.settings import settings


def create_tables() -> list[str]:
    """Create the tables that are missing, as the template describes them; returns their names."""
    dynamodb = resource()
    events = {
        "KeySchema": _keys("event_id", "created_at"),
        "AttributeDefinitions": _strings("event_id", "created_at", "status"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": STATUS_INDEX,
                "KeySchema": _keys("status", "created_at"),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }
    keys = {"KeySchema": _keys("api_key"), "AttributeDefinitions": _strings("api_key")}
    created = []
    for name, schema in ((settings.events_table, events), (settings.keys_table, keys)):
        try:
            dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **schema)
        except dynamodb.meta.client.exceptions.ResourceInUseException:
            continue
        created.append(name)
    return created


def _keys(*names: str) -> list[dict[str, Any]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def _strings(*names: str) -> list[dict[str, Any]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


if __name__ == "__main__":
    print("created:", ", ".join(create_tables()) or "nothing, both exist")
