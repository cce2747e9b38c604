"""CloudWatch's metrics: written, listed, read, in all its protocols (E2)."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import cbor2
import pytest
from botocore.exceptions import ClientError

XML = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
DIMENSIONS = [{"Name": "Host", "Value": "a"}, {"Name": "App", "Value": "b"}]


def at(aws: Any, seconds: float) -> datetime:
    return datetime.fromtimestamp(aws.now() + seconds, UTC)


def put(aws: Any, name: str, *values: float, **more: Any) -> None:
    data = [{"MetricName": name, "Value": value, **more} for value in values]
    aws.client("cloudwatch").put_metric_data(Namespace="App", MetricData=data)


def read(aws: Any, name: str, *statistics: str, **more: Any) -> list[dict[str, Any]]:
    simple = [each for each in statistics if each[0] != "p"]
    extended = [each for each in statistics if each[0] == "p"]
    kinds = {"Statistics": simple} if simple else {"ExtendedStatistics": extended}
    asked = {"StartTime": at(aws, -3600), "EndTime": at(aws, 60), "Period": 3600, **kinds, **more}
    found = aws.client("cloudwatch").get_metric_statistics(Namespace="App", MetricName=name, **asked)
    return sorted(found["Datapoints"], key=lambda point: point["Timestamp"])


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    error = failed.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({}, "InvalidParameterValue"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 30}, "InvalidParameterValue"),
        ({"Value": 1.0, "Unit": "Furlongs"}, "ValidationError"),
        ({"Value": 1.0, "Timestamp": -15 * 86400}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": 3 * 3600}, "InvalidParameterValue"),
        (
            {"StatisticValues": {"SampleCount": 0.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 2.0}},
            "InvalidParameterValue",
        ),
    ],
)
def test_one_wrong_datum_rejects_them_all(aws: Any, datum: dict[str, Any], code: str) -> None:
    """E2: values, statistic sets, timestamps up to two weeks back and two hours ahead."""
    if "Timestamp" in datum:
        datum = {**datum, "Timestamp": at(aws, datum["Timestamp"])}
    cloudwatch = aws.client("cloudwatch")
    data = [{"MetricName": "Good", "Value": 1.0}, {"MetricName": "Bad", **datum}]
    assert refused(cloudwatch.put_metric_data, Namespace="App", MetricData=data)[0] == code
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_namespaces_of_aws_are_not_for_callers(aws: Any) -> None:
    call = aws.client("cloudwatch").put_metric_data
    error = refused(call, Namespace="AWS/Lambda", MetricData=[{"MetricName": "Errors", "Value": 1.0}])
    assert error == ("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Period": 45}, "InvalidParameterValue"),
        ({"Period": 0}, "ValidationError"),
        ({"EndTime": -7200.0}, "InvalidParameterValue"),
        ({"Statistics": []}, "ValidationError"),
        ({"Statistics": None}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination"),
        ({"Statistics": None, "ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ({"Statistics": None, "ExtendedStatistics": ["tm90"]}, "NotEmulated"),
        ({"StartTime": -90000.0, "Period": 60}, "InvalidParameterCombination"),
    ],
)
def test_statistics_that_can_not_be(aws: Any, change: dict[str, Any], code: str) -> None:
    """E2: at most 1,440 datapoints, periods that are multiples of 60."""
    asked = {"StartTime": -3600.0, "EndTime": 0.0, "Period": 60, "Statistics": ["Sum"], **change}
    arguments = {
        name: at(aws, value) if isinstance(value, float) else value
        for name, value in asked.items()
        if value is not None
    }
    call = aws.client("cloudwatch").get_metric_statistics
    assert refused(call, Namespace="App", MetricName="M", **arguments)[0] == code


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_metric_data", {"MetricDataQueries": [], "MaxDatapoints": 5}),
        ("list_metrics", {"IncludeLinkedAccounts": True}),
    ],
)
def test_what_is_not_there_is_refused_by_name(aws: Any, operation: str, arguments: dict[str, Any]) -> None:
    """Law 1."""
    if operation == "get_metric_data":
        arguments = {"StartTime": at(aws, -60), "EndTime": at(aws, 0), **arguments}
    assert refused(getattr(aws.client("cloudwatch"), operation), **arguments)[0] == "NotEmulated"


def test_dimension_sets_are_exact(aws: Any) -> None:
    """E2: no roll-up; the order of the dimensions means nothing."""
    put(aws, "M", 1, Dimensions=DIMENSIONS)
    put(aws, "M", 2, Dimensions=DIMENSIONS[::-1])
    put(aws, "M", 10)
    assert [point["Sum"] for point in read(aws, "M", "Sum", Dimensions=DIMENSIONS)] == [3]
    assert [point["Sum"] for point in read(aws, "M", "Sum")] == [10]
    assert read(aws, "M", "Sum", Dimensions=DIMENSIONS[:1]) == []
    found = aws.client("cloudwatch").list_metrics(Dimensions=[{"Name": "Host"}])["Metrics"]
    assert [metric["Dimensions"] for metric in found] == [DIMENSIONS[::-1]]
    assert aws.client("cloudwatch").list_metrics(Dimensions=[{"Name": "Host", "Value": "z"}])["Metrics"] == []


def test_statistics_by_period_and_unit(aws: Any) -> None:
    """E2: datapoints of different units stay apart; statistics need a matching unit if one is asked for."""
    aws.advance(60 - aws.now() % 60)
    put(aws, "Size", 4, 8, Unit="Bytes")
    put(aws, "Size", 1, Unit="Count")
    aws.advance(60)
    put(aws, "Size", 6, Unit="Bytes")
    first, last = read(aws, "Size", "Sum", "Average", "Minimum", "Maximum", "SampleCount", Period=60, Unit="Bytes")
    values = {name: value for name, value in first.items() if name != "Timestamp"}
    assert values == {"Sum": 12, "Average": 6, "Minimum": 4, "Maximum": 8, "SampleCount": 2, "Unit": "Bytes"}
    assert last["Timestamp"] - first["Timestamp"] == timedelta(seconds=60)
    assert {point["Unit"] for point in read(aws, "Size", "Sum")} == {"Bytes", "Count"}
    assert read(aws, "Size", "Sum", Unit="Seconds") == []


def test_percentiles(aws: Any) -> None:
    """E2 and the API's text: of raw values, not of statistic sets."""
    cloudwatch = aws.client("cloudwatch")
    values = [float(value) for value in range(1, 102)]
    cloudwatch.put_metric_data(Namespace="App", MetricData=[{"MetricName": "P", "Values": values}])
    (point,) = read(aws, "P", "p50", "p99", "p100")
    assert point["ExtendedStatistics"] == {"p50": 51, "p99": 100, "p100": 101}
    sets = {"SampleCount": 3.0, "Sum": 6.0, "Minimum": 1.0, "Maximum": 3.0}
    cloudwatch.put_metric_data(Namespace="App", MetricData=[{"MetricName": "S", "StatisticValues": sets}])
    assert read(aws, "S", "p50")[0].get("ExtendedStatistics", {}) == {}
    assert read(aws, "S", "Average")[0]["Average"] == 2


