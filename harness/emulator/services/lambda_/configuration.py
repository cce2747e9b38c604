"""A function's configuration: from request members to a version, and back to what the API shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from harness.emulator.errors import NotEmulated, constraint, validation_error
from harness.emulator.services.lambda_ import names, vpc_config
from harness.emulator.services.lambda_.execution.environment import RESERVED
from harness.emulator.services.lambda_.execution.platform_log import runtime_version_arn
from harness.emulator.services.lambda_.model import LATEST, FunctionVersion
from harness.emulator.services.lambda_.packages import base64_sha256
from harness.json_object import Json

MAX_ENVIRONMENT_BYTES = 4096
MAX_TIMEOUT = 900
MAX_MEMORY = 10240

_ROLE = re.compile(r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")


def read(given: Json) -> Json:
    """The fields of a `FunctionVersion` that the members in `given` set. Members left out set nothing.

    Raises ValidationException, InvalidParameterValueException, and NotEmulated for what functions can't have here.
    """
    _refuse(given)
    fields: Json = {}
    for member, name in (
        ("Runtime", "runtime"),
        ("Handler", "handler"),
        ("Role", "role"),
        ("Description", "description"),
        ("Timeout", "timeout"),
        ("MemorySize", "memory_size"),
    ):
        if given.get(member) is not None:
            fields[name] = given[member]
    _check(fields)
    if (environment := given.get("Environment")) is not None:
        fields["environment"] = _environment(environment.get("Variables") or {})
    if (tracing := given.get("TracingConfig")) is not None:
        fields["tracing_mode"] = tracing.get("Mode", "PassThrough")
    if (dead_letter := given.get("DeadLetterConfig")) is not None:
        fields["dead_letter_arn"] = _dead_letter(dead_letter.get("TargetArn") or None)
    if (storage := given.get("EphemeralStorage")) is not None:
        fields["ephemeral_storage"] = storage["Size"]
    if (architectures := given.get("Architectures")) is not None:
        fields["architecture"] = architectures[0]
    if "KMSKeyArn" in given:
        fields["kms_key_arn"] = given["KMSKeyArn"] or None
    if (logging := given.get("LoggingConfig")) is not None:
        fields |= _logging(logging)
    if (vpc := given.get("VpcConfig")) is not None:
        fields["vpc"] = vpc_config.read(vpc)
    if (snap_start := given.get("SnapStart")) is not None:
        fields["snap_start"] = snap_start.get("ApplyOn", "None")
    return fields


KEPT = frozenset({"KMSKeyArn", "Runtime", "SnapStart.ApplyOn", "TracingConfig.Mode", "VpcConfig"})
"""What a function may have and nothing here follows: its processes run on this machine, started as usual, unencrypted
and untraced."""


def kept(fields: Json) -> dict[str, bool]:
    """Which of `KEPT` these fields of a version set (True) or set back to what is so here (False)."""
    vpc = fields.get("vpc")
    has = {
        "kms_key_arn": ("KMSKeyArn", fields.get("kms_key_arn") is not None),
        "snap_start": ("SnapStart.ApplyOn", fields.get("snap_start") != "None"),
        "tracing_mode": ("TracingConfig.Mode", fields.get("tracing_mode") == "Active"),
        "vpc": ("VpcConfig", vpc is not None and bool(vpc.subnet_ids)),
    }
    return dict(setting for field, setting in has.items() if field in fields)


def _refuse(given: Json) -> None:
    if given.get("PackageType", "Zip") != "Zip":
        raise NotEmulated("lambda", f"PackageType {given['PackageType']}")
    if given.get("FileSystemConfigs"):
        raise NotEmulated("lambda", "FileSystemConfigs")
    if given.get("ImageConfig"):
        raise NotEmulated("lambda", "ImageConfig")


def _check(fields: Json) -> None:
    problems = []
    if fields.get("timeout", 1) > MAX_TIMEOUT:
        text = f"Member must have value less than or equal to {MAX_TIMEOUT}"
        problems.append(constraint(fields["timeout"], "timeout", text))
    if fields.get("memory_size", 128) > MAX_MEMORY:
        text = f"Member must have value less than or equal to {MAX_MEMORY}"
        problems.append(constraint(fields["memory_size"], "memorySize", text))
    if problems:
        raise validation_error(problems)
    if "role" in fields and _ROLE.fullmatch(fields["role"]) is None:
        text = f"Member must satisfy regular expression pattern: {_ROLE.pattern}"
        raise validation_error([constraint(fields["role"], "role", text)])


def _environment(variables: dict[str, str]) -> dict[str, str] | None:
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        raise names.invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > MAX_ENVIRONMENT_BYTES:
        raise names.invalid(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            f"provided exceeded the {MAX_ENVIRONMENT_BYTES // 1024}KB limit. String measured: {variables}"
        )
    return variables or None


def _dead_letter(arn: str | None) -> str | None:
    if arn and arn.split(":")[2] not in ("sqs", "sns"):
        raise names.invalid(f"The provided target is not supported as a dead letter target: {arn}")
    return arn


def _logging(given: Json) -> Json:
    fields: Json = {}
    log_format = given.get("LogFormat")
    if log_format is not None:
        fields["log_format"] = log_format
        json = log_format == "JSON"
        fields["application_log_level"] = given.get("ApplicationLogLevel") or ("INFO" if json else None)
        fields["system_log_level"] = given.get("SystemLogLevel") or ("INFO" if json else None)
        if not json and (given.get("ApplicationLogLevel") or given.get("SystemLogLevel")):
            raise names.invalid("To use log level filters, you must set your function log format to JSON.")
    if given.get("LogGroup"):
        fields["log_group"] = given["LogGroup"]
    return fields


def describe(version: FunctionVersion, now: float, *, qualified: bool = False) -> Json:
    """FunctionConfiguration. `qualified`: the ARN carries the version (always so for published versions)."""
    logging: Json = {"LogFormat": version.log_format, "LogGroup": version.log_group}
    if version.log_format == "JSON":
        logging["ApplicationLogLevel"] = version.application_log_level
        logging["SystemLogLevel"] = version.system_log_level
    shown: Json = {
        "FunctionName": version.name,
        "FunctionArn": version.qualified_arn if qualified or version.version != LATEST else version.unqualified_arn,
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code.size,
        "Description": version.description,
        "Timeout": version.timeout,
        "MemorySize": version.memory_size,
        "LastModified": timestamp(version.last_modified),
        "CodeSha256": base64_sha256(version.code),
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.ephemeral_storage},
        "SnapStart": {
            "ApplyOn": version.snap_start,
            "OptimizationStatus": "Off" if version.snap_start == "None" or version.version == LATEST else "On",
        },
        "RuntimeVersionConfig": {"RuntimeVersionArn": runtime_version_arn(version)},
        "LoggingConfig": logging,
    }
    if version.environment:
        shown["Environment"] = {"Variables": version.environment}
    if version.dead_letter_arn:
        shown["DeadLetterConfig"] = {"TargetArn": version.dead_letter_arn}
    if version.kms_key_arn:
        shown["KMSKeyArn"] = version.kms_key_arn
    if version.layers:
        shown["Layers"] = [{"Arn": layer.arn, "CodeSize": layer.code.size} for layer in version.layers]
    if version.vpc is not None:
        shown["VpcConfig"] = vpc_config.describe(version.vpc, version.account, version.region)
    return shown | states(version, now)


def states(version: FunctionVersion, now: float) -> Json:
    """State and LastUpdateStatus at this moment."""
    if now < version.active_at:
        return {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    if now < version.updated_at:
        return {"State": "Active"} | UPDATE_IN_PROGRESS
    return {"State": "Active", "LastUpdateStatus": "Successful"}


CREATE_PENDING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
UPDATE_IN_PROGRESS = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


def timestamp(moment: float) -> str:
    """`2019-09-26T20:28:40.438+0000`, the form of LastModified."""
    time = datetime.fromtimestamp(round(moment, 3), UTC)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}+0000"
