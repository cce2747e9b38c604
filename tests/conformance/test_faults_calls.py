"""Faults of any call, as clients see them: over AWS's protocols, at deployed APIs, between services."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.conformance.faults import counted, declare, error_of
from tests.conftest import Aws


def stream(aws: Aws, name: str) -> Any:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    return kinesis


def records(aws: Aws, name: str) -> list[bytes]:
    kinesis = aws.client("kinesis")
    iterator = kinesis.get_shard_iterator(
        StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("kinesis", "list_streams", {}),
        ("lambda", "list_functions", {}),
        ("sqs", "list_queues", {}),
        ("sns", "list_topics", {}),
        ("s3", "list_buckets", {}),
        ("iam", "list_roles", {}),
        ("dynamodb", "list_tables", {}),
        ("cloudwatch", "list_metrics", {}),
    ],
)
def test_an_error_in_every_protocol(aws: Aws, service: str, operation: str, arguments: dict[str, Any]) -> None:
    call = getattr(aws.client(service), operation)
    declare(aws, "error", {"service": service}, code="OutOfOrder", message="not today", status=418)
    assert error_of(call, **arguments) == ("OutOfOrder", 418)
    assert counted(aws) == (1, 1)
    aws.admin("DELETE", "faults")
    assert call(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_only_the_named_resource_and_operation_are_touched(aws: Aws) -> None:
    kinesis = stream(aws, "faults-one")
    stream(aws, "faults-two")
    match = {"service": "kinesis", "operation": "PutRecord", "resource": "*:stream/faults-one"}
    declare(aws, "error", match, code="KMSThrottlingException")
    assert error_of(kinesis.put_record, StreamName="faults-one", Data=b"a", PartitionKey="k")[1] == 400
    kinesis.put_record(StreamName="faults-two", Data=b"a", PartitionKey="k")
    kinesis.put_records(StreamName="faults-one", Records=[{"Data": b"b", "PartitionKey": "k"}])
    assert counted(aws) == (1, 1)


def test_the_same_seed_makes_the_same_choices(aws: Aws) -> None:
    outcomes = []
    for _ in range(2):
        aws.admin("POST", "reset")
        declare(aws, "error", {"service": "kinesis"}, {"probability": 0.5}, code="Maybe")
        limits = aws.client("kinesis").describe_limits
        outcomes.append([_fails(limits) for _ in range(20)])
    assert outcomes[0] == outcomes[1]
    assert 0 < sum(outcomes[0]) < 20


def _fails(call: Any) -> bool:
    try:
        call()
    except Exception:
        return True
    return False


@pytest.mark.parametrize("fault", ["connection-reset", "timeout", "latency", "lost-acknowledgement"])
@pytest.mark.parametrize("service", ["kinesis", "sqs"])
def test_the_socket_tells(aws: Aws, fault: str, service: str) -> None:
    """A client outside gets no byte: its connection is cut, or stays silent until it gives up by itself."""
    arguments = {"latency": {"seconds": 0.05, "real": True}}.get(fault, {})
    declare(aws, fault, {"service": service}, {"count": 1}, **arguments)
    client = _impatient(aws, service)
    call = client.list_streams if service == "kinesis" else client.list_queues
    if fault == "latency":
        assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200
    else:
        with pytest.raises(ReadTimeoutError if fault == "timeout" else ConnectionClosedError):
            call()
    assert counted(aws) == (1, 1)
    assert call()["ResponseMetadata"]["HTTPStatusCode"] == 200


def _impatient(aws: Aws, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, read_timeout=0.5),
    )


def test_a_reset_is_a_reset(aws: Aws) -> None:
    """Not an orderly end of the connection: the client's system reports it as reset by its peer."""
    declare(aws, "connection-reset", {"service": "kinesis"})
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    with pytest.raises(httpx.ReadError):
        httpx.post(aws.url, headers=headers, content=b"{}")


@pytest.mark.parametrize("instead", ["reset", "timeout", "error"])
def test_a_lost_acknowledgement_makes_duplicates(aws: Aws, instead: str) -> None:
    """Done, but not acknowledged: whoever tries again has it twice."""
    name = f"faults-lost-{instead}"
    stream(aws, name)
    declare(aws, "lost-acknowledgement", {"operation": "PutRecord"}, {"nth": 1}, instead=instead)
    impatient = _impatient(aws, "kinesis")
    with pytest.raises(Exception) as failed:
        impatient.put_record(StreamName=name, Data=b"once", PartitionKey="k")
    assert instead in ("reset", "timeout") or "InternalFailure" in str(failed.value)
    impatient.put_record(StreamName=name, Data=b"once", PartitionKey="k")
    assert records(aws, name) == [b"once", b"once"]
    assert counted(aws) == (2, 1)


def test_virtual_latency_passes_with_the_clock(aws: Aws) -> None:
    declare(aws, "latency", {"service": "kinesis"}, seconds=3600)
    done: list[int] = []
    call = threading.Thread(target=lambda: done.append(len(aws.client("kinesis").list_streams()["StreamNames"])))
    call.start()
    deadline = time.monotonic() + 10
    while counted(aws)[1] == 0:
        assert time.monotonic() < deadline
    assert aws.settle() == 3600
    call.join(10)
    assert done == [0]


def test_a_clock_jump_makes_what_is_due_late(aws: Aws) -> None:
    before = aws.now()
    declare(aws, "clock-jump", {"service": "kinesis"}, seconds=86400)
    aws.client("kinesis").list_streams()
    aws.client("kinesis").list_streams()
    assert (aws.now(), counted(aws)) == (before + 86400, (2, 1))


def deployed(aws: Aws) -> str:
    """A deployed HTTP API without routes; returns its invoke path."""
    api = aws.client("apigatewayv2")
    api_id = api.create_api(Name="faults", ProtocolType="HTTP")["ApiId"]
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    return f"/_aws/execute-api/{api_id}/$default/items"


def test_faults_at_a_deployed_api(aws: Aws) -> None:
    """Service `execute-api`, operation `Invoke`; resources are `api`, `api/stage` and `api/stage/path`."""
    path = deployed(aws)
    assert aws.http.get(path).status_code == 404
    match = {"service": "execute-api", "operation": "Invoke", "resource": "*/items"}
    declare(aws, "error", match, {"nth": 1}, code="ServiceUnavailable", message="Service Unavailable", status=503)
    declare(aws, "connection-reset", match, {"nth": 1})
    refused = aws.http.get(path)
    assert (refused.status_code, refused.json()) == (503, {"message": "Service Unavailable"})
    with pytest.raises(httpx.ReadError):
        aws.http.get(path)
    assert aws.http.get(path).status_code == 404
    assert (counted(aws, "fault-1"), counted(aws, "fault-2")) == ((3, 1), (2, 1))
