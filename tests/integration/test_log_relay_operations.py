"""The log-relay document's monitoring table, alarm, troubleshooting rows and recovery (A14, A15, A17, A18, E2)."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harness.json_object import Json
from tests.integration.aws_cli import version_1
from tests.integration.full_stack import FullStack
from tests.integration.provisioning import ROOT
from tests.integration.test_log_relay import MARKED, post, relayed

ALWAYS = 100_000


def metric(stack: FullStack, name: str, namespace: str = "AWS/Firehose") -> Json:
    """Sum, least, greatest and number of samples of a metric of the delivery stream or of its function; empty where
    there are none."""
    now = stack.aws.now()
    dimensions = {
        "AWS/Firehose": {"Name": "DeliveryStreamName", "Value": stack.log_relay["delivery_stream_name"]},
        "AWS/Lambda": {"Name": "FunctionName", "Value": stack.log_relay["function_name"]},
    }
    points = stack.aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[dimensions[namespace]],
        StartTime=datetime.fromtimestamp(now - 86400, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=86400,
        Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
    )["Datapoints"]
    if not points:
        return {}
    return {
        "sum": sum(point["Sum"] for point in points),
        "least": min(point["Minimum"] for point in points),
        "most": max(point["Maximum"] for point in points),
        "samples": sum(point["SampleCount"] for point in points),
    }


def update(stack: FullStack, **changes: Any) -> None:
    """UpdateDestination of the delivery stream."""
    firehose, name = stack.aws.client("firehose"), stack.log_relay["delivery_stream_name"]
    stream = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    firehose.update_destination(
        DeliveryStreamName=name,
        CurrentDeliveryStreamVersionId=stream["VersionId"],
        DestinationId=stream["Destinations"][0]["DestinationId"],
        HttpEndpointDestinationUpdate=changes,
    )


def alarm(stack: FullStack) -> Json:
    (found,) = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=[stack.log_relay["alarm_name"]])[
        "MetricAlarms"
    ]
    return dict(found)


def lost_logs(stack: FullStack, count: int) -> list[Json]:
    """Logs that an outage of the endpoint has brought into the bucket; the endpoint is well again."""
    logs = [{"id": number, "text": "Grüße"} for number in range(count)]
    stack.answer_with({"status": 500, "times": ALWAYS})
    for log in logs:
        post(stack, log)
    stack.aws.settle()
    assert len(stack.lines(stack.log_relay["firehose_bucket_name"], "http-endpoint-failed/")) == count
    stack.aws.admin("DELETE", "sinks/log-api.newrelic.com")
    assert stack.deliveries() == []
    return logs


def assert_relayed_once(stack: FullStack, logs: list[Json]) -> None:
    """Each log is at the endpoint once, transformed."""
    found = relayed(stack)
    assert all(record.pop("transformed") and record.pop("_transformed_ts") for record in found)
    assert sorted(found, key=lambda record: record["id"]) == logs


# -- monitoring -------------------------------------------------------------------------------------------------------


def test_an_outage_shows_in_the_metrics(stack: FullStack) -> None:
    """Success falls to 0, records go to S3, freshness is absent while delivery is blocked (A17)."""
    lost_logs(stack, 5)
    assert metric(stack, "DeliveryToHttpEndpoint.Success")["most"] == 0
    assert metric(stack, "DeliveryToS3.Records")["sum"] == 5
    assert metric(stack, "DeliveryToHttpEndpoint.DataFreshness") == {}
    assert metric(stack, "DeliveryToHttpEndpoint.ProcessedRecords")["sum"] > 5


def test_a_failing_function_shows_in_the_metrics(stack: FullStack) -> None:
    """ExecuteProcessing.Success: none of four invocations (A17)."""
    stack.replace_code(stack.log_relay["function_name"], "def lambda_handler(event, context):\n    raise ValueError\n")
    post(stack, {"id": 1})
    stack.aws.settle()
    success = metric(stack, "ExecuteProcessing.Success")
    assert (success["sum"], success["samples"]) == (0, 4)


def test_the_monitoring_table(stack: FullStack) -> None:
    """All six metrics, after nine good records and one that cannot be processed."""
    post(stack, MARKED)
    for number in range(9):
        post(stack, {"id": number})
    stack.aws.settle()
    assert metric(stack, "IncomingRecords")["sum"] == 10
    success = metric(stack, "DeliveryToHttpEndpoint.Success")
    assert success["sum"] == success["samples"] > 0
    assert 60 <= metric(stack, "DeliveryToHttpEndpoint.DataFreshness")["most"] <= 121
    assert metric(stack, "DeliveryToS3.Records")["sum"] == 1
    success = metric(stack, "ExecuteProcessing.Success")
    assert success["sum"] == success["samples"] == 1
    assert metric(stack, "ExecuteProcessing.Duration")["samples"] == 1
    duration = metric(stack, "Duration", "AWS/Lambda")
    assert duration["samples"] == 1
    assert duration["most"] < 1000


def test_the_recommended_alarm_fires_and_recovers(stack: FullStack) -> None:
    """More than 100 records in each of two periods of 300 s: ALARM, and its topic is told; none afterwards: no longer
    (E2). As in the document, missing data is not a reason for OK."""
    client, name = stack.aws.client, stack.log_relay["alarm_name"]
    topic = client("sns").create_topic(Name="backup-alarm")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="backup-alarm")["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:backup-alarm")
    found = alarm(stack)
    documented = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 2,
        "MetricName": "DeliveryToS3.Records",
        "Namespace": "AWS/Firehose",
        "Period": 300,
        "Statistic": "Sum",
        "Threshold": 100.0,
        "AlarmDescription": "Too many records going to S3 backup",
        "Dimensions": [{"Name": "DeliveryStreamName", "Value": stack.log_relay["delivery_stream_name"]}],
    }
    assert name == "firehose-high-s3-backup"
    assert {member: found[member] for member in documented} == documented
    assert found["StateValue"] != "ALARM"
    client("cloudwatch").put_metric_alarm(AlarmName=name, AlarmActions=[topic], **documented)

    # 100 in a period is not too many, and one period is not yet a reason.
    for count, fires in ((100, False), (101, False), (101, True)):
        answers = stack.post_all(stack.log_relay["api_invoke_url"], [MARKED] * count)
        assert {answer.status for answer in answers} == {200}
        stack.aws.advance(300)
        assert (alarm(stack)["StateValue"] == "ALARM") is fires
    (message,) = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == (name, "ALARM")
    stack.aws.advance(3600)
    assert alarm(stack)["StateValue"] != "ALARM"


# -- troubleshooting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "reason"), [(403, "invalid key"), (429, "rate limit")])
def test_why_records_go_to_the_backup(stack: FullStack, status: int, reason: str) -> None:
    """API key valid? Rate limits? The endpoint's own answer is in the error lines and in the log (A14, A18)."""
    stack.answer_with({"status": status, "body": json.dumps({"error": reason}), "times": ALWAYS})
    post(stack, {"id": 1})
    stack.aws.settle()
    (line,) = stack.lines(stack.log_relay["firehose_bucket_name"])
    assert line["errorCode"] == "HttpEndpoint.DestinationException"
    assert reason in line["errorMessage"]
    log = [json.loads(entry) for entry in stack.log(stack.log_relay["delivery_log_group_name"])]
    assert any(f" {status}: " in entry["message"] and reason in entry["message"] for entry in log)
    assert metric(stack, "DeliveryToHttpEndpoint.Success")["most"] == 0


