"""What happens to a record before the Lambda processor: decompression, message extraction, de-aggregation (A7).

The order is fixed, however the processors were declared. The source backup has the records from before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.emulator.services.firehose.processing.cloudwatch_logs import NotCloudWatchLogs, unpack
from harness.emulator.services.firehose.processing.configuration import active_processors
from harness.emulator.services.firehose.processing.processors import CLOUDWATCH_LOGS, DEAGGREGATION, DECOMPRESSION
from harness.emulator.services.firehose.processing.sub_records import Split, splitter
from harness.emulator.services.firehose.record import Record
from harness.json_object import Json


@dataclass(slots=True)
class Prepared:
    """Records for the next step, and records that are not what CloudWatch Logs sends.

    `parts` tells which became several: number of the whole, first number and end of its parts, and so on.
    """

    records: list[Record]
    failed: list[Record]
    parts: list[int]


class Preparation:
    """The processors of one delivery stream that come before Lambda."""

    def __init__(self, *, decompress: bool, extract: bool, split: Split | None) -> None:
        self._decompress = decompress
        self._extract = extract
        self._split = split

    def run(self, records: list[Record], new_number: Callable[[], int]) -> Prepared:
        """Prepare `records`; a sub-record gets a number of its own.

        An unpacked record remembers what arrived. A sub-record does not: it is a record in its own right from here on.
        """
        done: list[Record] = []
        failed: list[Record] = []
        numbers: list[int] = []
        for record in records:
            number, arrival, data, position, received = record
            if self._decompress:
                received = data
                try:
                    data = unpack(received, extract=self._extract)
                except NotCloudWatchLogs:
                    failed.append(record)
                    continue
            parts = [data] if self._split is None else self._split(data)
            if parts == [data]:
                done.append((number, arrival, data, position, received))
                continue
            fresh = [new_number() for _ in parts]
            done += [(new, arrival, part, position, None) for new, part in zip(fresh, parts, strict=True)]
            numbers += (number, fresh[0], fresh[-1] + 1)
        return Prepared(done, failed, numbers)


def preparation(destination: Json) -> Preparation | None:
    """The preparation that is in force; None when there is nothing to do."""
    processors = active_processors(destination)
    decompress = DECOMPRESSION in processors
    split = splitter(processors[DEAGGREGATION]) if DEAGGREGATION in processors else None
    if not decompress and split is None:
        return None
    extract = processors.get(CLOUDWATCH_LOGS, {}).get("DataMessageExtraction", "").lower() == "true"
    return Preparation(decompress=decompress, extract=extract, split=split)


def decompresses(destination: Json) -> bool:
    """Whether records have to come from CloudWatch Logs."""
    return DECOMPRESSION in active_processors(destination)


def splits_records(destination: Json) -> bool:
    """Whether one record of the source may become several."""
    return DEAGGREGATION in active_processors(destination)
