"""ProcessingConfiguration: what is accepted, and how a processor is echoed (A7).

Refusals have AWS's own texts where they are known: section A7, and what aws-cdk and others recorded of the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.emulator.errors import NotEmulated
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.processing.processors import (
    DECOMPRESSION,
    DELIMITER,
    check_combination,
    new_processor,
)
from harness.json_object import Json

_LAMBDA_PARAMETERS = ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds")


@dataclass(slots=True, frozen=True)
class LambdaProcessor:
    """The Lambda processor of a stream, its parameters as values."""

    arn: str
    retries: int
    role: str
    size_mb: float
    interval: float


def new_processing(given: Json | None, role: str | None, *, delimits: bool) -> Json | None:
    """The block as stored: whole, never merged with an older one; Enabled is false unless given.

    Raises InvalidArgumentException, and NotEmulated for a delimiter behind the records of an HTTP endpoint.
    """
    if given is None:
        return None
    enabled = bool(given.get("Enabled"))
    processors: list[Json] = given.get("Processors") or []
    if enabled and not 1 <= len(processors) <= 5:
        raise invalid("A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.")
    check_combination([processor["Type"] for processor in processors])
    return {
        "Enabled": enabled,
        "Processors": [_processor(processor, role, delimits=delimits) for processor in processors],
    }


def _processor(given: Json, role: str | None, *, delimits: bool) -> Json:
    parameters = {p["ParameterName"]: p["ParameterValue"] for p in given.get("Parameters") or []}
    if given["Type"] == "Lambda":
        return _lambda_processor(parameters, role)
    if given["Type"] == DELIMITER and not delimits:
        raise NotEmulated("firehose", f"ProcessingConfiguration with a processor of type {DELIMITER}")
    return new_processor(given["Type"], parameters)


def _lambda_processor(parameters: dict[str, str], role: str | None) -> Json:
    for name in parameters:
        if name not in _LAMBDA_PARAMETERS:
            raise invalid(f"{name} is not a parameter of a Lambda processor.")
    if "LambdaArn" not in parameters:
        raise invalid("LambdaArn is required when Lambda processor is used.")
    if ("BufferSizeInMBs" in parameters) != ("BufferIntervalInSeconds" in parameters):
        raise invalid(
            "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor."
        )
    values = {"NumberOfRetries": "3", "RoleArn": role or "", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
    values.update(parameters)
    if not values["RoleArn"]:
        raise invalid("RoleArn is a required parameter of a Lambda processor when the destination has no role.")
    parsed = _parse(values)
    if not 0 <= parsed.retries <= 300:
        raise invalid("Number of retries for lambda must be between 0 and 300.")
    if not 0.2 <= parsed.size_mb <= 3:
        raise invalid("BufferSizeInMBs for lambda processor must be between 0.2 and 3.")
    if not 0 <= parsed.interval <= 900:
        raise invalid("BufferIntervalInSeconds for lambda processor must be between 0 and 900.")
    stored = [{"ParameterName": name, "ParameterValue": values[name]} for name in _LAMBDA_PARAMETERS]
    return {"Type": "Lambda", "Parameters": stored}


def _parse(values: dict[str, str]) -> LambdaProcessor:
    try:
        return LambdaProcessor(
            arn=values["LambdaArn"],
            retries=int(values["NumberOfRetries"]),
            role=values["RoleArn"],
            size_mb=float(values["BufferSizeInMBs"]),
            interval=float(values["BufferIntervalInSeconds"]),
        )
    except ValueError as error:
        raise invalid(f"Invalid parameter value of a Lambda processor: {error}") from error


def lambda_processor(destination: Json) -> LambdaProcessor | None:
    """The Lambda processor that is in force, if any."""
    parameters = active_processors(destination).get("Lambda")
    return None if parameters is None else _parse(parameters)


def appends_delimiter(destination: Json) -> bool:
    """Whether records of an object are separated by a line feed."""
    return DELIMITER in active_processors(destination)


def active_processors(destination: Json) -> dict[str, dict[str, str]]:
    """The processors in force: type to parameters, by name."""
    block: Json | None = destination.get("ProcessingConfiguration")
    if not block or not block["Enabled"]:
        return {}
    return {
        processor["Type"]: {p["ParameterName"]: p["ParameterValue"] for p in processor["Parameters"]}
        for processor in block["Processors"]
    }


def check_processing_update(old: Json, new: Json) -> None:
    """What an update may not begin. Raises InvalidArgumentException (A19)."""
    before = active_processors(old)
    if DECOMPRESSION in active_processors(new) and DECOMPRESSION not in before and "Lambda" not in before:
        raise invalid(
            "Enabling source decompression is not supported for existing stream with no Lambda function attached."
        )
