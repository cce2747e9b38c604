"""Where records go in: a Kinesis stream, a delivery stream, a URL.

Each delivers a batch and says for every record what is known of it. None of them tries again: that would turn one
record into several, and is for the caller to decide. boto3 does by default; make clients with `aws_client`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.clients import KEY, local_session
from harness.json_object import Json
from harness.ledger.outcome import Outcome, of_entry, of_error

_POSTERS = 8
_TIMEOUT_SECONDS = 65.0
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way: its bytes, and the partition key where there is one."""

    data: bytes
    key: str


class EntryPoint(Protocol):
    """A place where records go in."""

    @property
    def name(self) -> str: ...

    @property
    def most_records(self) -> int:
        """Records of one batch."""

    @property
    def most_bytes(self) -> int:
        """Bytes of one batch, keys included."""

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        """Send a batch; one outcome per record, in order. Raises nothing that the wire can bring about."""


@dataclass(frozen=True)
class KinesisEntry:
    """PutRecords, or PutRecord for a batch of one. `kinesis` is a boto3 client (limits: B2)."""

    kinesis: Any
    stream: str
    most_records: int = 500
    most_bytes: int = 5 * 1024 * 1024

    @property
    def name(self) -> str:
        return f"kinesis:{self.stream}"

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        entries = [{"Data": record.data, "PartitionKey": record.key} for record in batch]
        try:
            if len(entries) == 1:
                return [of_entry(self.kinesis.put_record(StreamName=self.stream, **entries[0]))]
            answer = self.kinesis.put_records(StreamName=self.stream, Records=entries)
            return [of_entry(entry) for entry in answer["Records"]]
        except Exception as error:
            return [of_error(error, tries_again(self.kinesis))] * len(batch)


@dataclass(frozen=True)
class FirehoseEntry:
    """PutRecordBatch, or PutRecord for a batch of one. `firehose` is a boto3 client (limits: A5)."""

    firehose: Any
    stream: str
    most_records: int = 500
    most_bytes: int = 4 * 1024 * 1024

    @property
    def name(self) -> str:
        return f"firehose:{self.stream}"

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        entries = [{"Data": record.data} for record in batch]
        try:
            if len(entries) == 1:
                return [of_entry(self.firehose.put_record(DeliveryStreamName=self.stream, Record=entries[0]))]
            answer = self.firehose.put_record_batch(DeliveryStreamName=self.stream, Records=entries)
            return [of_entry(entry) for entry in answer["RequestResponses"]]
        except Exception as error:
            return [of_error(error, tries_again(self.firehose))] * len(batch)


@dataclass(frozen=True)
class HttpEntry:
    """A POST per record, a few at once; any URL that API Gateway serves.

    With `envelope` a whole batch is one POST of what it returns, and the answer must be that of PutRecords or
    PutRecordBatch, as an integration passes it on.
    """

    url: str
    headers: Json = field(default_factory=lambda: {"Content-Type": "application/json"})
    envelope: Callable[[Sequence[Outgoing]], bytes] | None = None
    most_records: int = 500
    most_bytes: int = 4 * 1024 * 1024

    @property
    def name(self) -> str:
        return self.url

    def deliver(self, batch: Sequence[Outgoing]) -> list[Outcome]:
        import httpx  # here, because it takes long to import

        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            if self.envelope is not None:
                return self._deliver_envelope(client, self.envelope(batch), len(batch))
            with ThreadPoolExecutor(min(_POSTERS, max(1, len(batch)))) as pool:
                return list(pool.map(lambda record: self._post(client, record.data)[0], batch))

    def _deliver_envelope(self, client: Any, body: bytes, count: int) -> list[Outcome]:
        outcome, answer = self._post(client, body)
        if outcome.status != "acknowledged":
            return [outcome] * count
        entries = answer.get("Records", answer.get("RequestResponses"))
        if not isinstance(entries, list) or len(entries) != count:
            return [Outcome("unknown", "NoEntries", "the answer does not tell what became of each record")] * count
        return [of_entry(entry) for entry in entries]

    def _post(self, client: Any, body: bytes) -> tuple[Outcome, Json]:
        import httpx

        try:
            response = client.post(self.url, content=body, headers=self.headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            return Outcome("refused", type(error).__name__, str(error)), {}
        except (httpx.HTTPError, OSError) as error:
            return Outcome("unknown", type(error).__name__, str(error)), {}
        try:
            answer = response.json()
        except ValueError:
            answer = None
        members: Json = answer if isinstance(answer, dict) else {}
        if response.is_success:
            # A Lambda behind the URL may say it in its own words.
            shard = members.get("ShardId") or members.get("shardId") or ""
            sequence = members.get("SequenceNumber") or members.get("sequenceNumber") or ""
            return Outcome("acknowledged", shard=str(shard), sequence=str(sequence)), members
        code, message = f"Http{response.status_code}", response.text[:_SHOWN]
        if response.status_code == 429:
            return Outcome("throttled", code, message), {}
        return Outcome("refused" if response.is_client_error else "unknown", code, message), {}


def json_envelope(batch: Sequence[Outgoing]) -> bytes:
    """`{"records": [{"data": "<text>", "partitionKey": "<key>"}]}`, which the event ingestion's batch URLs take."""
    records = [{"data": record.data.decode(), "partitionKey": record.key} for record in batch]
    return json.dumps({"records": records}).encode()


def tries_again(client: Any) -> bool:
    """Whether a boto3 client sends a request again by itself."""
    retries = client.meta.config.retries or {}
    return retries.get("total_max_attempts") != 1


def aws_client(service: str, endpoint_url: str | None, region: str | None = None) -> Any:
    """A boto3 client that never tries again. Without an endpoint it talks to AWS with the user's own credentials; with
    one it signs with the key `test` unless the environment names another."""
    import os

    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, s3={"addressing_style": "path"})
    if endpoint_url is None:
        return boto3.client(service, config=config, **({"region_name": region} if region is not None else {}))
    session = local_session(
        region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        os.environ.get("AWS_ACCESS_KEY_ID", KEY),
        os.environ.get("AWS_SECRET_ACCESS_KEY", KEY),
    )
    return session.client(service, config=config, endpoint_url=endpoint_url)
