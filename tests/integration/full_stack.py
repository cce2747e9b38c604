"""The handle that the tests of the full stack hold: its outputs, its URLs, its buckets, its logs."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.testing.stack import Stack
from tests.conftest import Aws

Json = dict[str, Any]

SINK = "log-api.newrelic.com"
_POSTERS = 4


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status and its body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FullStack(Stack):
    """The full stack on this worker's emulator, as it was right after the apply. Time stands still."""

    aws: Aws

    def __init__(self, aws: Aws, outputs: Json) -> None:
        super().__init__(aws, outputs)
        self.submit: Json = self.outputs["submit"]
        self.iot: Json = self.outputs["iot"]
        self.log_relay: Json = self.outputs["log_relay"]
        self.events: Json = self.outputs["event_ingestion"]
        self.flows: dict[str, Json] = self.events["flows"]

    def post(self, url: str, body: Any, content_type: str = "application/json") -> httpx.Response:
        """POST one body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.aws.http.post(url, content=content, headers={"Content-Type": content_type})

    def post_all(self, url: str, bodies: Sequence[Any], content_type: str = "application/json") -> list[Answer]:
        """POST all bodies over a few keep-alive connections at once; the answers are in the bodies' order."""
        shares = [range(start, len(bodies), _POSTERS) for start in range(_POSTERS)]
        answers: dict[int, Answer] = {}
        place = urlsplit(url)

        def work(share: range) -> None:
            connection = http.client.HTTPConnection(place.netloc, timeout=60)
            for index in share:
                body = bodies[index]
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                connection.request("POST", place.path, content, {"Content-Type": content_type})
                answer = connection.getresponse()
                answers[index] = Answer(answer.status, answer.read())
            connection.close()

        with ThreadPoolExecutor(_POSTERS) as pool:
            list(pool.map(work, shares))
        return [answers[index] for index in range(len(bodies))]

    def put_records(self, stream: str, data: Sequence[bytes]) -> None:
        """PutRecords in calls of 500; every record must be taken."""
        kinesis = self.aws.client("kinesis")
        for start in range(0, len(data), 500):
            entries = [{"Data": each, "PartitionKey": f"key-{start}"} for each in data[start : start + 500]]
            assert kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"] == 0

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Key and content of every object below the prefix."""
        s3 = self.aws.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def lines(self, bucket: str, prefix: str = "") -> list[Json]:
        """Every line of every object below the prefix, as JSON."""
        return [json.loads(line) for content in self.objects(bucket, prefix).values() for line in content.splitlines()]

    def log(self, group: str) -> list[str]:
        """All messages of a log group, in order of time."""
        pages = self.aws.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        events = [event for page in pages for event in page["events"]]
        return [event["message"] for event in sorted(events, key=lambda event: event["timestamp"])]

    def deliveries(self) -> list[Json]:
        """The requests that the HTTP endpoint received, oldest first."""
        requests: list[Json] = self.aws.admin("GET", f"sinks/{SINK}")["requests"]
        return requests

    def answer_with(self, *answers: Json) -> None:
        """Script the HTTP endpoint: `{"status": 500, "times": 3}`; afterwards it acknowledges."""
        self.aws.admin("PUT", f"sinks/{SINK}", {"answers": list(answers)})

    def processed(self, event_type: str) -> list[Json]:
        """The events that a processor logged as processed, retries included."""
        pattern = re.compile(rf"Processed {event_type} \d+ (\{{.*\}})")
        found = map(pattern.search, self.log(self.flows[event_type]["processor_log_group_name"]))
        return [json.loads(match[1]) for match in found if match]

    def dead_letters(self, event_type: str) -> list[Json]:
        """The bodies of all messages in the dead-letter queue, taken out of it."""
        sqs, url = self.aws.client("sqs"), self.flows[event_type]["dlq_url"]
        bodies: list[Json] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies


def data_of(deliveries: Iterable[Json]) -> list[str]:
    """The base64 data of every record in the HTTP endpoint's requests."""
    return [record["data"] for delivery in deliveries for record in json.loads(delivery["body"])["records"]]
