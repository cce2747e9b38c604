"""ProcessingConfiguration: what is accepted, and how a processor is echoed (A7)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.errors import NotEmulated
from harness.emulator.services.firehose.hints import invalid
from harness.emulator.services.firehose.model import Json

_LAMBDA_PARAMETERS = ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds")


@dataclass(slots=True, frozen=True)
class LambdaProcessor:
    """The Lambda processor of a stream, its parameters as values."""

    arn: str
    retries: int
    role: str
    size_mb: float
    interval: float


def new_processing(given: Json | None, role: str | None, kind: str) -> Json | None:
    """The block as stored: whole, never merged with an older one; Enabled is false unless given.

    Raises InvalidArgumentException, and NotEmulated for the processors that are not emulated.
    """
    if given is None:
        return None
    enabled = bool(given.get("Enabled"))
    processors: list[Json] = given.get("Processors") or []
    if enabled and not 1 <= len(processors) <= 5:
        raise invalid("A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.")
    if sum(processor["Type"] == "Lambda" for processor in processors) > 1:
        raise invalid("Cannot have more than 1 Lambda processor")
    return {"Enabled": enabled, "Processors": [_processor(processor, role, kind) for processor in processors]}


def _processor(given: Json, role: str | None, kind: str) -> Json:
    parameters = {p["ParameterName"]: p["ParameterValue"] for p in given.get("Parameters") or []}
    if given["Type"] == "Lambda":
        return _lambda_processor(parameters, role)
    if given["Type"] == "AppendDelimiterToRecord" and kind == "s3":
        # AWS stores no parameter and always uses a line feed.
        return {"Type": "AppendDelimiterToRecord", "Parameters": []}
    raise NotEmulated("firehose", f"ProcessingConfiguration with a processor of type {given['Type']}")


def _lambda_processor(parameters: dict[str, str], role: str | None) -> Json:
    for name in parameters:
        if name not in _LAMBDA_PARAMETERS:
            raise invalid(f"{name} is not a parameter of a Lambda processor.")
    if "LambdaArn" not in parameters:
        raise invalid("LambdaArn is a required parameter of a Lambda processor.")
    values = {"NumberOfRetries": "3", "RoleArn": role or "", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
    values.update(parameters)
    if not values["RoleArn"]:
        raise invalid("RoleArn is a required parameter of a Lambda processor when the destination has no role.")
    stored = [{"ParameterName": name, "ParameterValue": values[name]} for name in _LAMBDA_PARAMETERS]
    processor = {"Type": "Lambda", "Parameters": stored}
    parsed = _parse(processor)
    if not 0.2 <= parsed.size_mb <= 3:
        raise invalid("BufferSizeInMBs of a Lambda processor must be between 0.2 and 3.")
    if not 0 <= parsed.interval <= 900:
        raise invalid("BufferIntervalInSeconds of a Lambda processor must be between 0 and 900.")
    return processor


def _parse(processor: Json) -> LambdaProcessor:
    values = {p["ParameterName"]: p["ParameterValue"] for p in processor["Parameters"]}
    try:
        return LambdaProcessor(
            arn=values["LambdaArn"],
            retries=max(0, int(values["NumberOfRetries"])),
            role=values["RoleArn"],
            size_mb=float(values["BufferSizeInMBs"]),
            interval=float(values["BufferIntervalInSeconds"]),
        )
    except ValueError as error:
        raise invalid(f"Invalid parameter value of a Lambda processor: {error}") from error


def lambda_processor(destination: Json) -> LambdaProcessor | None:
    """The Lambda processor that is in force, if any."""
    for processor in _active(destination):
        if processor["Type"] == "Lambda":
            return _parse(processor)
    return None


def appends_delimiter(destination: Json) -> bool:
    """Whether records of an object are separated by a line feed."""
    return any(processor["Type"] == "AppendDelimiterToRecord" for processor in _active(destination))


def _active(destination: Json) -> list[Json]:
    block: Json | None = destination.get("ProcessingConfiguration")
    processors: list[Json] = block["Processors"] if block and block["Enabled"] else []
    return processors
