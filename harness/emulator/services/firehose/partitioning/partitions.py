"""Dynamic partitioning at work: which partition a record belongs to, and how many partitions there are (A13)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from harness.emulator.services.firehose.destinations.prefix import (
    LAMBDA,
    MAX_EVALUATED,
    QUERY,
    TOO_LONG,
    Prefix,
    name_partition,
    parse_prefix,
    partition_prefix,
)
from harness.emulator.services.firehose.partitioning.jq_process import Found
from harness.emulator.services.firehose.processing.configuration import active_processors
from harness.emulator.services.firehose.processing.lambda_answer import Keys
from harness.emulator.services.firehose.processing.processors import EXTRACTION
from harness.emulator.services.firehose.reason import Reason
from harness.emulator.services.firehose.record import Record
from harness.emulator.services.firehose.stage import Stage
from harness.json_object import Json

ACTIVE_LIMIT = 500
"""Partitions with records on their way, of one delivery stream."""

_FAILED = "DynamicPartitioning.MetadataExtractionFailed"
NO_VALUE = Reason(_FAILED, "partitionKeys values must not be null or empty")
LIMIT_EXCEEDED = Reason(
    "DynamicPartitioning.ActivePartitionsLimitExceeded",
    "The number of active partitions has exceeded the configured limit",
)


@dataclass(slots=True)
class Placed:
    """Records by the name of their partition, and records without one."""

    partitions: dict[str, list[Record]] = field(default_factory=dict)
    failed: list[tuple[Record, Reason]] = field(default_factory=list)

    def add(self, partition: str, record: Record) -> None:
        group = self.partitions.get(partition)
        if group is None:
            self.partitions[partition] = [record]
        else:
            group.append(record)


def folder_prefix(partition: str) -> Prefix:
    """The prefix of a partition's objects."""
    return partition_prefix(partition)


def extraction_query(destination: Json) -> str | None:
    """The query of the MetadataExtraction processor that is in force, if there is one."""
    processors = active_processors(destination)
    return processors[EXTRACTION]["MetadataExtractionQuery"] if EXTRACTION in processors else None


@dataclass(slots=True, frozen=True)
class Extraction:
    """What the query of one partitioning gave for a list of records; None where it has no query."""

    partitioning: Partitioning
    found: list[Found] | None


class Partitioning:
    """The prefix of one delivery stream, with the keys that it needs from jq and from Lambda."""

    def __init__(self, destination: Json) -> None:
        self._prefix = parse_prefix(destination["Prefix"])
        self._room = MAX_EVALUATED - self._prefix.longest()
        self._from_query = self._prefix.keys(QUERY)
        self._from_lambda = self._prefix.keys(LAMBDA)
        self.query: str | None = extraction_query(destination)
        """What jq makes partition keys by; None where Lambda's are all."""

    def place(self, records: list[Record], keys: list[Keys] | None, extracted: list[Found] | None) -> Placed:
        """Each record's partition. `keys` are what Lambda gave for each of them, None without Lambda; `extracted` what
        the query gave, None without one."""
        placed = Placed()
        for index, record in enumerate(records):
            found = self._name(
                keys[index] if keys is not None else {}, extracted[index] if extracted is not None else {}
            )
            if isinstance(found, str):
                placed.add(found, record)
            else:
                placed.failed.append((record, found))
        return placed

    def _name(self, from_lambda: Keys, from_query: Found) -> str | Reason:
        if isinstance(from_query, str):
            return Reason(_FAILED, from_query)
        values: dict[tuple[str, str], str] = {}
        length = 0
        for namespace, names, found in (
            (QUERY, self._from_query, from_query),
            (LAMBDA, self._from_lambda, from_lambda),
        ):
            for name in names:
                value = found.get(name)
                if not value:
                    return NO_VALUE
                if not isinstance(value, str):
                    return Reason(_FAILED, f"the value of partition key {name} is neither text nor a number")
                values[namespace, name] = value
                length += len(value)
        if length > self._room:
            return Reason(_FAILED, TOO_LONG)
        return name_partition(self._prefix, values)


class ActivePartitions:
    """Partitions that have a buffer or a batch on its way, by the names of their buffers."""

    def __init__(self) -> None:
        self._holders: Counter[Stage] = Counter()

    def __len__(self) -> int:
        return len(self._holders)

    def admits(self, stage: Stage) -> bool:
        """Whether a record may go to that partition: it is active, or there is room for one more."""
        return stage in self._holders or len(self._holders) < ACTIVE_LIMIT

    def begin(self, stage: Stage) -> None:
        """Something of the partition is held; other stages don't count."""
        if stage.partition_name is not None:
            self._holders[stage] += 1

    def end(self, stage: Stage) -> None:
        if stage in self._holders:
            self._holders[stage] -= 1
            if not self._holders[stage]:
                del self._holders[stage]
