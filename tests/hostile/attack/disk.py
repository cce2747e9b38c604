"""A full disk: the emulator's files may not grow further. Reads answer, writes get a clear error, and what was refused
does not appear later."""

from __future__ import annotations

import resource
import sys
from typing import Any

from tests.hostile.attack.message import Answer, Connection, Cut, NotAnswered
from tests.hostile.attack.models import protocols, serialise
from tests.hostile.attack.process import Emulator, tracebacks
from tests.hostile.attack.run import Run

_WRITES = 40
_READS: list[tuple[str, str, dict[str, Any]]] = [
    ("kinesis", "ListStreams", {}), ("kinesis", "DescribeStreamSummary", {"StreamName": "stream"}),
    ("firehose", "ListDeliveryStreams", {}), ("s3", "ListBuckets", {}),
    ("s3", "GetObject", {"Bucket": "bucket", "Key": "k"}),
    ("sqs", "ListQueues", {}), ("sts", "GetCallerIdentity", {}), ("lambda", "ListFunctions", {}),
    ("cloudformation", "DescribeStacks", {}), ("cloudwatch", "DescribeAlarms", {}), ("apigateway", "GetRestApis", {}),
    ("dynamodb", "ListTables", {}), ("iam", "ListRoles", {}),
]  # fmt: skip


def play(run: Run) -> None:
    """Only where a process's limits can be set from outside (Linux)."""
    if sys.platform != "linux":
        return
    state = run.folder / "state"
    emulator = Emulator(run.folder, run.emulator_seed, state=state)
    try:
        _fill(run, emulator)
        emulator.end()
        again = Emulator(run.folder, run.emulator_seed, state=state)
        if not again.ready:
            run.found("disk", "restart", f"no restart after a full disk: {again.said()[-400:]}")
            return
        emulator = again
        _after(run, emulator)
    finally:
        emulator.end()


def _fill(run: Run, emulator: Emulator) -> None:
    link = Connection(emulator.port)
    beginning: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("kinesis", "CreateStream", {"StreamName": "stream", "ShardCount": 1}),
        ("s3", "CreateBucket", {"Bucket": "bucket"}),
        ("s3", "PutObject", {"Bucket": "bucket", "Key": "k", "Body": b"1"}),
    )
    for service, operation, params in beginning:
        answer = _call(link, service, operation, params)
        assert answer is not None and answer.status < 300, f"{service} {operation}: {answer}"
    journal = max((run.folder / "state").glob("journal-*"))
    limits = resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size, limits[1]))
    # Whoever meets a limit that no reserve helps against gets an error and an unknown outcome, as on AWS; only from
    # then on it is known that nothing can be written.
    _call(link, "kinesis", "PutRecord", {"StreamName": "stream", "Data": b"unknown", "PartitionKey": "k"})
    rng = run.rng("disk")
    for number in range(_WRITES):
        writes: list[tuple[str, str, dict[str, object]]] = [
            ("kinesis", "PutRecord", {"StreamName": "stream", "Data": b"refused", "PartitionKey": "k"}),
            ("kinesis", "CreateStream", {"StreamName": f"refused-{number}", "ShardCount": 1}),
            ("s3", "PutObject", {"Bucket": "bucket", "Key": f"refused-{number}", "Body": b"x"}),
            ("sqs", "CreateQueue", {"QueueName": f"refused-{number}"}),
            ("sns", "CreateTopic", {"Name": f"refused-{number}"}),
            ("cloudwatch", "DeleteAlarms", {"AlarmNames": ["none"]}),
        ]
        service, operation, params = rng.choice(writes)
        run.report.counts["calls on a full disk"] += 1
        answer = _call(link, service, operation, params)
        if answer is None or (answer.status < 300 and operation != "DeleteAlarms"):
            run.found("disk", f"write {service} {operation}", f"answered {answer}")
        elif answer.status >= 500 and b"unknown error" in answer.body:
            run.found("disk", f"write {service} {operation}", f"no clear error: {answer.status} {answer.body[:200]!r}")
        reading = rng.choice(_READS)
        answer = _call(link, *reading)
        if answer is None or answer.status >= 300:
            run.found("disk", f"read {reading[0]} {reading[1]}", f"not answered: {answer}")
    for place, end in tracebacks(emulator.said()):
        run.found("traceback", place, f"full disk: {end}")
    resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE, limits)
    answer = _call(link, "kinesis", "PutRecord", {"StreamName": "stream", "Data": b"kept", "PartitionKey": "k"})
    if answer is None or answer.status >= 300:
        run.found("disk", "space again", f"a write was refused: {answer}")
    _look(run, link, "while it runs")


def _after(run: Run, emulator: Emulator) -> None:
    _look(run, Connection(emulator.port), "after a restart")
    for place, end in tracebacks(emulator.said()):
        run.found("traceback", place, f"after a full disk: {end}")


def _look(run: Run, link: Connection, when: str) -> None:
    """What was refused is nowhere; what was acknowledged is there."""
    for service, operation, params in (
        ("kinesis", "ListStreams", {}), ("s3", "ListObjectsV2", {"Bucket": "bucket"}), ("sqs", "ListQueues", {}),
        ("sns", "ListTopics", {}),
    ):  # fmt: skip
        answer = _call(link, service, operation, params)
        if answer is None or b"refused" in answer.body:
            run.found("disk", f"refused, and there: {service} {operation} {when}", f"{answer and answer.body[:300]!r}")
    place = {"StreamName": "stream", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    answer = _call(link, "kinesis", "GetShardIterator", place)
    if answer is not None and answer.status == 200:
        iterator = answer.body.decode().partition('"ShardIterator":"')[2].partition('"')[0]
        answer = _call(link, "kinesis", "GetRecords", {"ShardIterator": iterator})
    if answer is None or answer.body.count(b"cmVmdXNlZA==") or not answer.body.count(b"a2VwdA=="):
        run.found("disk", f"records {when}", f"{answer and answer.body[:300]!r}")


def _call(link: Connection, service: str, operation: str, params: dict[str, Any]) -> Answer | None:
    try:
        return link.send(serialise(service, operation, protocols(service)[0], params))
    except (Cut, NotAnswered, OSError):
        return None