def test_the_functions_log_names_what_it_failed(stack: FullStack) -> None:
    """Lambda logs for ProcessingFailed errors, and the counts of each batch."""
    post(stack, MARKED)
    post(stack, {"id": 1})
    stack.aws.settle()
    log = "\n".join(stack.log(stack.log_relay["function_log_group_name"]))
    assert "failed: marked with _force_failure" in log
    assert "Transformed: success=1 failed=1" in log


def test_the_key_reaches_the_endpoint(stack: FullStack) -> None:
    """Verify New Relic API key: a new one counts for what is still being retried (A14, A15)."""
    stack.answer_with({"status": 403, "times": 3})
    post(stack, {"id": 1})
    stack.aws.advance(121)
    url = stack.log_relay["http_endpoint_url"]
    update(stack, EndpointConfiguration={"Url": url, "AccessKey": "another-key", "Name": "New Relic"})
    stack.aws.settle()
    keys = [delivery["headers"]["x-amz-firehose-access-key"] for delivery in stack.deliveries()]
    assert (keys[0], keys[-1]) == ("test", "another-key")
    assert stack.objects(stack.log_relay["firehose_bucket_name"]) == {}


def test_a_longer_retry_outlasts_transient_issues(stack: FullStack) -> None:
    """Increase retry_duration: three minutes of 500s cost nothing with 300 s, and the backup with 60 s (A14)."""
    for seconds, saved in ((60, 1), (300, 0)):
        update(stack, RetryOptions={"DurationInSeconds": seconds})
        stack.aws.admin(
            "POST",
            "faults",
            {
                "fault": "http-sink",
                "match": {"resource": "log-api.newrelic.com"},
                "when": {"seconds": 300},
                "with": {"status": 500},
            },
        )
        before = len(stack.lines(stack.log_relay["firehose_bucket_name"]))
        post(stack, {"seconds": seconds})
        stack.aws.settle()
        assert len(stack.lines(stack.log_relay["firehose_bucket_name"])) - before == saved
    assert relayed(stack)[-1]["seconds"] == 300


