"""`--state-dir` (design law 4): real emulators, killed with SIGKILL under load; what they acknowledged is there again.

Duplicates are allowed (a crash may come between an effect and its answer), losses are not. A failure shows the seed.
"""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BOUND = 60.0  # real seconds after which a test gives up
ROLE = "arn:aws:iam::000000000000:role/r"
HANDLER = """
import base64, os, urllib.request

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"

def handler(event, context):
    for record in event["Records"]:
        name = base64.b64decode(record["kinesis"]["data"]).decode()
        url = os.environ["AWS_ENDPOINT_URL"] + "/bucket/mapped/" + name
        headers = {"Content-Type": "text/plain", "Authorization": SIGNED}
        urllib.request.urlopen(urllib.request.Request(url, data=b"-", method="PUT", headers=headers)).read()
"""
# Runs the emulator with one function replaced, so that it dies at a place that a test names.
DYING = """
import os, signal, sys
from harness.emulator import durability
from harness.emulator.store import child, journal
from harness.emulator.__main__ import main

durability.JOURNAL_BYTES = 20_000

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def before(owner, name):
    setattr(owner, name, die)

def after(owner, name):
    work = getattr(owner, name)
    def run(*arguments, **named):
        work(*arguments, **named)
        die()
    setattr(owner, name, run)

{where}
sys.exit(main(sys.argv[1:]))
"""


class Emulator:
    """An emulator process on a state folder, and clients for it."""

    def __init__(self, state: Path, *, script: str | None = None) -> None:
        how = ["-c", script] if script else ["-m", "harness.emulator"]
        arguments = ["--port", "0", "--clock", "manual", "--seed", "5", "--state-dir", str(state)]
        self.process = subprocess.Popen(
            [sys.executable, *how, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        self.ready = self.process.stdout.readline()
        self.url = self.ready.split()[1] if self.ready else ""
        self.said: list[str] = []
        self._listener = threading.Thread(target=lambda: self.said.extend(self.process.stderr or ()), daemon=True)
        self._listener.start()

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"max_attempts": 0, "mode": "standard"}, read_timeout=BOUND, s3={"addressing_style": "path"}
            ),
        )

    def settle(self) -> None:
        answer = httpx.post(f"{self.url}/_harness/clock/settle", json={}, timeout=BOUND).json()
        assert answer["settled"], answer

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.gone()

    def gone(self) -> int:
        code = self.process.wait(BOUND)
        self._listener.join(BOUND)
        assert self.process.stdout is not None and self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Emulator]]:
    """Starts an emulator on the test's state folder."""
    started: list[Emulator] = []

    def begin(**options: Any) -> Emulator:
        started.append(Emulator(tmp_path / "state", **options))
        return started[-1]

    yield begin
    for each in started:
        if each.process.poll() is None:
            each.kill()


def package() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("main.py", HANDLER)
    return out.getvalue()


def topology(emulator: Emulator) -> None:
    """A stream with a mapping and a delivery stream on it, a Direct PUT delivery stream, a bucket, a queue."""
    kinesis, firehose, function = emulator.client("kinesis"), emulator.client("firehose"), emulator.client("lambda")
    emulator.client("s3").create_bucket(Bucket="bucket")
    emulator.client("sqs").create_queue(QueueName="queue")
    kinesis.create_stream(StreamName="stream", ShardCount=2)
    arn = kinesis.describe_stream_summary(StreamName="stream")["StreamDescriptionSummary"]["StreamARN"]
    for name, source in (("direct", None), ("reading", arn)):
        more: dict[str, Any] = {}
        if source is not None:
            more = {
                "DeliveryStreamType": "KinesisStreamAsSource",
                "KinesisStreamSourceConfiguration": {"KinesisStreamARN": arn, "RoleARN": ROLE},
            }
        firehose.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration={
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::bucket",
                "Prefix": f"{name}/",
                "ErrorOutputPrefix": "errors/",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            },
            **more,
        )
    function.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=ROLE,
        Handler="main.handler",
        Code={"ZipFile": package()},
        Timeout=int(BOUND),
    )
    function.create_event_source_mapping(
        FunctionName="f", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", BatchSize=10
    )


