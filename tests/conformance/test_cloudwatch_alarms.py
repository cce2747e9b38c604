"""Alarms that evaluate on the clock and run their actions (E2)."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

TOPIC = "arn:aws:sns:us-east-1:000000000000:"


def alarm(aws: Any, name: str, **more: Any) -> dict[str, Any]:
    """Make an alarm on the sum of App/M over one minute, more than 10."""
    settings = {
        "AlarmName": name,
        "Namespace": "App",
        "MetricName": "M",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }
    aws.client("cloudwatch").put_metric_alarm(**{key: value for key, value in settings.items() if value is not None})
    return shown(aws, name)


def shown(aws: Any, name: str) -> dict[str, Any]:
    (found,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def state(aws: Any, name: str) -> str:
    return str(shown(aws, name)["StateValue"])


def put(aws: Any, value: float, **more: Any) -> None:
    data = [{"MetricName": "M", "Value": value, **more}]
    aws.client("cloudwatch").put_metric_data(Namespace="App", MetricData=data)


def to_the_minute(aws: Any) -> None:
    aws.advance(60 - aws.now() % 60)


def queue_on(aws: Any, topic: str) -> str:
    """A queue that hears a topic; the topic's ARN is `TOPIC` + its name."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = str(sqs.create_queue(QueueName=topic)["QueueUrl"])
    arn = sns.create_topic(Name=topic)["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:000000000000:{topic}")
    return url


def messages(aws: Any, url: str) -> list[dict[str, Any]]:
    """(subject and text) of the notifications in a queue."""
    found: list[dict[str, Any]] = []
    while True:
        received = aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not received:
            return found
        for message in received:
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            found.append({"Subject": body["Subject"], **json.loads(body["Message"])})


def history(aws: Any, name: str, kind: str | None = None) -> list[str]:
    asked = {"HistoryItemType": kind} if kind else {}
    found = aws.client("cloudwatch").describe_alarm_history(AlarmName=name, ScanBy="TimestampAscending", **asked)
    return [item["HistorySummary"] for item in found["AlarmHistoryItems"]]


# -- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Period": 45}, "ValidationError"),
        ({"Period": 90}, "ValidationError"),
        ({"Period": 60, "EvaluationPeriods": 1441}, "ValidationError"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "ValidationError"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"ExtendedStatistic": "p90"}, "ValidationError"),
        ({"Statistic": None}, "ValidationError"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "NotEmulated"),
        ({"MetricName": None}, "ValidationError"),
        ({"Threshold": None}, "MissingParameter"),
        ({"EvaluationPeriods": None}, "MissingParameter"),
        ({"TreatMissingData": "perhaps"}, "ValidationError"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "ValidationError"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotEmulated"),
        ({"Metrics": [{"Id": "e", "Expression": "SEARCH('x', 'Sum')"}]}, "ValidationError"),
        ({"AlarmActions": ["nonsense"]}, "ValidationError"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "NotEmulated"),
        ({"OKActions": ["arn:aws:ssm:us-east-1:000000000000:opsitem:1"]}, "NotEmulated"),
        ({"AlarmActions": [f"{TOPIC}{number}" for number in range(6)]}, "ValidationError"),
    ],
)
def test_alarms_that_can_not_be(aws: Any, change: dict[str, Any], code: str) -> None:
    """E2: periods, evaluation range, missing-data rules; law 1 for math, anomaly detection and other actions."""
    with pytest.raises(ClientError) as failed:
        alarm(aws, "bad", **change)
    assert failed.value.response["Error"]["Code"] == code
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_a_longer_range_than_a_day(aws: Any) -> None:
    """E2: a day, or seven days for periods of an hour and more."""
    with pytest.raises(ClientError, match=r"across more than a day \(EvaluationPeriods \* Period must be <= 86400\)"):
        alarm(aws, "long", Period=300, EvaluationPeriods=289)
    alarm(aws, "week", Period=3600, EvaluationPeriods=168)


def test_unknown_alarms(aws: Any) -> None:
    """SetAlarmState and tags name what is missing; deletions and switches pass it over."""
    cloudwatch = aws.client("cloudwatch")
    with pytest.raises(ClientError) as failed:
        cloudwatch.set_alarm_state(AlarmName="none", StateValue="OK", StateReason="r")
    assert failed.value.response["Error"]["Code"] == "ResourceNotFound"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError) as failed:
        cloudwatch.list_tags_for_resource(ResourceARN="arn:aws:cloudwatch:us-east-1:000000000000:alarm:none")
    assert failed.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as failed:
        cloudwatch.list_tags_for_resource(ResourceARN="arn:aws:cloudwatch::000000000000:dashboard:none")
    assert failed.value.response["Error"]["Code"] == "NotEmulated"
    cloudwatch.delete_alarms(AlarmNames=["none"])
    cloudwatch.disable_alarm_actions(AlarmNames=["none"])


