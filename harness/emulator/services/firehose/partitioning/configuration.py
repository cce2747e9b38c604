"""DynamicPartitioningConfiguration: what must hold for it, and what without it (A3, A13).

Texts of refusals: AWS's own, as aws-cdk and others recorded them; that of an update is not known.
"""

from __future__ import annotations

import copy

from harness.emulator.services.firehose.destinations.prefix import LAMBDA, QUERY, parse_prefix
from harness.emulator.services.firehose.errors import invalid
from harness.emulator.services.firehose.partitioning.metadata_extraction import query_keys
from harness.emulator.services.firehose.processing.configuration import active_processors
from harness.emulator.services.firehose.processing.processors import DEAGGREGATION, EXTRACTION
from harness.json_object import Json

DEFAULT_RETRY_SECONDS = 300
_CLASS = "class com.amazonaws.services.firehose.internal.model"


def is_partitioned(destination: Json) -> bool:
    """Whether dynamic partitioning is on, for a stored destination or a configuration."""
    return bool((destination.get("DynamicPartitioningConfiguration") or {}).get("Enabled"))


def new_partitioning(given: Json) -> Json:
    """The block as stored."""
    stored: Json = {"Enabled": bool(given.get("Enabled"))}
    retry = given.get("RetryOptions") or {}
    if stored["Enabled"] or retry:
        stored["RetryOptions"] = {"DurationInSeconds": DEFAULT_RETRY_SECONDS, **retry}
    return stored


def update_partitioning(stored: Json, update: Json) -> Json:
    """The block after an update of the destination `stored`. Raises InvalidArgumentException: it is on from the
    creation, or never."""
    old: Json = stored.get("DynamicPartitioningConfiguration") or {"Enabled": False}
    new = {**copy.deepcopy(old), **copy.deepcopy(update)}
    if bool(new["Enabled"]) != old["Enabled"]:
        raise invalid("Dynamic Partitioning can only be enabled when a Firehose is created, and not be disabled.")
    return new_partitioning(new)


def check_partitioning(stored: Json) -> None:
    """The rules between partitioning, prefix, processors and hints. Raises InvalidArgumentException.

    The prefixes have been checked before.
    """
    processors = active_processors(stored)
    prefix = parse_prefix(stored.get("Prefix") or "")
    from_query, from_lambda = prefix.keys(QUERY), prefix.keys(LAMBDA)
    if not is_partitioned(stored):
        if from_query or from_lambda:
            raise invalid(
                "Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is "
                "enabled."
            )
        check_unpartitioned(stored)
        return
    if stored["BufferingHints"]["SizeInMBs"] < 64:
        raise invalid("BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.")
    if stored["BufferingHints"]["IntervalInSeconds"] < 60:
        raise invalid(
            "BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled."
        )
    if not stored.get("ErrorOutputPrefix"):
        raise invalid("ErrorOutputPrefix cannot be null or empty when Dynamic Partitioning is enabled.")
    if not (from_query or from_lambda):
        raise invalid("S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled")
    if not processors:
        raise invalid("Processing Configuration is not enabled when DataPartitioning is enabled")
    if from_lambda and "Lambda" not in processors:
        raise invalid("Lambda should be present when S3 Prefix contains keys from partitionKeyFromLambda namespace")
    if from_query and EXTRACTION not in processors:
        raise invalid(
            "MetadataExtraction processor should be present when S3 Prefix has partitionKeyFromQuery namespace"
        )
    if EXTRACTION in processors:
        named = query_keys(processors[EXTRACTION]["MetadataExtractionQuery"])
        if named is not None and not named <= from_query:
            raise invalid(
                "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression"
            )


def check_unpartitioned(stored: Json) -> None:
    """Processors that need dynamic partitioning, at a destination without it. Raises InvalidArgumentException."""
    for kind in (EXTRACTION, DEAGGREGATION):
        if kind in active_processors(stored):
            raise invalid(f"{_CLASS}.{kind}Processor can only be present when Dynamic Partitioning is enabled.")
