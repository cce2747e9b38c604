"""Kinesis data streams."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from harness.aws_resources.kind import ClientOf, Found


class DataStreams:
    service, noun = "kinesis", "data stream"
    types = frozenset({"aws_kinesis_stream"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        kinesis = client_of("kinesis")
        for page in kinesis.get_paginator("list_streams").paginate():
            for name in page["StreamNames"]:
                yield Found(name, (name,), is_going=partial(_is_going, kinesis, name))

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("kinesis").delete_stream(StreamName=id, EnforceConsumerDeletion=True)


def _is_going(kinesis: Any, name: str) -> bool:
    status: str = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"]
    return status == "DELETING"
