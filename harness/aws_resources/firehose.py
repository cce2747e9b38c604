"""Firehose delivery streams."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from harness.aws_resources.kind import ClientOf, Found


class DeliveryStreams:
    service, noun = "firehose", "delivery stream"
    types = frozenset({"aws_kinesis_firehose_delivery_stream"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        firehose = client_of("firehose")
        after: dict[str, str] = {}
        while True:
            page = firehose.list_delivery_streams(Limit=100, **after)
            names = page["DeliveryStreamNames"]
            for name in names:
                yield Found(name, (name,), is_going=partial(_is_going, firehose, name))
            if not page["HasMoreDeliveryStreams"]:
                return
            after = {"ExclusiveStartDeliveryStreamName": names[-1]}

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("firehose").delete_delivery_stream(DeliveryStreamName=id, AllowForceDelete=True)


def _is_going(firehose: Any, name: str) -> bool:
    description = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    status: str = description["DeliveryStreamStatus"]
    return status == "DELETING"
