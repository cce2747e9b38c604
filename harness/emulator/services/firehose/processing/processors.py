"""The processors beside Lambda: what their parameters may be, and how they are stored (A7, A13, A19).

Refusals have AWS's own texts where they are known: section A7, and what aws-cdk and others recorded of the rest.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import TypeAlias

from harness.emulator.services.firehose.errors import invalid
from harness.json_object import Json

DECOMPRESSION = "Decompression"
CLOUDWATCH_LOGS = "CloudWatchLogProcessing"
DEAGGREGATION = "RecordDeAggregation"
EXTRACTION = "MetadataExtraction"
DELIMITER = "AppendDelimiterToRecord"

Parameters: TypeAlias = dict[str, str]


def _decompression(given: Parameters) -> Parameters:
    if given.get("CompressionFormat", "GZIP") != "GZIP":
        raise invalid("CompressionFormat has to be GZIP")
    return {"CompressionFormat": "GZIP"}


def _cloudwatch_logs(given: Parameters) -> Parameters:
    value = given.get("DataMessageExtraction", "")
    if value.lower() not in ("true", "false"):
        raise invalid("Invalid parameter value for DataMessageExtraction. Allowed values are True and False.")
    return {"DataMessageExtraction": value}


def _deaggregation(given: Parameters) -> Parameters:
    kind = given.get("SubRecordType")
    if kind not in ("JSON", "DELIMITED"):
        raise invalid("SubRecordType has to be one of JSON, DELIMITED")
    if kind == "JSON":
        return {"SubRecordType": kind}
    delimiter = given.get("Delimiter", "")
    if not delimiter:
        raise invalid("Delimiter should be present for DELIMITED")
    try:
        decoded = b64decode(delimiter, validate=True)
    except ValueError:
        decoded = b""
    if not decoded:
        raise invalid("Delimiter has to be a base64 encoded string")
    return {"SubRecordType": kind, "Delimiter": delimiter}


def _extraction(given: Parameters) -> Parameters:
    if given.get("JsonParsingEngine") != "JQ-1.6":
        raise invalid("MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6")
    query = given.get("MetadataExtractionQuery")
    if query is None:
        raise invalid("MetadataExtractionQuery is required when MetadataExtraction processor is used.")
    return {"MetadataExtractionQuery": query, "JsonParsingEngine": "JQ-1.6"}


def _delimiter(given: Parameters) -> Parameters:
    # AWS stores no parameter and always uses a line feed.
    return {}


_KINDS: dict[str, tuple[tuple[str, ...], Callable[[Parameters], Parameters]]] = {
    DECOMPRESSION: (("CompressionFormat",), _decompression),
    CLOUDWATCH_LOGS: (("DataMessageExtraction",), _cloudwatch_logs),
    DEAGGREGATION: (("SubRecordType", "Delimiter"), _deaggregation),
    EXTRACTION: (("MetadataExtractionQuery", "JsonParsingEngine"), _extraction),
    DELIMITER: (("Delimiter",), _delimiter),
}


def new_processor(kind: str, parameters: Parameters) -> Json:
    """A processor as stored, its parameters checked and in AWS's order. Raises InvalidArgumentException."""
    known, check = _KINDS[kind]
    for name in parameters:
        if name not in known:
            raise invalid(f"{name} is not a parameter of a {kind} processor.")
    stored = [{"ParameterName": name, "ParameterValue": value} for name, value in check(parameters).items()]
    return {"Type": kind, "Parameters": stored}


def check_combination(kinds: list[str]) -> None:
    """What must hold between processors. Raises InvalidArgumentException."""
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise invalid(f"Cannot have more than 1 {kind} processor")
    if CLOUDWATCH_LOGS in kinds and DECOMPRESSION not in kinds:
        raise invalid("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