def test_metric_data(aws: Any) -> None:
    """GetMetricData: newest first, one list a query, hidden queries left out."""
    aws.advance(300 - aws.now() % 300)
    put(aws, "M", 1)
    aws.advance(300)
    put(aws, "M", 2, 4)

    def query(name: str, **more: Any) -> dict[str, Any]:
        metric = {"Namespace": "App", "MetricName": "M"}
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Average"}, **more}

    arguments = {"StartTime": at(aws, -400), "EndTime": at(aws, 60)}
    queries = [query("a"), query("b", ReturnData=False), query("c", Label="shown")]
    found = aws.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **arguments)["MetricDataResults"]
    assert [(each["Id"], each["Label"], each["Values"]) for each in found] == [
        ("a", "M", [3, 1]),
        ("c", "shown", [3, 1]),
    ]
    (oldest_first,) = aws.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query("a")], ScanBy="TimestampAscending", **arguments
    )["MetricDataResults"]
    assert oldest_first["Values"] == [1, 3]
    assert oldest_first["Timestamps"] == sorted(oldest_first["Timestamps"])


def test_recently_active_metrics(aws: Any) -> None:
    """ListMetrics: PT3H is the last three hours."""
    put(aws, "Old", 1)
    aws.advance(4 * 3600)
    put(aws, "New", 1)
    cloudwatch = aws.client("cloudwatch")
    assert [metric["MetricName"] for metric in cloudwatch.list_metrics()["Metrics"]] == ["Old", "New"]
    recent = cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"]
    assert [metric["MetricName"] for metric in recent] == ["New"]


def test_pages_of_metrics(aws: Any) -> None:
    """500 a page; a token that nobody gave out is InvalidNextToken."""
    cloudwatch = aws.client("cloudwatch")
    data = [{"MetricName": f"M{number}", "Value": 1.0} for number in range(600)]
    cloudwatch.put_metric_data(Namespace="Many", MetricData=data)
    first = cloudwatch.list_metrics(Namespace="Many")
    second = cloudwatch.list_metrics(Namespace="Many", NextToken=first["NextToken"])
    assert (len(first["Metrics"]), len(second["Metrics"]), "NextToken" in second) == (500, 100, False)
    assert refused(cloudwatch.list_metrics, NextToken="nonsense")[0] == "InvalidNextToken"


