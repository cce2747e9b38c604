"""DynamoDB tables and their streams, and the Glue catalogue."""

from __future__ import annotations

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.service_descriptor import ANYTHING, Resource, ServiceDescriptor

_TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem",
               "ConditionCheck": "ConditionCheckItem"}  # fmt: skip


def _dynamodb(asked: Asked) -> list[RequiredAction]:
    operation = asked.operation
    if "Statement" in operation:
        raise NotEmulated("iam", f"the permission check of dynamodb {operation} (PartiQL)")
    if operation in ("BatchGetItem", "BatchWriteItem"):
        tables: dict[str, object] = asked.params.get("RequestItems") or {}
        return [RequiredAction(f"dynamodb:{operation}", asked.named(name, "table/")) for name in sorted(tables)]
    if operation in ("TransactWriteItems", "TransactGetItems"):
        return [
            RequiredAction(f"dynamodb:{_TRANSACTED[kind]}", asked.named(str(item.get("TableName")), "table/"))
            for entry in asked.entries("TransactItems")
            for kind, item in entry.items()
            if kind in _TRANSACTED and isinstance(item, dict)
        ]
    table = asked.text("TableName")
    if not table:
        return asked.on(asked.text("ResourceArn", "BackupArn", "ExportArn") or ANYTHING)
    arn = asked.named(table, "table/")
    index = asked.text("IndexName")
    return asked.on(f"{arn}/index/{index}" if index and operation in ("Query", "Scan") else arn)


def _dynamodbstreams(asked: Asked) -> list[RequiredAction]:
    stream = asked.text("StreamArn") or asked.text("ShardIterator").partition("|")[0]
    return [RequiredAction(f"dynamodb:{asked.operation}", stream or ANYTHING)]


def _glue(asked: Asked) -> list[RequiredAction]:
    """Reading or changing a table needs the catalogue and the database, too."""
    action = f"glue:{asked.operation}"
    database = asked.text("DatabaseName") or (asked.text("Name") if "Database" in asked.operation else "")
    if not database:
        return [RequiredAction(action, asked.arn("catalog") if "Database" in asked.operation else ANYTHING)]
    resources = [asked.arn("catalog"), asked.arn(f"database/{database}")]
    table = asked.text("TableName") or (asked.text("Name") if "Table" in asked.operation else "")
    if table:
        resources.append(asked.arn(f"table/{database}/{table}"))
    elif "Table" in asked.operation:
        resources.append(asked.arn(f"table/{database}/*"))
    return [RequiredAction(action, resource) for resource in resources]


DYNAMODB = ServiceDescriptor(
    name="dynamodb",
    protocol="json",
    targets=("DynamoDB_20120810",),
    hosts=("dynamodb",),
    resource=Resource(("TableName",), "table/"),
    actions=_dynamodb,
)
DYNAMODBSTREAMS = ServiceDescriptor(
    name="dynamodbstreams",
    protocol="json",
    targets=("DynamoDBStreams_20120810",),
    signing=("dynamodb",),
    actions=_dynamodbstreams,
)
GLUE = ServiceDescriptor(name="glue", protocol="json", targets=("AWSGlue",), actions=_glue)
