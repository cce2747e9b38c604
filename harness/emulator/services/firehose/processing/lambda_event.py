"""The event that a Lambda processor gets (A8), built as text: an object per record would cost too much."""

from __future__ import annotations

from binascii import b2a_base64

import orjson

from harness.emulator.services.firehose.model import DeliveryStream
from harness.emulator.services.firehose.processing.preparation import splits_records
from harness.emulator.services.firehose.record import Record, number_of, position_of

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a Lambda request payload."""

# Bytes of JSON per record beside its data: measured from the texts below, with room for a long partition key.
OVERHEAD_DIRECT = 150
OVERHEAD_KINESIS = 640


def record_ids(stream: DeliveryStream, records: list[Record]) -> list[str]:
    """The ids that Lambda sees: 56 digits and six more. The same for every attempt.

    A Kinesis record's id comes from its sequence number and its place in a KPL aggregate.
    """
    if stream.source is None:
        base = stream.record_id_base
        return [f"{base}{number:010d}000000" for number in map(number_of, records)]
    places = [(number_of(record), position) for record in records if (position := position_of(record)) is not None]
    if splits_records(stream.destination):
        # Sub-records of one Kinesis record share its position: their numbers tell them apart.
        return [f"{sequence}{index:06d}{number:010d}" for number, (sequence, index, _key, _shard) in places]
    return [f"{sequence}{index:06d}" for _number, (sequence, index, _key, _shard) in places]


def build_event(stream: DeliveryStream, records: list[Record], ids: list[str], invocation_id: str) -> bytes:
    """The event as JSON, keys in AWS's order; arrival times are integer milliseconds."""
    source = ""
    if stream.source is not None:
        source = f'"sourceKinesisStreamArn":"{stream.source["KinesisStreamARN"]}",'
        texts = [_kinesis_record(record, record_id) for record, record_id in zip(records, ids, strict=True)]
    else:
        texts = [
            f'{{"recordId":"{record_id}","approximateArrivalTimestamp":{arrival},'
            f'"data":"{b2a_base64(data, newline=False).decode()}"}}'
            for (_number, arrival, data, _position, _received), record_id in zip(records, ids, strict=True)
        ]
    return (
        f'{{"invocationId":"{invocation_id}",{source}"deliveryStreamArn":"{stream.arn}",'
        f'"region":"{stream.region}","records":[{",".join(texts)}]}}'
    ).encode()


def _kinesis_record(record: Record, record_id: str) -> str:
    _number, arrival, data, position, _received = record
    assert position is not None
    sequence, child, partition_key, shard = position
    key = orjson.dumps(partition_key).decode()
    return (
        f'{{"recordId":"{record_id}","approximateArrivalTimestamp":{arrival},'
        f'"data":"{b2a_base64(data, newline=False).decode()}","kinesisRecordMetadata":'
        f'{{"sequenceNumber":"{sequence}","subsequenceNumber":{child},"partitionKey":{key},'
        f'"shardId":"{shard}","approximateArrivalTimestamp":{arrival}}}}}'
    )