class Load(threading.Thread):
    """Keeps putting records until the emulator is gone; remembers what was acknowledged, by service."""

    def __init__(self, emulator: Emulator, round_number: int, acknowledged: dict[str, set[str]]) -> None:
        super().__init__(daemon=True)
        self._clients = {name: emulator.client(name) for name in ("kinesis", "firehose", "s3", "sqs")}
        self._queue = self._clients["sqs"].get_queue_url(QueueName="queue")["QueueUrl"]
        self._round = round_number
        self._acknowledged = acknowledged
        self.failures: list[str] = []

    def run(self) -> None:
        number = 0
        while True:
            number += 1
            for service in ("kinesis", "firehose", "s3", "sqs"):
                ids = [f"r{self._round}-{number}-{place}" for place in range(3)]
                try:
                    getattr(self, f"_{service}")(ids)
                except ClientError as error:
                    self.failures.append(str(error))
                    return
                except (BotoCoreError, OSError):
                    return
                self._acknowledged.setdefault(service, set()).update(ids)

    def _kinesis(self, ids: list[str]) -> None:
        records = [{"Data": name.encode(), "PartitionKey": name} for name in ids]
        answer = self._clients["kinesis"].put_records(StreamName="stream", Records=records)
        assert answer["FailedRecordCount"] == 0

    def _firehose(self, ids: list[str]) -> None:
        # Half a buffer each time: some batches leave for S3 while the load runs.
        records = [{"Data": f"{name} {'x' * 100_000}\n".encode()} for name in ids]
        answer = self._clients["firehose"].put_record_batch(DeliveryStreamName="direct", Records=records)
        assert answer["FailedPutCount"] == 0

    def _s3(self, ids: list[str]) -> None:
        for name in ids:
            self._clients["s3"].put_object(Bucket="bucket", Key=f"put/{name}", Body=name.encode())

    def _sqs(self, ids: list[str]) -> None:
        for name in ids:
            self._clients["sqs"].send_message(QueueUrl=self._queue, MessageBody=name)


def objects(emulator: Emulator, prefix: str) -> dict[str, str]:
    s3 = emulator.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix=prefix)
    names = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {name: s3.get_object(Bucket="bucket", Key=name)["Body"].read().decode() for name in names}