def test_an_action_that_fails_is_in_the_history(aws: Any) -> None:
    """The state changes all the same, and the other actions run."""
    url = queue_on(aws, "good")
    alarm(aws, "fails", AlarmActions=[f"{TOPIC}missing", f"{TOPIC}good"])
    aws.client("cloudwatch").set_alarm_state(AlarmName="fails", StateValue="ALARM", StateReason="test")
    assert history(aws, "fails", "Action") == [
        f"Failed to execute action {TOPIC}missing",
        f"Successfully executed action {TOPIC}good",
    ]
    assert len(messages(aws, url)) == 1


# -- evaluation -------------------------------------------------------------------------------------------------


def test_a_new_alarm_knows_nothing(aws: Any) -> None:
    """E2: INSUFFICIENT_DATA, and it stays so without data."""
    made = alarm(aws, "new")
    assert (made["StateValue"], made["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    aws.advance(600)
    assert shown(aws, "new")["StateReason"] == "Unchecked: Initial alarm creation"


def test_an_alarm_fires_and_recovers(aws: Any) -> None:
    """E2: evaluated every minute; reason texts; no data leads to INSUFFICIENT_DATA after the evaluation range."""
    to_the_minute(aws)
    alarm(aws, "fires")
    begin = datetime.fromtimestamp(aws.now(), UTC)
    put(aws, 21.5)
    aws.advance(59)
    assert state(aws, "fires") == "INSUFFICIENT_DATA"
    aws.advance(1)
    found = shown(aws, "fires")
    stamp = begin.strftime("%d/%m/%y %H:%M:%S")
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == (
        f"Threshold Crossed: 1 datapoint [21.5 ({stamp})] was greater than the threshold (10.0)."
    )
    data = json.loads(found["StateReasonData"])
    assert (data["version"], data["recentDatapoints"], data["threshold"]) == ("1.0", [21.5], 10.0)
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 1
    put(aws, 10)
    aws.advance(60)
    found = shown(aws, "fires")
    assert found["StateValue"] == "OK"
    assert " was not greater than the threshold (10.0)." in found["StateReason"]
    aws.advance(120)
    assert state(aws, "fires") == "OK"
    aws.advance(60)
    found = shown(aws, "fires")
    assert (found["StateValue"], found["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Insufficient Data: 1 datapoint was unknown.",
    )
    assert history(aws, "fires") == [
        'Alarm "fires" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]


@pytest.mark.parametrize(
    ("treatment", "expected", "reason"),
    [
        (
            "breaching",
            "ALARM",
            "no datapoints were received for 2 periods and 2 missing datapoints were treated as [Br",
        ),
        (
            "notBreaching",
            "OK",
            "no datapoints were received for 2 periods and 2 missing datapoints were treated as [No",
        ),
        ("missing", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"),
        ("ignore", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"),
    ],
)
def test_missing_data(aws: Any, treatment: str, expected: str, reason: str) -> None:
    """E2: the four rules for a metric without data. All rows of E2's tables: tests/unit/test_alarm_evaluation.py."""
    alarm(aws, treatment, TreatMissingData=treatment, EvaluationPeriods=2)
    aws.advance(60)
    found = shown(aws, treatment)
    assert found["StateValue"] == expected
    assert reason in found["StateReason"]


def test_two_of_three(aws: Any) -> None:
    """E2: M of N; the reason counts the datapoints and says how many are needed for the way back."""
    to_the_minute(aws)
    alarm(aws, "m-of-n", EvaluationPeriods=3, DatapointsToAlarm=2)
    states = []
    for value in (11, 5, 12, 5, 5):
        put(aws, value)
        aws.advance(60)
        states.append(state(aws, "m-of-n"))
    assert states == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK", "OK"]
    items = aws.client("cloudwatch").describe_alarm_history(AlarmName="m-of-n", HistoryItemType="StateUpdate")
    newest, before, _ = [json.loads(item["HistoryData"]) for item in items["AlarmHistoryItems"]]
    assert before["newState"]["stateReason"].startswith("Threshold Crossed: 2 out of the last 3 datapoints [12.0 (")
    assert before["newState"]["stateReason"].endswith("(minimum 2 datapoints for OK -> ALARM transition).")
    assert newest["newState"]["stateReason"].endswith("(minimum 2 datapoints for ALARM -> OK transition).")
    assert newest["oldState"]["stateValue"] == "ALARM"


def test_a_long_period_is_a_window_that_moves(aws: Any) -> None:
    """E2: evaluated every minute, whatever the period."""
    to_the_minute(aws)
    alarm(aws, "window", Period=300)
    put(aws, 6)
    aws.advance(120)
    put(aws, 6)
    aws.advance(60)
    assert state(aws, "window") == "ALARM"
    aws.advance(180)
    assert state(aws, "window") == "OK"


def test_short_periods_are_evaluated_every_ten_seconds(aws: Any) -> None:
    """E2: high-resolution data and periods."""
    to_the_minute(aws)
    alarm(aws, "fast", Period=10)
    put(aws, 11, StorageResolution=1)
    aws.advance(10)
    assert state(aws, "fast") == "ALARM"


def test_a_percentile(aws: Any) -> None:
    """E2: extended statistics; few samples are no reason to change if so configured."""
    to_the_minute(aws)
    alarm(aws, "p90", Statistic=None, ExtendedStatistic="p90")
    ignoring = {"Statistic": None, "ExtendedStatistic": "p90", "EvaluateLowSampleCountPercentile": "ignore"}
    alarm(aws, "careful", **ignoring)
    for value in (1, 2, 30):
        put(aws, value)
    aws.advance(60)
    assert (state(aws, "p90"), state(aws, "careful")) == ("ALARM", "INSUFFICIENT_DATA")
    put(aws, 30, Unit="None")
    data = [{"MetricName": "M", "Values": [30.0], "Counts": [100.0]}]
    aws.client("cloudwatch").put_metric_data(Namespace="App", MetricData=data)
    aws.advance(60)
    assert state(aws, "careful") == "ALARM"
    assert shown(aws, "p90")["ExtendedStatistic"] == "p90"
    assert "Statistic" not in shown(aws, "p90")


def test_settling_does_not_wait_for_alarms(aws: Any) -> None:
    """An alarm is housekeeping: nothing is in flight because of it."""
    alarm(aws, "idle")
    assert aws.settle() == 0


# -- actions ----------------------------------------------------------------------------------------------------


def test_the_message(aws: Any) -> None:
    """E2: the SNS message arrives in a queue, on each change of state, and only then."""
    url = queue_on(aws, "alarms")
    to_the_minute(aws)
    arn = f"{TOPIC}alarms"
    made = alarm(
        aws,
        "told",
        AlarmDescription="too much",
        Dimensions=[{"Name": "Host", "Value": "a"}],
        AlarmActions=[arn],
        OKActions=[arn],
        InsufficientDataActions=[arn],
        DatapointsToAlarm=1,
    )
    for value in (11, 12, 1):
        put(aws, value, Dimensions=[{"Name": "Host", "Value": "a"}])
        aws.advance(60)
    aws.advance(300)
    fired, recovered, lost = messages(aws, url)
    assert fired["Subject"] == 'ALARM: "told" in US East (N. Virginia)'
    del fired["Subject"]
    assert fired.pop("NewStateReason").startswith("Threshold Crossed: 1 out of the last 1 datapoints [11.0 (")
    assert fired.pop("StateChangeTime").endswith("+0000")
    assert fired.pop("AlarmConfigurationUpdatedTimestamp").endswith("+0000")
    assert list(fired["Trigger"])[:4] == ["MetricName", "Namespace", "StatisticType", "Statistic"]
    assert fired == {
        "AlarmName": "told",
        "AlarmDescription": "too much",
        "AWSAccountId": "000000000000",
        "NewStateValue": "ALARM",
        "Region": "US East (N. Virginia)",
        "AlarmArn": made["AlarmArn"],
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [arn],
        "AlarmActions": [arn],
        "InsufficientDataActions": [arn],
        "Trigger": {
            "MetricName": "M",
            "Namespace": "App",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "a", "name": "Host"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 10.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    assert (recovered["OldStateValue"], recovered["NewStateValue"]) == ("ALARM", "OK")
    assert lost["NewStateValue"] == "INSUFFICIENT_DATA"


def test_disabled_actions(aws: Any) -> None:
    """E2: actions run only when they are enabled; the state changes anyway."""
    url = queue_on(aws, "quiet")
    alarm(aws, "quiet", AlarmActions=[f"{TOPIC}quiet"])
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.disable_alarm_actions(AlarmNames=["quiet"])
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="ALARM", StateReason="test")
    assert (shown(aws, "quiet")["ActionsEnabled"], state(aws, "quiet"), messages(aws, url)) == (False, "ALARM", [])
    cloudwatch.enable_alarm_actions(AlarmNames=["quiet"])
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="ALARM", StateReason="again")
    assert messages(aws, url) == []
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="OK", StateReason="test")
    cloudwatch.set_alarm_state(AlarmName="quiet", StateValue="ALARM", StateReason="test")
    assert [message["NewStateReason"] for message in messages(aws, url)] == ["test"]


def test_a_set_state_lasts_until_the_next_evaluation(aws: Any) -> None:
    """E2: SetAlarmState."""
    to_the_minute(aws)
    alarm(aws, "forced", TreatMissingData="notBreaching")
    aws.client("cloudwatch").set_alarm_state(
        AlarmName="forced", StateValue="ALARM", StateReason="drill", StateReasonData='{"who": "me"}'
    )
    found = shown(aws, "forced")
    assert (found["StateValue"], found["StateReason"], found["StateReasonData"]) == ("ALARM", "drill", '{"who": "me"}')
    aws.advance(60)
    assert state(aws, "forced") == "OK"


def test_a_function_as_an_action(aws: Any) -> None:
    """A Lambda action needs a permission for CloudWatch's principal; the event tells both states."""
    code = "import boto3, json\ndef handler(event, context):\n"
    code += "    boto3.client('s3').put_object(Bucket='alarm-events', Key='event', Body=json.dumps(event))\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", code)
    function = aws.client("lambda").create_function(
        FunctionName="on-alarm",
        Runtime="python3.11",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": archive.getvalue()},
        Timeout=30,
    )["FunctionArn"]
    aws.client("s3").create_bucket(Bucket="alarm-events")
    made = alarm(aws, "calls", AlarmActions=[function])
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="calls", StateValue="ALARM", StateReason="one")
    assert history(aws, "calls", "Action") == [f"Failed to execute action {function}"]
    aws.client("lambda").add_permission(
        FunctionName="on-alarm",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=made["AlarmArn"],
    )
    cloudwatch.set_alarm_state(AlarmName="calls", StateValue="OK", StateReason="two")
    cloudwatch.set_alarm_state(AlarmName="calls", StateValue="ALARM", StateReason="three")
    aws.settle()
    event = json.loads(aws.client("s3").get_object(Bucket="alarm-events", Key="event")["Body"].read())
    assert (event["source"], event["alarmArn"]) == ("aws.cloudwatch", made["AlarmArn"])
    assert event["alarmData"]["state"]["reason"] == "three"
    assert event["alarmData"]["previousState"]["value"] == "OK"


# -- describing -------------------------------------------------------------------------------------------------


def test_an_update_keeps_state_and_tags(aws: Any) -> None:
    """PutMetricAlarm on an existing alarm: a new configuration, the old state; tags are not for updates."""
    cloudwatch = aws.client("cloudwatch")
    made = alarm(aws, "kept", Tags=[{"Key": "team", "Value": "a"}])
    cloudwatch.set_alarm_state(AlarmName="kept", StateValue="OK", StateReason="fine")
    changed = alarm(aws, "kept", Threshold=99.0, Tags=[{"Key": "team", "Value": "b"}])
    assert (changed["Threshold"], changed["StateValue"], changed["StateReason"]) == (99.0, "OK", "fine")
    arn = made["AlarmArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "env", "Value": "dev"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "env", "Value": "dev"}]
    cloudwatch.delete_alarms(AlarmNames=["kept"])
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []
    assert history(aws, "kept", "ConfigurationUpdate")[-1] == 'Alarm "kept" deleted'


def test_finding_alarms(aws: Any) -> None:
    """By prefix, state, action and metric; in pages, by name."""
    for name in ("a-1", "a-2", "b-1"):
        alarm(aws, name, AlarmActions=[f"{TOPIC}{name}"])
    alarm(aws, "c-1", MetricName="Other", Period=300)
    cloudwatch = aws.client("cloudwatch")

    def names(**asked: Any) -> list[str]:
        return [found["AlarmName"] for found in cloudwatch.describe_alarms(**asked)["MetricAlarms"]]

    cloudwatch.set_alarm_state(AlarmName="a-2", StateValue="OK", StateReason="r")
    assert names(AlarmNamePrefix="a-") == ["a-1", "a-2"]
    assert names(StateValue="OK") == ["a-2"]
    assert names(ActionPrefix=f"{TOPIC}b") == ["b-1"]
    assert names(AlarmTypes=["CompositeAlarm"]) == []
    first = cloudwatch.describe_alarms(MaxRecords=3)
    assert names(MaxRecords=3, NextToken=first["NextToken"]) == ["c-1"]
    metric = {"Namespace": "App", "MetricName": "Other"}
    assert [a["AlarmName"] for a in cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"]] == ["c-1"]
    assert cloudwatch.describe_alarms_for_metric(**metric, Period=60)["MetricAlarms"] == []


def test_alarms_survive_a_snapshot(aws: Any) -> None:
    """State, history and evaluation go on where they were."""
    to_the_minute(aws)
    alarm(aws, "saved")
    put(aws, 11)
    aws.admin("PUT", "snapshots/with-alarm")
    aws.admin("POST", "reset")
    aws.admin("POST", "snapshots/with-alarm")
    aws.advance(60)
    assert state(aws, "saved") == "ALARM"
    aws.admin("DELETE", "snapshots/with-alarm")
