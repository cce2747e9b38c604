"""The event-ingestion document on running it: zero scaling, encryption, access logs, alarms (B11, C9, D8, E2)."""

from __future__ import annotations

import json
import select
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.json_object import Json
from harness.targets.embedded import EmbeddedTarget
from harness.testing.suite import Suite
from tests.integration.full_stack import FullStack
from tests.integration.test_event_ingestion import EVENT_TYPES, event

POISON = {"poison": True}


def children(target: EmbeddedTarget) -> set[int]:
    """The processes below the emulator's."""
    instance = target.running()
    assert instance is not None
    lists = Path(f"/proc/{instance.pid}/task").glob("*/children")
    return {int(pid) for path in lists for pid in path.read_text().split()}


def none_left(target: EmbeddedTarget, seconds: float = 5.0) -> bool:
    """Whether the emulator has no child process, now or within some real seconds (a process takes a moment to end)."""
    deadline = time.monotonic() + seconds
    while (left := children(target)) and time.monotonic() < deadline:
        select.select([], [], [], 0.01)
    return not left


def alarm_state(stack: FullStack, name: str) -> str:
    (found,) = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(found["StateValue"])


def alarm_names(stack: FullStack, event_type: str) -> tuple[str, str]:
    age, errors = stack.flows[event_type]["alarm_names"]
    assert (age, errors) == (f"dev-{event_type}-processor-iterator-age", f"dev-{event_type}-processor-errors")
    return age, errors


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_processors_scale_to_zero(stack: FullStack, harness_emulator: Suite) -> None:
    """No process lives while there is no event: none before the first, none after ten idle minutes; the next event
    starts one again (C5, C9)."""
    target = harness_emulator.target
    if not isinstance(target, EmbeddedTarget):
        pytest.skip("looks at the emulator's processes, which are in a container")
    assert none_left(target)
    stack.aws.advance(3600)
    assert children(target) == set()

    for number in (1, 2):
        stack.post(stack.events["event_urls"]["orders"], event("orders", number))
        stack.aws.settle()
        assert len(children(target)) == 1
        stack.aws.advance(590)
        assert len(children(target)) == 1  # warm, as on AWS
        stack.aws.advance(30)
        assert none_left(target)

    assert [each["order_id"] for each in stack.processed("orders")] == [1, 2]
    reports = [line for line in stack.log(stack.flows["orders"]["processor_log_group_name"]) if "REPORT" in line]
    assert len(reports) == 2
    assert all("Init Duration" in report for report in reports)


def test_a_disabled_key_closes_its_stream_alone(stack: FullStack) -> None:
    """Encryption is no decoration: without its key a stream takes and gives nothing, and the API says why (B11)."""
    fault = {"id": "no-key", "fault": "kms-disabled", "with": {"key": stack.flows["orders"]["kms_key_arn"]}}
    stack.post(stack.events["event_urls"]["orders"], event("orders", 1))
    stack.aws.admin("POST", "faults", fault)
    refused = stack.post(stack.events["event_urls"]["orders"], event("orders", 2))
    assert refused.status_code == 400
    assert refused.json()["message"].endswith("is disabled.")
    assert refused.headers["access-control-allow-origin"] == "*"
    assert stack.post(stack.events["event_urls"]["payments"], event("payments", 1)).status_code == 200
    stack.aws.advance(60)
    assert (stack.processed("orders"), stack.processed("payments")) == ([], [event("payments", 1)])
    stack.aws.admin("DELETE", "faults/no-key")
    stack.aws.settle()
    assert stack.processed("orders") == [event("orders", 1)]


def test_all_streams_are_encrypted_each_with_its_key(stack: FullStack) -> None:
    """A customer key per stream, rotated, by its alias (B11)."""
    kinesis, kms = stack.aws.client("kinesis"), stack.aws.client("kms")
    keys = set()
    for event_type in EVENT_TYPES:
        name = stack.flows[event_type]["stream_name"]
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        assert (summary["EncryptionType"], summary["KeyId"]) == ("KMS", stack.flows[event_type]["kms_key_arn"])
        key = kms.describe_key(KeyId=f"alias/dev-{event_type}")["KeyMetadata"]
        assert (key["Arn"], key["KeyManager"]) == (summary["KeyId"], "CUSTOMER")
        assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"]
        keys.add(key["Arn"])
    assert len(keys) == 3


