"""The plugin's target localstack without containers: an emulator in front of moto_server, cleaned by the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.targets.admin import Admin
from harness.targets.localstack.pair import PairTarget
from harness.targets.settings import EmulatorSettings
from harness.testing.report import Using, sections
from harness.testing.suite import Suite
from harness.testing.topology import SuiteWorkspace, Topology
from tests.conformance.upstream_http.test_split import PIPELINE, destination, objects

Front = Callable[[str], Any]
NATIVE = f"{PIPELINE},logs"


class StandIn:
    """The pair, with logs that say what they were asked."""

    names = ("edge", "localstack")
    native = NATIVE
    settings = EmulatorSettings("manual", 7)

    def __init__(self, url: str) -> None:
        self.url = url

    def log(self, name: str, since: float | None = None) -> str:
        return f"old line of {name}\n2026-01-01 00:00:00,000 ERROR {name} is out of sorts"

    def revive(self) -> bool:
        return False


@dataclass
class ByHand:
    """What Terraform would do: make what is missing. `applied` counts how often it was asked."""

    aws: Any
    snapshot: str = "by-hand"
    applied: int = 0

    def provide(self) -> Topology:
        return self.again()

    def again(self) -> Topology:
        self.applied += 1
        s3, kinesis, firehose = (self.aws.client(name) for name in ("s3", "kinesis", "firehose"))
        s3.create_bucket(Bucket="delivered")
        url = self.aws.client("sqs").create_queue(QueueName="letters")["QueueUrl"]
        if not kinesis.list_streams()["StreamNames"]:
            kinesis.create_stream(StreamName="readings", ShardCount=1)
            firehose.create_delivery_stream(
                DeliveryStreamName="d", ExtendedS3DestinationConfiguration=destination("delivered")
            )
        Admin(self.aws.url).save_snapshot(self.snapshot, here_only=True)
        return Topology(self.snapshot, {"queue_url": url, "applied": self.applied})


def target_at(url: str, folder: Path) -> PairTarget:
    target = PairTarget(SuiteWorkspace(folder), opened=lambda: nullcontext(StandIn(url)))  # type: ignore[arg-type]
    target.start()
    return target


@pytest.fixture
def suite(front: Front, tmp_path: Path) -> Iterator[Suite]:
    aws = front(NATIVE)
    suite = Suite(target_at(aws.url, tmp_path), 7, ByHand(aws))  # type: ignore[arg-type]
    suite.provide()
    yield suite
    suite.target.admin.delete_snapshot("by-hand")


def test_both_halves_are_clean_again(suite: Suite) -> None:
    """Streams, buffers, time, faults and sinks here; objects and messages behind. Nothing is applied for it."""
    aws = suite.aws
    began = suite.now()
    aws.client("firehose").put_record(DeliveryStreamName="d", Record={"Data": b"1"})
    suite.target.admin.settle(600)
    aws.client("firehose").put_record(DeliveryStreamName="d", Record={"Data": b"still buffered"})
    aws.client("kinesis").delete_stream(StreamName="readings")
    aws.client("kinesis").create_stream(StreamName="later", ShardCount=1)
    aws.client("s3").create_bucket(Bucket="later")
    queue = suite.outputs["queue_url"]  # type: ignore[index]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="1")
    aws.client("logs").create_log_group(logGroupName="later")
    suite.target.admin.script_sink("api.example.com", [{"status": 503}])
    # A rule that would hit the cleaning itself.
    broken = {"code": "Broken", "status": 400}
    suite.target.admin.add_faults({"fault": "error", "match": {"service": "s3"}, "with": broken})
    assert suite.now() > began

    suite.clean()

    assert suite.now() == began
    assert aws.client("kinesis").list_streams()["StreamNames"] == ["readings"]
    assert [each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]] == ["delivered"]
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=queue)
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert (suite.target.admin.faults(), suite.target.admin.sinks()) == ([], [])
    suite.target.admin.settle(600)
    assert objects(aws.client("s3"), "delivered") == [], "a record of the last test is not in a buffer"
    assert suite.outputs == {"queue_url": queue, "applied": 1}


def test_the_stack_is_applied_again_where_something_behind_is_gone(suite: Suite) -> None:
    """Once: the test after that finds it as it should be."""
    suite.aws.client("s3").delete_bucket(Bucket="delivered")
    suite.clean()
    assert suite.outputs["applied"] == 2  # type: ignore[index]
    suite.aws.client("s3").head_bucket(Bucket="delivered")
    suite.clean()
    assert suite.outputs["applied"] == 2  # type: ignore[index]


def test_messages_go_test_after_test(suite: Suite) -> None:
    """AWS lets a queue be purged once a minute; tests do not wait for that."""
    sqs, queue = suite.aws.client("sqs"), suite.outputs["queue_url"]  # type: ignore[index]
    for _ in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody="1")
        suite.clean()
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_without_a_stack_both_sides_are_emptied(front: Front, tmp_path: Path) -> None:
    aws = front(NATIVE)
    suite = Suite(target_at(aws.url, tmp_path), 7)
    suite.provide()
    suite.aws.client("s3").create_bucket(Bucket="later")
    suite.aws.client("kinesis").create_stream(StreamName="later", ShardCount=1)
    suite.clean()
    with pytest.raises(ClientError):
        suite.aws.client("s3").head_bucket(Bucket="later")
    assert suite.aws.client("kinesis").list_streams()["StreamNames"] == []


def test_a_failure_tells_what_the_containers_wrote(suite: Suite) -> None:
    told = dict(sections(Using(suite, suite.now(), suite.target.log_position()), "test_it", "AssertionError"))
    assert told["harness: container localstack"].endswith("localstack is out of sorts")
    assert "old line of edge" in told["harness: container edge"]
    assert "edge is out of sorts" in told["harness: errors of the emulator"]
    assert "--harness-target localstack" in told["harness"]


def test_logs_are_kept_until_all_is_well(suite: Suite) -> None:
    """Of the containers, which are gone by then."""
    suite.target.stop()
    log = suite.target.log
    assert log is not None
    assert "edge is out of sorts" in log.read_text()
    assert "localstack is out of sorts" in log.with_name("localstack.log").read_text()
    suite.target.forget()
    assert not log.parent.exists()