def in_stream(emulator: Emulator) -> list[tuple[str, str]]:
    """(sequence number, data) of all records."""
    kinesis, found = emulator.client("kinesis"), []
    for shard in kinesis.list_shards(StreamName="stream")["Shards"]:
        place = {"StreamName": "stream", "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            found += [(record["SequenceNumber"], record["Data"].decode()) for record in answer["Records"]]
            if not answer["Records"]:
                break
            iterator = answer["NextShardIterator"]
    return found


def in_queue(emulator: Emulator) -> set[str]:
    sqs = emulator.client("sqs")
    url, found = sqs.get_queue_url(QueueName="queue")["QueueUrl"], set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found |= {message["Body"] for message in messages}
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_under_load_nothing_acknowledged_is_lost(start: Callable[..., Emulator], seed: int) -> None:
    rng = random.Random(seed)
    acknowledged: dict[str, set[str]] = {}
    emulator = start()
    topology(emulator)
    for round_number in range(4):
        load = Load(emulator, round_number, acknowledged)
        load.start()
        load.join(rng.uniform(0.1, 1.5))
        assert load.is_alive(), load.failures
        emulator.kill()
        load.join(BOUND)
        assert load.failures == []
        emulator = start()
        assert emulator.ready, emulator.said
    emulator.settle()

    assert len(acknowledged["kinesis"]) > 10, f"seed {seed}: no load"
    records = in_stream(emulator)
    assert acknowledged["kinesis"] - {data for _, data in records} == set()
    assert len({number for number, _ in records}) == len(records), "sequence numbers are unique"
    put = {name.removeprefix("put/"): body for name, body in objects(emulator, "put/").items()}
    assert acknowledged["s3"] - {name for name, body in put.items() if name == body} == set()
    assert acknowledged["sqs"] - in_queue(emulator) == set()
    delivered = "".join(objects(emulator, "direct/").values())
    assert acknowledged["firehose"] - {line.split(" ")[0] for line in delivered.splitlines()} == set()
    # Both readers of the stream went on from their checkpoints.
    read = "".join(objects(emulator, "reading/").values())
    assert {name for name in acknowledged["kinesis"] if name not in read} == set()
    assert acknowledged["kinesis"] - {name.removeprefix("mapped/") for name in objects(emulator, "mapped/")} == set()
    assert emulator.end() == 0


def test_readers_go_on_from_their_checkpoints(start: Callable[..., Emulator]) -> None:
    """What was delivered before the kill is not delivered again; a buffer that waits is delivered after it."""
    emulator = start()
    topology(emulator)
    kinesis = emulator.client("kinesis")
    kinesis.put_record(StreamName="stream", Data=b"before", PartitionKey="k")
    emulator.settle()
    for name in objects(emulator, ""):
        emulator.client("s3").delete_object(Bucket="bucket", Key=name)
    kinesis.put_record(StreamName="stream", Data=b"buffered", PartitionKey="k")
    emulator.client("firehose").put_record(DeliveryStreamName="direct", Record={"Data": b"direct"})
    now = httpx.post(f"{emulator.url}/_harness/clock/advance", json={"seconds": 59}).json()["now"]
    assert list(objects(emulator, "")) == ["mapped/buffered"]
    emulator.kill()

    emulator = start()
    assert httpx.get(f"{emulator.url}/_harness/clock").json()["now"] == now
    httpx.post(f"{emulator.url}/_harness/clock/advance", json={"seconds": 0.5})
    assert list(objects(emulator, "")) == ["mapped/buffered"]
    httpx.post(f"{emulator.url}/_harness/clock/advance", json={"seconds": 1})
    assert sorted(objects(emulator, "").values()) == ["-", "buffered", "direct"]


def test_ids_do_not_repeat_after_crashes(start: Callable[..., Emulator]) -> None:
    """Not even those of calls that write nothing (law 3 would give the same seed the same ids)."""
    seen: list[str] = []
    for round_number in range(4):
        emulator = start()
        kinesis = emulator.client("kinesis")
        seen += [kinesis.list_streams()["ResponseMetadata"]["RequestId"] for _ in range(3)]
        if round_number == 1:
            assert emulator.end() == 0
        else:
            emulator.kill()
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("where", "files"),
    [
        ("before(journal.StateFolder, 'turn')", ["journal-0"]),
        ("after(journal.StateFolder, 'turn')", ["journal-0", "journal-1"]),
        ("after(child, 'start')", None),
        ("before(journal.StateFolder, 'adopt')", [".world.snapshot.1", "journal-0", "journal-1"]),
        ("after(os, 'replace')", ["journal-0", "journal-1", "world.snapshot"]),
        ("after(journal.StateFolder, 'adopt')", ["journal-1", "world.snapshot"]),
    ],
)
def test_killed_in_the_middle_of_a_snapshot(
    start: Callable[..., Emulator], tmp_path: Path, where: str, files: list[str] | None
) -> None:
    emulator = start(script=DYING.format(where=where))
    emulator.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    emulator.client("sqs").create_queue(QueueName="queue")
    acknowledged = put_until_it_dies(emulator)
    assert emulator.gone() == -signal.SIGKILL
    if files is not None:
        found = sorted(path.name for path in (tmp_path / "state").iterdir())
        assert [name for name in found if name not in ("lock", "reserve")] == files

    emulator = start()
    assert emulator.ready, emulator.said
    assert acknowledged - {data for _, data in in_stream(emulator)} == set()
    assert len(acknowledged) > 20
    assert emulator.end() == 0
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["lock", "world.snapshot"]


