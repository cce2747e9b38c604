"""Kinesis data streams and Firehose delivery streams."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark


class DeliveryStreams:
    noun = "delivery stream"
    types = frozenset({"aws_kinesis_firehose_delivery_stream"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        firehose = client_of("firehose")
        after: dict[str, str] = {}
        while True:
            page = firehose.list_delivery_streams(Limit=100, **after)
            names = page["DeliveryStreamNames"]
            for name in filter(mark.names, names):
                description = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
                if description["DeliveryStreamStatus"] != "DELETING":
                    yield name
            if not page["HasMoreDeliveryStreams"]:
                return
            after = {"ExclusiveStartDeliveryStreamName": names[-1]}

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("firehose").delete_delivery_stream(DeliveryStreamName=name, AllowForceDelete=True)


class DataStreams:
    noun = "data stream"
    types = frozenset({"aws_kinesis_stream"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        kinesis = client_of("kinesis")
        for page in kinesis.get_paginator("list_streams").paginate():
            for name in filter(mark.names, page["StreamNames"]):
                summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
                if summary["StreamStatus"] != "DELETING":
                    yield name

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("kinesis").delete_stream(StreamName=name, EnforceConsumerDeletion=True)