def test_the_logs_are_where_the_document_says(stack: FullStack) -> None:
    """`/aws/apigateway/{environment}-events-ingestion/access-logs` and `/aws/lambda/{environment}-{type}-processor`; a
    line per request, of the gateway's own refusals too, with every member that the stage's format names (D8)."""
    answers = [
        stack.post(stack.events["event_urls"]["orders"], event("orders", 1)),
        stack.post(stack.events["api_gateway_url"] + "/events/none", {}),
        stack.post(stack.events["event_urls"]["orders"], b"<order/>", "application/xml"),
    ]
    stack.aws.settle()
    lines: list[Json] = [json.loads(line) for line in stack.log("/aws/apigateway/dev-events-ingestion/access-logs")]
    assert [line["requestId"] for line in lines] == [answer.headers["x-amzn-requestid"] for answer in answers]
    assert [line["status"] for line in lines] == ["200", "403", "415"]
    assert [line["responseLength"] for line in lines] == [str(len(answer.content)) for answer in answers]
    assert all(line.keys() == lines[0].keys() for line in lines)
    assert lines[0].keys() == {
        *("requestId", "ip", "requestTime", "httpMethod", "resourcePath", "status", "protocol", "responseLength")
    }
    assert any("Processed orders" in line for line in stack.log("/aws/lambda/dev-orders-processor"))


def test_each_route_is_measured(stack: FullStack) -> None:
    """`metrics_enabled` of the stage's methods: AWS/ApiGateway by API, and by method and resource (D8)."""
    stack.post(stack.events["event_urls"]["orders"], event("orders", 1))
    stack.post(stack.events["event_urls"]["orders"], b"<order/>", "application/xml")
    stack.post(stack.events["event_urls"]["payments"], event("payments", 1))
    api = {"ApiName": "dev-events-ingestion"}
    route = api | {"Stage": "v1", "Method": "POST", "Resource": "/events/orders"}
    for dimensions, count in ((api, 3), (api | {"Stage": "v1"}, 3), (route, 2)):
        assert total(stack, "Count", dimensions) == count
        assert total(stack, "4XXError", dimensions) == 1


def total(stack: FullStack, metric: str, dimensions: dict[str, str]) -> float:
    """The sum of a metric of API Gateway over the last minutes."""
    now = stack.aws.now()
    points = stack.aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(now - 600, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(float(point["Sum"]) for point in points)


def test_errors_fire_an_alarm_and_it_recovers(stack: FullStack) -> None:
    """More than five failed invocations in five minutes: two poison batches, four attempts each. Types are apart."""
    _, name = alarm_names(stack, "orders")
    _, other = alarm_names(stack, "payments")
    stack.aws.advance(300 - stack.aws.now() % 300 + 5)  # so that all attempts are in one period
    assert alarm_state(stack, name) == "OK"  # no data is no error: treat_missing_data
    for _ in range(2):
        stack.post(stack.events["event_urls"]["orders"], POISON)
        stack.aws.advance(60)
    assert len(stack.dead_letters("orders")) == 2
    stack.aws.advance(60)
    assert (alarm_state(stack, name), alarm_state(stack, other)) == ("ALARM", "OK")
    stack.aws.advance(900)
    assert alarm_state(stack, name) == "OK"
    history = stack.aws.client("cloudwatch").describe_alarm_history(AlarmName=name, HistoryItemType="StateUpdate")
    assert [item["HistorySummary"] for item in history["AlarmHistoryItems"][:2]] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
    ]


def test_a_consumer_that_falls_behind_fires_an_alarm_and_recovers(stack: FullStack) -> None:
    """Iterator age above a minute for three minutes: a slow processor works off what has waited, one by one (C10)."""
    name, _ = alarm_names(stack, "orders")
    functions, mapping = stack.aws.client("lambda"), stack.flows["orders"]["event_source_mapping_id"]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    for number in range(12):
        stack.post(stack.events["event_urls"]["orders"], event("orders", number))
    stack.aws.advance(300)
    assert alarm_state(stack, name) == "OK"
    function = stack.flows["orders"]["processor_function_name"]
    slow = {"fault": "latency", "match": {"service": "lambda", "operation": "Invoke", "resource": function}}
    stack.aws.admin("POST", "faults", slow | {"id": "slow", "with": {"seconds": 30}})
    functions.update_event_source_mapping(UUID=mapping, Enabled=True, BatchSize=1, MaximumBatchingWindowInSeconds=0)
    stack.aws.advance(300)
    assert alarm_state(stack, name) == "ALARM"
    stack.aws.admin("DELETE", "faults/slow")
    stack.aws.advance(600)
    assert [each["order_id"] for each in stack.processed("orders")] == list(range(12))
    assert alarm_state(stack, name) == "OK"