def put_until_it_dies(emulator: Emulator) -> set[str]:
    kinesis, acknowledged = emulator.client("kinesis"), set()
    for number in range(10_000):
        try:
            kinesis.put_record(StreamName="stream", Data=f"{number} {'x' * 500}".encode(), PartitionKey="k")
        except (BotoCoreError, OSError):
            break
        acknowledged.add(f"{number} {'x' * 500}")
    return acknowledged


def test_the_load_goes_on_while_snapshots_are_written(start: Callable[..., Emulator], tmp_path: Path) -> None:
    emulator = start(script=DYING.format(where=""))
    emulator.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    kinesis, sent = emulator.client("kinesis"), []
    for number in range(400):
        sent.append(f"{number} {'x' * 500}")
        kinesis.put_record(StreamName="stream", Data=sent[-1].encode(), PartitionKey="k")
    emulator.kill()
    generation = max(int(path.name[8:]) for path in (tmp_path / "state").glob("journal-*"))
    assert generation >= 2, emulator.said
    emulator = start()
    assert [data for _, data in in_stream(emulator)] == sent


def test_a_torn_tail_is_dropped_with_a_line(start: Callable[..., Emulator], tmp_path: Path) -> None:
    emulator = start()
    emulator.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    emulator.client("kinesis").put_record(StreamName="stream", Data=b"kept", PartitionKey="k")
    emulator.kill()
    journal = tmp_path / "state" / "journal-0"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole[-30:-3][:10])
    emulator = start()
    assert [data for _, data in in_stream(emulator)] == ["kept"]
    emulator.kill()
    assert any("cut short by a crash (10 bytes): it is dropped" in line for line in emulator.said)


def refusal(state: Path) -> str:
    """What an emulator says that does not start."""
    command = [sys.executable, "-m", "harness.emulator", "--port", "0", "--state-dir", str(state)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=BOUND)
    assert (ended.returncode, ended.stdout) == (1, "")
    sentences = [line for line in ended.stderr.splitlines() if " INFO " not in line]
    assert len(sentences) == 1
    return sentences[0]


@pytest.mark.parametrize("what", ["damaged", "of another form", "missing"])
def test_a_folder_that_can_not_be_read_is_one_sentence_and_stays(
    start: Callable[..., Emulator], tmp_path: Path, what: str
) -> None:
    state = tmp_path / "state"
    emulator = start()
    emulator.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    emulator.kill()
    journal = state / "journal-0"
    content = journal.read_bytes()
    if what == "damaged":
        journal.write_bytes(content[:200] + b"#" + content[201:])
        told = "journal-0 is damaged at byte "
    elif what == "missing":
        journal.rename(state / "journal-4")
        told = "journal-0 is missing. "
    else:
        from harness.emulator.store.frames import beginning

        journal.write_bytes(beginning({"kind": "journal", "form": 99, "version": "9.0.0", "generation": 0}))
        told = "it has the stored form 99 of version 9.0.0, and version "
    before = {path.name: path.read_bytes() for path in state.iterdir() if path.name not in ("lock", "reserve")}
    said = refusal(state)
    assert said.startswith(f"The state in {state} can't be used: {told}")
    assert said.endswith(". Remove it or choose another --state-dir.")
    assert {path.name: path.read_bytes() for path in state.iterdir() if path.name not in ("lock", "reserve")} == before


def test_two_emulators_on_one_folder(start: Callable[..., Emulator], tmp_path: Path) -> None:
    emulator = start()
    state, holder = tmp_path / "state", emulator.process.pid
    assert refusal(state) == (
        f"The state in {state} is used by another emulator (process {holder}); choose another --state-dir."
    )
    emulator.client("kinesis").create_stream(StreamName="stream", ShardCount=1)
    assert emulator.end() == 0
    assert start().client("kinesis").list_streams()["StreamNames"] == ["stream"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o500)
    assert "can't be used" in refusal(state)
