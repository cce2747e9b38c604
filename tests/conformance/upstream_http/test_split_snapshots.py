"""Snapshots of a world that has an endpoint behind it: what is here, and only when the caller says so."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import Callable
from typing import Any

import pytest

from harness.emulator.build import build_world
from tests.conformance.upstream_http.test_split import (
    ALL_BUT_S3,
    FIREHOSE_ONLY,
    PIPELINE,
    behind,
    destination,
    objects,
)

Front = Callable[[str], Any]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_half_a_state_is_refused(front: Front, method: str) -> None:
    """Law 1: half a state is no state, and the sentence tells how to ask for it."""
    aws = front(FIREHOSE_ONLY)
    aws.admin("PUT", "snapshots/half?part=here")
    answer = aws.http.request(method, "/_harness/snapshots/half")
    assert answer.status_code == 409
    assert "upstream" in answer.json()["message"] and "?part=here" in answer.json()["message"]


@pytest.mark.parametrize("part", ["there", "", "here&part=here"])
def test_other_parts_are_unknown(front: Front, part: str) -> None:
    answer = front(FIREHOSE_ONLY).http.put(f"/_harness/snapshots/half?part={part}")
    assert answer.status_code == 400 and "part must be here" in answer.json()["message"]


def test_what_is_here_comes_back_and_what_is_behind_stays(front: Front, moto_url: str) -> None:
    """Streams, delivery streams, buffered records and the time are as saved; the bucket behind is as it is now."""
    aws = front(PIPELINE)
    firehose, kinesis = aws.client("firehose"), aws.client("kinesis")
    aws.client("s3").create_bucket(Bucket="halves")
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    firehose.create_delivery_stream(
        DeliveryStreamName="halves", ExtendedS3DestinationConfiguration=destination("halves")
    )
    firehose.put_record(DeliveryStreamName="halves", Record={"Data": b"buffered"})
    saved = aws.now()
    aws.admin("PUT", "snapshots/half?part=here")

    kinesis.create_stream(StreamName="later", ShardCount=1)
    kinesis.delete_stream(StreamName="kept")
    aws.settle()
    assert objects(behind(moto_url, "s3"), "halves") == [b"buffered"]

    restored = aws.admin("POST", "snapshots/half?part=here")
    assert (restored["clock"]["now"], aws.now()) == (saved, saved)
    assert kinesis.list_streams()["StreamNames"] == ["kept"]
    assert objects(behind(moto_url, "s3"), "halves") == [b"buffered"], "what is behind is as it is"
    for found in behind(moto_url, "s3").list_objects_v2(Bucket="halves")["Contents"]:
        behind(moto_url, "s3").delete_object(Bucket="halves", Key=found["Key"])
    aws.settle()
    assert objects(behind(moto_url, "s3"), "halves") == [b"buffered"], "the record that was buffered when it was saved"


def test_what_moto_serves_here_is_part_of_it(front: Front) -> None:
    """A queue that is here belongs to the half that is here."""
    aws = front(ALL_BUT_S3)
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="before")
    aws.admin("PUT", "snapshots/half?part=here")
    sqs.purge_queue(QueueUrl=url)
    sqs.create_queue(QueueName="later")
    aws.admin("POST", "snapshots/half?part=here")
    assert sqs.list_queues()["QueueUrls"] == [url]
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["before"]


@pytest.mark.parametrize("native", ["firehose", "firehose,kinesis"])
def test_another_half_does_not_fit(native: str) -> None:
    """A snapshot of other services than are here is refused, and that of a whole world."""

    async def restore() -> None:
        world = build_world(upstream="http://127.0.0.1:1", native="firehose,sqs")
        for other in (build_world(), build_world(upstream="http://127.0.0.1:1", native=native)):
            with pytest.raises(ValueError, match="and here are firehose, sqs"):
                await world.restore(other.dump())

    asyncio.run(restore())


def test_a_whole_world_is_all_here(aws: Any) -> None:
    """Without an endpoint behind, the part that is here is everything."""
    assert aws.http.put("/_harness/snapshots/whole?part=here").status_code == 200
    assert aws.http.post("/_harness/snapshots/whole").status_code == 200
    aws.admin("DELETE", "snapshots/whole")


class _TakesAllForObjects(http.server.BaseHTTPRequestHandler):
    """As LocalStack 4 does: it has no reset of its own, takes ours for a request to S3, and empties only its moto."""

    def do_GET(self) -> None:
        self._answer(b'{"services": {"s3": "running"}}')

    def do_POST(self) -> None:
        self._answer(
            b"" if self.path != "/moto-api/reset" else b'{"status": "ok"}', 404 if "_local" in self.path else 200
        )

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


def test_a_reset_that_would_be_half_done_is_refused(emulators: Callable[[str, str], Any]) -> None:
    """An answer of 200 is no proof that everything behind is gone; what is here goes when it is asked for alone."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _TakesAllForObjects) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        aws = emulators(f"http://127.0.0.1:{server.server_address[1]}", PIPELINE)
        aws.client("kinesis").create_stream(StreamName="kept", ShardCount=1)
        answer = aws.http.post("/_harness/reset")
        assert answer.status_code == 409 and "has no way to be emptied" in answer.json()["message"]
        assert aws.client("kinesis").list_streams()["StreamNames"] == ["kept"]
        aws.admin("POST", "reset?part=here")
        assert aws.client("kinesis").list_streams()["StreamNames"] == []
        server.shutdown()
