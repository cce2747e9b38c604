"""DataFormatConversionConfiguration: what is accepted, how an update merges, the destination's rules (A2, A3)."""

from __future__ import annotations

import copy
import importlib.util

from harness.emulator.errors import NotEmulated
from harness.emulator.services.firehose.conversion.joda_time import PatternError, compile_parser
from harness.emulator.services.firehose.errors import invalid
from harness.json_object import Json

SMALLEST_MB = 64
SHORTEST = 60

_BLOCKS = ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration")


def is_converting(destination: Json) -> bool:
    """Whether the destination's records are converted to Parquet or ORC."""
    conversion = destination.get("DataFormatConversionConfiguration")
    return conversion is not None and bool(conversion["Enabled"])


def new_conversion(given: Json) -> Json:
    """The block as stored. It is enabled unless it says otherwise."""
    return {"Enabled": True, **copy.deepcopy(given)}


def merge_conversion(stored: Json | None, update: Json) -> Json:
    """Member by member, those of SchemaConfiguration too (A15)."""
    new: Json = {"Enabled": True} if stored is None else copy.deepcopy(stored)
    for member, value in copy.deepcopy(update).items():
        if member == "SchemaConfiguration":
            new[member] = {**new.get(member, {}), **value}
        else:
            new[member] = value
    return new


def check_conversion(destination: Json) -> None:
    """The rules of an enabled block, and those it puts on the rest of the destination.

    Raises InvalidArgumentException; NotEmulated for options without effect here, and without the extra.
    """
    if not is_converting(destination):
        return
    conversion = destination["DataFormatConversionConfiguration"]
    for block in _BLOCKS:
        if not conversion.get(block):
            raise invalid(f"{block} is required when data format conversion is enabled.")
    for member in ("RoleARN", "DatabaseName", "TableName"):
        if not conversion["SchemaConfiguration"].get(member):
            raise invalid(f"SchemaConfiguration.{member} is required when data format conversion is enabled.")
    _one(conversion, "InputFormatConfiguration", "Deserializer")
    _one(conversion, "OutputFormatConfiguration", "Serializer")
    hints = destination["BufferingHints"]
    if hints["SizeInMBs"] < SMALLEST_MB:
        raise invalid(
            f"BufferingHints.SizeInMBs must be at least {SMALLEST_MB} when data format conversion is enabled."
        )
    if hints["IntervalInSeconds"] < SHORTEST:
        raise invalid(
            f"BufferingHints.IntervalInSeconds must be at least {SHORTEST} when data format conversion is enabled."
        )
    if destination["CompressionFormat"] != "UNCOMPRESSED":
        raise invalid("CompressionFormat must be UNCOMPRESSED when data format conversion is enabled.")
    _check_options(conversion)
    if importlib.util.find_spec("pyarrow") is None:
        what = "DataFormatConversionConfiguration (enabled) without the extra pipeline-harness[parquet]"
        raise NotEmulated("firehose", what)


def serde(conversion: Json, side: str) -> tuple[str, Json]:
    """Name and options of the `Deserializer` or `Serializer`."""
    block = "InputFormatConfiguration" if side == "Deserializer" else "OutputFormatConfiguration"
    found: dict[str, Json] = conversion[block][side]
    ((name, options),) = [(name, options) for name, options in found.items() if options is not None]
    return name, options


def _one(conversion: Json, block: str, side: str) -> None:
    chosen = [name for name, options in (conversion[block].get(side) or {}).items() if options is not None]
    if len(chosen) != 1:
        raise invalid(f"{block}.{side}: exactly one must be given when data format conversion is enabled.")


def _check_options(conversion: Json) -> None:
    name, options = serde(conversion, "Serializer")
    # Padding aligns files for a copy to HDFS; the writer here can't. Block sizes only matter for padding.
    if options.get("MaxPaddingBytes"):
        raise NotEmulated("firehose", "ParquetSerDe.MaxPaddingBytes")
    if options.get("EnablePadding"):
        raise NotEmulated("firehose", "OrcSerDe.EnablePadding")
    name, options = serde(conversion, "Deserializer")
    for pattern in options.get("TimestampFormats") or []:
        try:
            compile_parser(pattern)
        except PatternError as error:
            raise NotEmulated("firehose", f"{name}.TimestampFormats {pattern!r}: {error}") from error
