"""The two DynamoDB tables: events, and the API keys that may be used."""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, Key

from src.logs import logger
from src.settings import settings

PENDING = "pending"
ACKNOWLEDGED = "acknowledged"
STATUS_INDEX = "status-created_at-index"
KEPT_SECONDS = 30 * 24 * 3600
_CURSOR = {"event_id", "created_at", "status"}

Event = dict[str, Any]


class BadCursor(ValueError):
    """The cursor was not made by `Page.cursor`."""


@dataclass(frozen=True)
class Page:
    """A part of the inbox, oldest event first. `cursor` leads to the next part; None at the end."""

    events: list[Event]
    cursor: str | None


@cache
def resource() -> Any:
    """Made on first use: importing the application needs no AWS."""
    return boto3.resource("dynamodb", region_name=settings.region, endpoint_url=settings.dynamodb_endpoint_url)


def create_event(source: str, event_type: str, payload: dict[str, Any]) -> Event:
    """Store a pending event. DynamoDB's TTL removes it after 30 days."""
    item = {
        "event_id": str(uuid.uuid4()),
        "created_at": now(),
        "status": PENDING,
        "source": source,
        "event_type": event_type,
        # As text: numbers of DynamoDB are not those of JSON.
        "payload": json.dumps(payload),
        "ttl": int(time.time()) + KEPT_SECONDS,
    }
    _events("PutItem").put_item(Item=item)
    return _event(item)


def find_event(event_id: str) -> Event | None:
    """By its id alone: the table's sort key, created_at, is not known to callers."""
    answer = _events("Query").query(KeyConditionExpression=Key("event_id").eq(event_id), Limit=1, ConsistentRead=True)
    return _event(answer["Items"][0]) if answer["Items"] else None


def acknowledge_event(event: Event) -> Event | None:
    """The acknowledged event; None when it is not pending any more."""
    table = _events("UpdateItem")
    try:
        answer = table.update_item(
            Key=_key(event),
            UpdateExpression="SET #status = :acknowledged, acknowledged_at = :now",
            ConditionExpression=Attr("status").eq(PENDING),
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":acknowledged": ACKNOWLEDGED, ":now": now()},
            ReturnValues="ALL_NEW",
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return None
    return _event(answer["Attributes"])


def delete_event(event: Event) -> None:
    _events("DeleteItem").delete_item(Key=_key(event))


def pending_events(limit: int, source: str | None, event_type: str | None, cursor: str | None) -> Page:
    """Up to `limit` pending events that match. Raises BadCursor."""
    query: dict[str, Any] = {"IndexName": STATUS_INDEX, "KeyConditionExpression": Key("status").eq(PENDING)}
    for name, wanted in (("source", source), ("event_type", event_type)):
        if wanted is not None:
            condition = Attr(name).eq(wanted)
            known = query.get("FilterExpression")
            query["FilterExpression"] = condition if known is None else known & condition
    start = _decoded(cursor) if cursor is not None else None
    found: list[Event] = []
    while True:
        # DynamoDB counts before it filters: what is still wanted can never be too much.
        page = {"Limit": limit - len(found), **({"ExclusiveStartKey": start} if start else {})}
        answer = _events("Query").query(**query, **page)
        found += [_event(item) for item in answer["Items"]]
        start = answer.get("LastEvaluatedKey")
        if start is None or len(found) == limit:
            return Page(found, _encoded(start) if start is not None else None)


def is_active_key(api_key: str) -> bool:
    """Whether the key is in the table of keys and active."""
    logger.debug("dynamodb GetItem %s", settings.keys_table)
    item = resource().Table(settings.keys_table).get_item(Key={"api_key": api_key}).get("Item")
    return item is not None and item.get("is_active") is True


def now() -> str:
    """ISO 8601 in UTC, always of the same length: the order of the texts is that of the times."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _events(operation: str) -> Any:
    logger.debug("dynamodb %s %s", operation, settings.events_table)
    return resource().Table(settings.events_table)


def _event(item: dict[str, Any]) -> Event:
    shown = {name: item[name] for name in ("event_id", "source", "event_type", "status", "created_at")}
    if "acknowledged_at" in item:
        shown["acknowledged_at"] = item["acknowledged_at"]
    return {**shown, "payload": json.loads(item["payload"])}


def _key(event: Event) -> dict[str, str]:
    return {"event_id": event["event_id"], "created_at": event["created_at"]}


def _encoded(key: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _decoded(cursor: str) -> dict[str, str]:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError):
        raise BadCursor(cursor) from None
    if not isinstance(key, dict) or key.keys() != _CURSOR or not all(isinstance(each, str) for each in key.values()):
        raise BadCursor(cursor)
    return key
