"""The handle that the tests of an applied stack hold: its outputs, its URLs, its buckets, its logs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from harness.json_object import Json
from harness.testing.stack import Stack
from tests.conftest import Aws

_POSTERS = 4


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status and its body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Deployed(Stack):
    """A stack on an emulator, with what every system's tests ask."""

    aws: Aws

    def post(
        self, url: str, body: Any, content_type: str = "application/json", authorization: str | None = None
    ) -> httpx.Response:
        """POST one body: bytes as they are, anything else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": content_type}
        if authorization is not None:
            headers["Authorization"] = authorization
        return self.aws.http.post(url, content=content, headers=headers)

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
