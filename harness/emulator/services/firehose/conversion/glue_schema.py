"""The schema of a format conversion: a table of the Glue Data Catalog, read over the bus (A2, A10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.emulator.errors import AwsError
from harness.emulator.services.firehose.conversion.hive_types import HiveType, UnknownType, parse_type
from harness.emulator.services.firehose.model import DeliveryStream
from harness.emulator.services.firehose.reason import Reason
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase

NOT_FOUND = Reason(
    "DataFormatConversion.EntityNotFound",
    "The specified table/database could not be found. Please ensure that the table/database exists and that the values "
    "provided in the schema configuration are correct, especially with regards to casing.",
)
NO_VERSION = Reason(
    "DataFormatConversion.InvalidVersionId",
    "Could not find a matching schema from glue. Please make sure the specified version of the table exists.",
)
NO_COLUMNS = Reason(
    "DataFormatConversion.NonExistentColumns",
    "Could not find a matching schema from glue. Please make sure the table is configured with a non-null storage "
    "descriptor containing the target columns.",
)
ACCESS_DENIED = Reason(
    "DataFormatConversion.AccessDenied",
    "Access was denied when calling Glue. Please ensure that the role specified in the data format conversion "
    "configuration has the necessary permissions.",
)
THROTTLED = Reason(
    "DataFormatConversion.ThrottledByGlue",
    "Encountered throttling exceptions while calling Glue. Either increase the limit of the requests per second, or "
    "reduce the current rate of calling Glue from other applications.",
)
UNAVAILABLE = Reason(
    "DataFormatConversion.ServiceUnavailable",
    "Encountered ServiceUnavailable exceptions while calling Glue.",
)


class SchemaProblem(Exception):
    """No schema, for `reason`. `final`: trying again won't help, the records fail."""

    def __init__(self, reason: Reason, final: bool) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.final = final


@dataclass(slots=True, frozen=True)
class Schema:
    """Columns in the table's order, and how error objects name the table."""

    columns: tuple[tuple[str, HiveType], ...]


def catalog_table(stream: DeliveryStream, settings: Json) -> Json:
    """`dataCatalogTable` of an error object (A10)."""
    return {
        "catalogId": settings.get("CatalogId") or stream.account,
        "databaseName": settings["DatabaseName"],
        "tableName": settings["TableName"],
        "region": settings.get("Region") or stream.region,
        "versionId": settings.get("VersionId") or "LATEST",
        "catalogArn": None,
    }


async def find_schema(service: FirehoseBase, stream: DeliveryStream, settings: Json) -> Schema:
    """The table as it is now. Raises SchemaProblem, and NotEmulated where no Glue is served."""
    caller = replace(
        service.caller(stream, settings["RoleARN"]),
        account=settings.get("CatalogId") or stream.account,
        region=settings.get("Region") or stream.region,
    )
    table = {"DatabaseName": settings["DatabaseName"]}
    version = settings.get("VersionId") or "LATEST"
    try:
        if version == "LATEST":
            answer = await service.call("glue", "GetTable", {**table, "Name": settings["TableName"]}, caller)
            found = answer["Table"]
        else:
            params = {**table, "TableName": settings["TableName"], "VersionId": version}
            answer = await service.call("glue", "GetTableVersion", params, caller)
            found = answer["TableVersion"]["Table"]
    except AwsError as error:
        if error.code == "NotEmulated":
            raise
        raise _problem(error, version) from error
    columns = (found.get("StorageDescriptor") or {}).get("Columns") or []
    if not columns:
        raise SchemaProblem(NO_COLUMNS, True)
    try:
        return Schema(tuple((column["Name"], parse_type(column.get("Type") or "string")) for column in columns))
    except UnknownType as error:
        reason = Reason("DataFormatConversion.InvalidSchema", f"The schema is invalid: {error}.")
        raise SchemaProblem(reason, True) from error


def _problem(error: AwsError, version: str) -> SchemaProblem:
    if error.code == "EntityNotFoundException":
        missing_version = version != "LATEST" and "version" in (error.message or "").lower()
        return SchemaProblem(NO_VERSION if missing_version else NOT_FOUND, True)
    if error.code.startswith("AccessDenied"):
        return SchemaProblem(ACCESS_DENIED, False)
    if "Throttl" in error.code:
        return SchemaProblem(THROTTLED, False)
    return SchemaProblem(UNAVAILABLE, False)
