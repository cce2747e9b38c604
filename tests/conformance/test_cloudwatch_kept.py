"""Dashboards, anomaly detectors and metric streams: stored and read back as AWS does, without an effect (E2)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

WIDGET = {"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": {"metrics": [["App", "M"]]}}
ROLE = "arn:aws:iam::000000000000:role/streams"
FIREHOSE = "arn:aws:firehose:us-east-1:000000000000:deliverystream/metrics"


def test_a_dashboard(aws: Any) -> None:
    client = aws.client("cloudwatch")
    body = json.dumps({"widgets": [WIDGET]})
    answer = client.put_dashboard(DashboardName="pipeline", DashboardBody=body)
    assert answer["DashboardValidationMessages"] == []
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-harness-kept"] == "Dashboard"
    got = client.get_dashboard(DashboardName="pipeline")
    assert (got["DashboardArn"], got["DashboardBody"]) == (
        "arn:aws:cloudwatch::000000000000:dashboard/pipeline",
        body,
    )
    client.put_dashboard(DashboardName="other", DashboardBody='{"widgets": []}')
    (entry,) = client.list_dashboards(DashboardNamePrefix="pipe")["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("pipeline", len(body))
    assert [one["setting"] for one in aws.admin("GET", "kept")["kept"]] == ["Dashboard", "Dashboard"]
    client.delete_dashboards(DashboardNames=["pipeline"])
    with pytest.raises(ClientError) as failed:
        client.get_dashboard(DashboardName="pipeline")
    assert failed.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(ClientError, match="does not exist"):
        client.delete_dashboards(DashboardNames=["other", "pipeline"])
    assert len(client.list_dashboards()["DashboardEntries"]) == 1


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("with space", '{"widgets": []}', "InvalidParameterValue"),
        ("d", "{", "InvalidParameterInput"),
        ("d", "[]", "InvalidParameterInput"),
        ("d", "{}", "InvalidParameterInput"),
        ("d", '{"widgets": [1]}', "InvalidParameterInput"),
        ("d", '{"widgets": [{"type": "poster", "properties": {}}]}', "InvalidParameterInput"),
        ("d", '{"widgets": [{"type": "text"}]}', "InvalidParameterInput"),
    ],
)
def test_dashboards_that_can_not_be(aws: Any, name: str, body: str, code: str) -> None:
    client = aws.client("cloudwatch")
    with pytest.raises(ClientError) as failed:
        client.put_dashboard(DashboardName=name, DashboardBody=body)
    assert failed.value.response["Error"]["Code"] == code
    assert client.list_dashboards()["DashboardEntries"] == []


def test_an_anomaly_detector(aws: Any) -> None:
    client = aws.client("cloudwatch")
    single = {"Namespace": "App", "MetricName": "M", "Stat": "Sum", "Dimensions": [{"Name": "a", "Value": "b"}]}
    client.put_anomaly_detector(SingleMetricAnomalyDetector=single)
    client.put_anomaly_detector(Namespace="App", MetricName="N", Stat="Average")
    found = client.describe_anomaly_detectors(Namespace="App")["AnomalyDetectors"]
    assert [each["SingleMetricAnomalyDetector"]["MetricName"] for each in found] == ["M", "N"]
    assert {each["StateValue"] for each in found} == {"PENDING_TRAINING"}
    client.delete_anomaly_detector(SingleMetricAnomalyDetector=single)
    with pytest.raises(ClientError) as failed:
        client.delete_anomaly_detector(SingleMetricAnomalyDetector=single)
    assert failed.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert [one["setting"] for one in aws.admin("GET", "kept")["kept"]] == ["AnomalyDetector"]
    with pytest.raises(ClientError) as failed:
        client.put_anomaly_detector(Namespace="App", MetricName="N", SingleMetricAnomalyDetector=single)
    assert failed.value.response["Error"]["Code"] == "InvalidParameterCombination"


def test_a_metric_stream(aws: Any) -> None:
    client = aws.client("cloudwatch")
    given = {"FirehoseArn": FIREHOSE, "RoleArn": ROLE, "OutputFormat": "json"}
    arn = client.put_metric_stream(Name="all", IncludeFilters=[{"Namespace": "App"}], **given)["Arn"]
    assert arn == "arn:aws:cloudwatch:us-east-1:000000000000:metric-stream/all"
    client.stop_metric_streams(Names=["all"])
    got = client.get_metric_stream(Name="all")
    assert (got["State"], got["IncludeFilters"], got["FirehoseArn"]) == ("stopped", [{"Namespace": "App"}], FIREHOSE)
    client.start_metric_streams(Names=["all"])
    assert [each["State"] for each in client.list_metric_streams()["Entries"]] == ["running"]
    with pytest.raises(ClientError, match="mutually exclusive"):
        client.put_metric_stream(
            Name="all", IncludeFilters=[{"Namespace": "A"}], ExcludeFilters=[{"Namespace": "B"}], **given
        )
    client.delete_metric_stream(Name="all")
    with pytest.raises(ClientError) as failed:
        client.get_metric_stream(Name="all")
    assert failed.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert aws.admin("GET", "kept")["kept"] == []