def test_the_query_protocol(aws: Any) -> None:
    """Older SDKs: form fields in, XML out."""

    def call(action: str, **fields: str) -> Any:
        form = {"Action": action, "Version": "2010-08-01", **fields}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return aws.http.post("/", content=urlencode(form), headers=headers)

    fields = {
        "Namespace": "App",
        "MetricData.member.1.MetricName": "Q&A",
        "MetricData.member.1.Value": "2.5",
        "MetricData.member.1.Dimensions.member.1.Name": "Host",
        "MetricData.member.1.Dimensions.member.1.Value": "<a>",
    }
    answer = call("PutMetricData", **fields)
    assert answer.status_code == 200
    assert answer.text.startswith('<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">')
    listed = ElementTree.fromstring(call("ListMetrics").content)
    (metric,) = listed.findall(f"{XML}ListMetricsResult/{XML}Metrics/{XML}member")
    assert metric.findtext(f"{XML}MetricName") == "Q&A"
    assert metric.findtext(f"{XML}Dimensions/{XML}member/{XML}Value") == "<a>"
    times = {"StartTime": at(aws, -60).isoformat(), "EndTime": at(aws, 60).strftime("%Y-%m-%dT%H:%M:%SZ")}
    read_back = call(
        "GetMetricStatistics",
        **times,
        **{"Namespace": "App", "MetricName": "Q&A", "Period": "60", "Statistics.member.1": "Sum"},
        **{"Dimensions.member.1.Name": "Host", "Dimensions.member.1.Value": "<a>"},
    )
    point = ElementTree.fromstring(read_back.content).find(f".//{XML}Datapoints/{XML}member")
    assert point is not None and point.findtext(f"{XML}Sum") == "2.5"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Action": "PutMetricData"}, "ValidationError"),
        ({"Action": "NoSuchThing"}, "InvalidAction"),
        ({"Action": "PutMetricData", "Namespace": "N", "MetricData.member.x": "1"}, "ValidationError"),
        ({"Action": "PutMetricData", "Namespace": "N", "Namespace.a": "1"}, "ValidationError"),
        ({"Action": "PutMetricData", "Namespace": "N", "MetricData.member.1.Value": "much"}, "ValidationError"),
        (
            {
                "Action": "PutMetricData",
                "Namespace": "N",
                "MetricData.member.1.MetricName": "M",
                "MetricData.member.1.Value": "NaN",
            },
            "InvalidParameterValue",
        ),
        ({"Action": "PutInsightRule", "RuleName": "r", "RuleDefinition": "{}"}, "NotEmulated"),
        ({"Action": "SetAlarmState", "AlarmName": "n", "StateValue": "OK", "StateReason": "r"}, "ResourceNotFound"),
    ],
)
def test_bad_query_input(aws: Any, fields: dict[str, str], code: str) -> None:
    """Errors in XML, by their Query codes."""
    form = urlencode({"Version": "2010-08-01", **fields})
    answer = aws.http.post("/", content=form, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code >= 400
    assert ElementTree.fromstring(answer.content).findtext(".//Code") == code


def test_the_json_protocol(aws: Any) -> None:
    """AWS JSON 1.0; the Query code of an error is in a header."""
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "GraniteServiceVersion20100801.SetAlarmState",
    }
    body = json.dumps({"AlarmName": "none", "StateValue": "OK", "StateReason": "r"})
    answer = aws.http.post("/", content=body, headers=headers)
    assert (answer.status_code, answer.json()["__type"]) == (404, "ResourceNotFound")
    assert answer.headers["x-amzn-query-error"] == "ResourceNotFound;Sender"


def test_the_cbor_protocol(aws: Any) -> None:
    """Smithy RPC v2: times with tag 1, gzip for large bodies."""
    path = "/service/GraniteServiceVersion20100801/operation/"
    headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    now = datetime.fromtimestamp(int(aws.now()), UTC)
    data = [{"MetricName": "C", "Value": 3.0, "Timestamp": now}]
    body = gzip.compress(cbor2.dumps({"Namespace": "App", "MetricData": data}, datetime_as_timestamp=True))
    answer = aws.http.post(path + "PutMetricData", content=body, headers={**headers, "content-encoding": "gzip"})
    assert (answer.status_code, answer.headers["smithy-protocol"]) == (200, "rpc-v2-cbor")
    (point,) = read(aws, "C", "Sum", Period=60)
    assert (point["Sum"], point["Timestamp"]) == (3, now.replace(second=0))
    broken = aws.http.post(path + "PutMetricData", content=b"\xff", headers=headers)
    assert cbor2.loads(broken.content)["__type"] == "SerializationException"
    bad = aws.http.post(path + "PutMetricData", content=b"no gzip", headers={**headers, "content-encoding": "gzip"})
    assert bad.status_code == 400
    cut = aws.http.post(path + "PutMetricData", content=body[:-9], headers={**headers, "content-encoding": "gzip"})
    bomb = aws.http.post(
        path + "PutMetricData",
        content=gzip.compress(bytes(70_000_000), 1),
        headers={**headers, "content-encoding": "gzip"},
    )
    assert (cut.status_code, bomb.status_code) == (400, 400)
    missing = aws.http.post(path + "PutMetricData", content=cbor2.dumps({}), headers=headers)
    assert cbor2.loads(missing.content)["__type"] == "ValidationException"
    assert missing.headers["x-amzn-query-error"] == "ValidationError;Sender"
