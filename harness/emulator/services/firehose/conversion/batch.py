"""Format conversion of a batch at delivery: JSON in, Parquet or ORC out, failed records as error lines (A7, A10)."""

from __future__ import annotations

import asyncio
from binascii import b2a_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from harness.emulator.services.firehose.conversion.columnar import write
from harness.emulator.services.firehose.conversion.configuration import is_converting, serde
from harness.emulator.services.firehose.conversion.glue_schema import (
    Schema,
    SchemaProblem,
    catalog_table,
    find_schema,
)
from harness.emulator.services.firehose.conversion.json_rows import Deserializer, Row, RowError
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.model import Batch, DeliveryStream
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import (
    Record,
    arrival_of,
    as_line,
    data_of,
    index_of,
    original,
    position_of,
    sequence_of,
)
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.services.firehose.base import FirehoseBase

FORMAT_CONVERSION_FAILED = "format-conversion-failed"


@dataclass(slots=True)
class Converted:
    """A batch converted: the file (None without a single row), the records in it, those that failed and why."""

    body: bytes | None
    records: list[Record]
    failed: list[tuple[Record, Reason]]


async def check_schema(service: FirehoseBase, stream: DeliveryStream) -> None:
    """AWS looks the table up at create and update. Raises InvalidArgumentException, NotEmulated."""
    if not is_converting(stream.destination):
        return
    settings = stream.destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    try:
        await find_schema(service, stream, settings)
    except SchemaProblem as problem:
        reason = problem.reason
        if reason.code == "DataFormatConversion.InvalidSchema":
            raise service.refuse(
                f"SchemaConfiguration with a table that has another type. {reason.message}"
            ) from problem
        raise invalid(reason.message) from problem


async def convert(service: FirehoseBase, stream: DeliveryStream, batch: Batch) -> Converted:
    """Raises SchemaProblem when the schema can't be had now and may be later."""
    conversion = stream.destination["DataFormatConversionConfiguration"]
    try:
        schema = await find_schema(service, stream, conversion["SchemaConfiguration"])
    except SchemaProblem as problem:
        if not problem.final:
            raise
        return Converted(None, [], [(record, problem.reason) for record in batch.records])
    return await asyncio.to_thread(_convert, conversion, schema, batch.records)


def _convert(conversion: Json, schema: Schema, records: list[Record]) -> Converted:
    deserializer = Deserializer(*serde(conversion, "Deserializer"), schema.columns)
    rows: list[Row] = []
    good: list[Record] = []
    failed: list[tuple[Record, Reason]] = []
    for record in records:
        try:
            rows += deserializer.rows(data_of(record))
        except RowError as error:
            failed.append((record, error.reason))
        else:
            good.append(record)
    body = write(*serde(conversion, "Serializer"), schema.columns, rows) if rows else None
    return Converted(body, good, failed)


def conversion_lines(
    stream: DeliveryStream, batch: Batch, failed: list[tuple[Record, Reason]], ended: float
) -> list[Record]:
    """The failed records as records whose data is their error line (A10); `ended` in epoch seconds."""
    settings = stream.destination["DataFormatConversionConfiguration"]["SchemaConfiguration"]
    table = catalog_table(stream, settings)
    lines: list[Record] = []
    for record, reason in failed:
        position = position_of(record)
        line = orjson.dumps(
            {
                "attemptsMade": batch.attempt,
                "arrivalTimestamp": arrival_of(record),
                "lastErrorCode": reason.code,
                "lastErrorMessage": reason.message,
                "attemptEndingTimestamp": int(ended * 1000),
                "rawData": b2a_base64(original(record), newline=False).decode(),
                "sequenceNumber": sequence_of(position) if position else None,
                "subSequenceNumber": index_of(position) if position else None,
                "dataCatalogTable": table,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        lines.append(as_line(record, line))
    return lines