def test_a_broken_answer_is_in_the_log_and_in_the_metric(stack: FullStack) -> None:
    """Lambda response format; CloudWatch Logs for validation errors (A9, A18)."""
    code = 'def lambda_handler(event, context):\n    return {"records": [{"status": "Ok"} for _ in event["records"]]}\n'
    stack.replace_code(stack.log_relay["function_name"], code)
    post(stack, {"id": 1})
    stack.aws.settle()
    log = [json.loads(entry) for entry in stack.log(stack.log_relay["delivery_log_group_name"])]
    assert [entry["errorCode"] for entry in log] == ["Lambda.FunctionError"]
    assert "required format" in log[0]["message"]
    # The invocation itself was a success; what it made of the record was not.
    assert metric(stack, "ExecuteProcessing.Success")["least"] == 1
    assert metric(stack, "SucceedProcessing.Records") == {}


def test_a_shorter_interval_lowers_the_latency(stack: FullStack) -> None:
    """Buffer settings may cause delays: with an interval of 0 freshness halves (A3, A17). AWS takes 0 to 900 s by now;
    the document knows a minimum of 60."""
    post(stack, {"id": 1})
    stack.aws.settle()
    slow = metric(stack, "DeliveryToHttpEndpoint.DataFreshness")["most"]
    update(stack, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 0})
    post(stack, {"id": 2})
    stack.aws.settle()
    quick = metric(stack, "DeliveryToHttpEndpoint.DataFreshness")["least"]
    assert quick < 62 <= 110 < slow


# -- recovery ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["delivery stream", "API"])
def test_option_1_replay_with_the_command(stack: FullStack, tmp_path: Path, target: str) -> None:
    """Back to Firehose or by POST to API Gateway, with `harness replay`: each log once, also after a second run."""
    logs = lost_logs(stack, 25)
    api = stack.log_relay["api_invoke_url"]
    to = api if target == "API" else f"firehose:{stack.log_relay['delivery_stream_name']}"
    source = f"s3://{stack.log_relay['firehose_bucket_name']}/http-endpoint-failed/"
    (tmp_path / ".harness").mkdir()
    for sent in (25, 0):
        finished = subprocess.run(
            [sys.executable, "-P", "-m", "harness.cli", "replay", source, "--to", to, "--endpoint-url", stack.aws.url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert finished.stdout.startswith(f"{sent} sent")
    stack.aws.settle()
    assert_relayed_once(stack, logs)


def test_option_1_replay_by_hand(stack: FullStack, tmp_path: Path) -> None:
    """`aws s3 cp` as the document writes it, then decode and PutRecordBatch."""
    logs = lost_logs(stack, 10)
    bucket = stack.log_relay["firehose_bucket_name"]
    (key,) = stack.objects(bucket)
    backup = tmp_path / "backup.txt"
    version_1().run(stack.aws.url, ["s3", "cp", f"s3://{bucket}/{key}", str(backup)])
    records = [base64.b64decode(json.loads(line)["rawData"]) for line in backup.read_text().splitlines()]
    answer = stack.aws.client("firehose").put_record_batch(
        DeliveryStreamName=stack.log_relay["delivery_stream_name"], Records=[{"Data": data} for data in records]
    )
    assert answer["FailedPutCount"] == 0
    stack.aws.settle()
    assert_relayed_once(stack, logs)


def test_option_2_direct_processing(stack: FullStack) -> None:
    """The document's Python. Two things are not as it thinks, on AWS neither: keys begin with the kind of failure, and
    a line is a JSON object whose `rawData` is the base64 text."""
    logs = lost_logs(stack, 10)
    s3 = stack.aws.client("s3")
    prefix = f"http-endpoint-failed/{datetime.fromtimestamp(stack.aws.now(), UTC):%Y/%m/%d}/"
    found = []

    response = s3.list_objects_v2(Bucket=stack.log_relay["firehose_bucket_name"], Prefix=prefix)
    for obj in response.get("Contents", []):
        file_obj = s3.get_object(Bucket=stack.log_relay["firehose_bucket_name"], Key=obj["Key"])
        content = file_obj["Body"].read().decode("utf-8")

        for line in content.strip().split("\n"):
            if line:
                decoded = base64.b64decode(json.loads(line)["rawData"]).decode("utf-8")
                record = json.loads(decoded)
                found.append(record)

    assert found == logs


def test_the_contract_is_validated_without_aws() -> None:
    """Validate Lambda response structure locally: the function's own tests stand beside it and run in this suite."""
    assert (ROOT / "lambdas" / "log_relay_transform" / "tests" / "test_log_relay_transform.py").is_file()
