"""Metric math in GetMetricData and in alarms (E2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_cloudwatch_alarms import TOPIC, messages, put, queue_on, shown, state, to_the_minute


def metric(name: str, query: str, stat: str = "Sum", **more: Any) -> dict[str, Any]:
    named = {"Namespace": "App", "MetricName": name}
    return {"Id": query, "MetricStat": {"Metric": named, "Period": 60, "Stat": stat}, **more}


def data(aws: Any, *queries: dict[str, Any], minutes: int = 10) -> list[dict[str, Any]]:
    now = aws.now()
    answer = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=datetime.fromtimestamp(now - 60 * minutes, UTC),
        EndTime=datetime.fromtimestamp(now, UTC),
        ScanBy="TimestampAscending",
    )
    found: list[dict[str, Any]] = answer["MetricDataResults"]
    return found


def errors_and_requests(aws: Any) -> None:
    """Two minutes: 1 of 4, 3 of 6."""
    to_the_minute(aws)
    for errors, requests in ((1, 4), (3, 6)):
        for name, value in (("Errors", errors), ("Requests", requests)):
            aws.client("cloudwatch").put_metric_data(
                Namespace="App", MetricData=[{"MetricName": name, "Value": value, "Unit": "Count"}]
            )
        aws.advance(60)


def test_an_expression_over_two_metrics(aws: Any) -> None:
    errors_and_requests(aws)
    (rate,) = data(
        aws,
        {"Id": "rate", "Expression": "100 * errors / requests", "Label": "error rate"},
        metric("Errors", "errors", ReturnData=False),
        metric("Requests", "requests", ReturnData=False),
    )
    assert (rate["Id"], rate["Label"], rate["Values"], rate["StatusCode"]) == (
        "rate",
        "error rate",
        [25.0, 50.0],
        "Complete",
    )


def test_results_stand_in_the_order_of_the_queries(aws: Any) -> None:
    errors_and_requests(aws)
    results = data(
        aws,
        {"Id": "double", "Expression": "sum * 2"},
        {"Id": "sum", "Expression": "SUM(METRICS())"},
        metric("Errors", "errors"),
        metric("Requests", "requests", Label="all"),
    )
    assert [(each["Id"], each["Label"], each["Values"]) for each in results] == [
        ("double", "double", [10.0, 18.0]),
        ("sum", "sum", [5.0, 9.0]),
        ("errors", "Errors", [1.0, 3.0]),
        ("requests", "all", [4.0, 6.0]),
    ]


def test_fill_knows_the_periods_that_were_asked_for(aws: Any) -> None:
    errors_and_requests(aws)
    results = data(aws, {"Id": "e", "Expression": "FILL(m, 0)"}, metric("Errors", "m", ReturnData=False), minutes=4)
    assert results[0]["Values"] == [0.0, 0.0, 1.0, 3.0]


@pytest.mark.parametrize(
    ("queries", "code", "text"),
    [
        ([{"Id": "e", "Expression": "m +"}], "ValidationError", "Error in expression 'e'"),
        ([{"Id": "e", "Expression": "missing * 2"}], "ValidationError", "Undefined variable missing"),
        ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "ValidationError", "uses itself"),
        ([{"Id": "e", "Expression": "5"}], "ValidationError", "must return a time series"),
        ([{"Id": "E", "Expression": "5"}], "InvalidParameterValue", "not matching the expected pattern"),
        ([metric("M", "m"), metric("N", "m")], "InvalidParameterValue", "are not unique"),
        ([{"Id": "m"}], "InvalidParameterValue", "mutually exclusive"),
        ([{"Id": "e", "Expression": "SEARCH('{App} x', 'Sum', 60)"}], "NotEmulated", "SEARCH of metric math"),
    ],
)
def test_queries_that_can_not_be(aws: Any, queries: list[dict[str, Any]], code: str, text: str) -> None:
    with pytest.raises(ClientError) as failed:
        data(aws, *queries)
    error = failed.value.response["Error"]
    assert error["Code"] == code
    assert text in error["Message"]


ERROR_RATE = [
    {"Id": "rate", "Expression": "100 * errors / FILL(requests, 1)", "Label": "error rate", "ReturnData": True},
    metric("Errors", "errors", ReturnData=False),
    metric("Requests", "requests", ReturnData=False),
]


def test_an_alarm_on_math(aws: Any) -> None:
    url = queue_on(aws, "math")
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="error-rate",
        Metrics=ERROR_RATE,
        EvaluationPeriods=1,
        Threshold=40,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[f"{TOPIC}math"],
    )
    made = shown(aws, "error-rate")
    assert made["Metrics"] == ERROR_RATE
    assert {"MetricName", "Namespace", "Statistic", "Period"}.isdisjoint(made)
    errors_and_requests(aws)
    assert state(aws, "error-rate") == "ALARM"
    alarmed = shown(aws, "error-rate")
    assert "1 datapoint [50.0 " in alarmed["StateReason"]
    (told,) = messages(aws, url)
    assert [each["Id"] for each in told["Trigger"]["Metrics"]] == ["rate", "errors", "requests"]
    assert told["Trigger"]["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] == []
    assert "MetricName" not in told["Trigger"]


@pytest.mark.parametrize(
    "more",
    [
        {"MetricName": "M"},
        {"Metrics": [metric("M", "m"), metric("N", "n")]},
        {"Metrics": [metric("M", "m", ReturnData=False)]},
        {"Metrics": [{"Id": "e", "Expression": "m * 2"}]},
    ],
)
def test_alarms_on_math_that_can_not_be(aws: Any, more: dict[str, Any]) -> None:
    settings = {"Metrics": ERROR_RATE, "ComparisonOperator": "GreaterThanThreshold", **more}
    with pytest.raises(ClientError) as failed:
        aws.client("cloudwatch").put_metric_alarm(AlarmName="bad", EvaluationPeriods=1, Threshold=1.0, **settings)
    assert failed.value.response["Error"]["Code"] == "ValidationError"
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def composite(aws: Any, name: str, rule: str, **more: Any) -> None:
    aws.client("cloudwatch").put_composite_alarm(AlarmName=name, AlarmRule=rule, **more)


def composite_shown(aws: Any, name: str) -> dict[str, Any]:
    answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    (found,) = answer["CompositeAlarms"]
    return dict(found)


def simple_alarm(aws: Any, name: str) -> None:
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="App",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
    )


def set_state(aws: Any, name: str, value: str) -> None:
    aws.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=value, StateReason="test")


def test_a_composite_alarm_follows_its_alarms(aws: Any) -> None:
    """E2: by rule, without missing-data logic; the reason names the alarm that changed."""
    url = queue_on(aws, "composite")
    simple_alarm(aws, "a")
    simple_alarm(aws, "b")
    composite(aws, "both", 'ALARM("a") AND (ALARM(b) OR FALSE)', AlarmActions=[f"{TOPIC}composite"])
    assert composite_shown(aws, "both")["StateValue"] == "OK"
    composite(aws, "above", "ALARM(both) AND NOT OK(a)")
    set_state(aws, "a", "ALARM")
    assert composite_shown(aws, "both")["StateValue"] == "OK"
    set_state(aws, "b", "ALARM")
    found = composite_shown(aws, "both")
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"].startswith(
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:b transitioned to ALARM at "
    )
    assert composite_shown(aws, "above")["StateValue"] == "ALARM"
    (told,) = messages(aws, url)
    assert (told["AlarmName"], told["AlarmRule"]) == ("both", 'ALARM("a") AND (ALARM(b) OR FALSE)')
    assert "Trigger" not in told
    set_state(aws, "a", "OK")
    assert [composite_shown(aws, name)["StateValue"] for name in ("both", "above")] == ["OK", "OK"]


def test_composite_alarms_are_shown_where_they_are_asked_for(aws: Any) -> None:
    client = aws.client("cloudwatch")
    simple_alarm(aws, "a")
    composite(aws, "c", "ALARM(arn:aws:cloudwatch:us-east-1:000000000000:alarm:a)", AlarmDescription="told")
    assert client.describe_alarms()["CompositeAlarms"] == []
    both = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert [each["AlarmName"] for each in (*both["MetricAlarms"], *both["CompositeAlarms"])] == ["a", "c"]
    arn = composite_shown(aws, "c")["AlarmArn"]
    client.tag_resource(ResourceARN=arn, Tags=[{"Key": "team", "Value": "x"}])
    assert client.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "x"}]
    client.disable_alarm_actions(AlarmNames=["c"])
    assert composite_shown(aws, "c")["ActionsEnabled"] is False
    kinds = {each["AlarmType"] for each in client.describe_alarm_history(AlarmName="c")["AlarmHistoryItems"]}
    assert kinds == {"CompositeAlarm"}
    client.delete_alarms(AlarmNames=["c"])
    assert client.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


@pytest.mark.parametrize(
    "rule",
    ["", "ALARM(a", "ALARM()", "PERHAPS(a)", "ALARM(a) ALARM(b)", "ALARM(nobody)", "ALARM(c)", "(" * 300 + "TRUE"],
)
def test_rules_that_can_not_be(aws: Any, rule: str) -> None:
    simple_alarm(aws, "a")
    simple_alarm(aws, "b")
    with pytest.raises(ClientError) as failed:
        composite(aws, "c", rule)
    assert failed.value.response["Error"]["Code"] == "ValidationError"


def test_rules_make_no_cycle(aws: Any) -> None:
    simple_alarm(aws, "a")
    composite(aws, "one", "ALARM(a)")
    composite(aws, "two", "ALARM(one)")
    with pytest.raises(ClientError, match="cycle"):
        composite(aws, "one", "ALARM(two)")
    assert composite_shown(aws, "one")["AlarmRule"] == "ALARM(a)"


def test_a_name_is_of_one_kind(aws: Any) -> None:
    simple_alarm(aws, "a")
    with pytest.raises(ClientError, match="another type"):
        composite(aws, "a", "TRUE")
    composite(aws, "c", "TRUE")
    with pytest.raises(ClientError, match="another type"):
        simple_alarm(aws, "c")


def test_composites_come_back_with_a_snapshot(aws: Any) -> None:
    simple_alarm(aws, "a")
    composite(aws, "c", "ALARM(a)")
    aws.admin("PUT", "snapshots/composites")
    aws.admin("POST", "reset")
    aws.admin("POST", "snapshots/composites")
    aws.admin("DELETE", "snapshots/composites")
    put(aws, 50)
    set_state(aws, "a", "ALARM")
    assert composite_shown(aws, "c")["StateValue"] == "ALARM"
