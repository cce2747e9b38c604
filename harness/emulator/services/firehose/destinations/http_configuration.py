"""HTTP endpoint destinations as stored: defaults, checks, description, update (A2, A3, A14)."""

from __future__ import annotations

import copy
from urllib.parse import urlsplit

from harness.emulator.errors import NotEmulated
from harness.emulator.outbound import Outbound
from harness.emulator.services.firehose.destinations.s3_configuration import legacy, new_s3, update_s3
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.hints import check_hints, check_logging, new_hints
from harness.emulator.services.firehose.partitioning.configuration import check_unpartitioned
from harness.emulator.services.firehose.processing.configuration import new_processing
from harness.json_object import Json

LARGEST_MB = 64
DEFAULT_RETRY_SECONDS = 300


def new_http(given: Json, outbound: Outbound) -> Json:
    """A stored HTTP endpoint destination from a configuration. Raises InvalidArgumentException, NotEmulated."""
    for member in ("EndpointConfiguration", "S3Configuration"):
        if not given.get(member):
            raise invalid(f"{member} is required for an HTTP endpoint destination.")
    stored: Json = {
        "EndpointConfiguration": dict(given["EndpointConfiguration"]),
        "BufferingHints": new_hints(given.get("BufferingHints")),
        "CloudWatchLoggingOptions": {"Enabled": False, **(given.get("CloudWatchLoggingOptions") or {})},
        "RequestConfiguration": _request(given.get("RequestConfiguration")),
        "RetryOptions": {"DurationInSeconds": DEFAULT_RETRY_SECONDS, **(given.get("RetryOptions") or {})},
        "S3BackupMode": given.get("S3BackupMode") or "FailedDataOnly",
        "S3DestinationDescription": new_s3(given["S3Configuration"], extended=False),
    }
    if given.get("RoleARN") is not None:
        stored["RoleARN"] = given["RoleARN"]
    processing = new_processing(given.get("ProcessingConfiguration"), given.get("RoleARN"), delimits=False)
    if processing is not None:
        stored["ProcessingConfiguration"] = processing
    if given.get("SecretsManagerConfiguration") is not None:
        stored["SecretsManagerConfiguration"] = dict(given["SecretsManagerConfiguration"])
    _check(stored, outbound)
    return stored


def _request(given: Json | None) -> Json:
    given = given or {}
    request: Json = {"ContentEncoding": given.get("ContentEncoding") or "NONE"}
    request["CommonAttributes"] = copy.deepcopy(given.get("CommonAttributes") or [])
    return request


def _check(stored: Json, outbound: Outbound) -> None:
    check_unpartitioned(stored)
    check_hints(stored["BufferingHints"], LARGEST_MB, 0)
    check_logging(stored["CloudWatchLoggingOptions"])
    url = urlsplit(stored["EndpointConfiguration"]["Url"])
    # AWS takes https only; plain http is what local receivers speak.
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and outbound.reaches(url.hostname))):
        raise invalid(
            "The endpoint URL must begin with https://, or with http:// and name this machine or an allowed host."
        )
    names = [a["AttributeName"] for a in stored["RequestConfiguration"]["CommonAttributes"]]
    if len(names) != len(set(names)):
        raise invalid("CommonAttributes must have unique names.")
    if (stored.get("SecretsManagerConfiguration") or {}).get("Enabled"):
        raise NotEmulated("firehose", "SecretsManagerConfiguration (enabled)")


def describe_http(stored: Json) -> Json:
    """HttpEndpointDestinationDescription: everything but the access key."""
    description = copy.deepcopy(stored)
    description["EndpointConfiguration"].pop("AccessKey", None)
    description["S3DestinationDescription"] = legacy(stored["S3DestinationDescription"])
    return {"HttpEndpointDestinationDescription": description}


def update_http(stored: Json, update: Json, outbound: Outbound) -> Json:
    """A new stored destination: `update` merged into `stored` per member, ProcessingConfiguration replaced (A15).

    Raises InvalidArgumentException, NotEmulated.
    """
    new = copy.deepcopy(stored)
    for member in ("EndpointConfiguration", "SecretsManagerConfiguration"):
        if update.get(member) is not None:
            new[member] = dict(update[member])
    for member in ("BufferingHints", "CloudWatchLoggingOptions", "RequestConfiguration", "RetryOptions"):
        new[member] = {**stored[member], **copy.deepcopy(update.get(member) or {})}
    for member in ("RoleARN", "S3BackupMode"):
        if update.get(member) is not None:
            new[member] = update[member]
    if update.get("ProcessingConfiguration") is not None:
        new["ProcessingConfiguration"] = new_processing(
            update["ProcessingConfiguration"], new.get("RoleARN"), delimits=False
        )
    if update.get("S3Update") is not None:
        new["S3DestinationDescription"] = update_s3(stored["S3DestinationDescription"], update["S3Update"])
    _check(new, outbound)
    return new
