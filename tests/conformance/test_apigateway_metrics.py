"""API Gateway's CloudWatch metrics (D8), for REST APIs and HTTP APIs."""

from __future__ import annotations

from typing import Any

from tests.conformance.apigateway_api import Api
from tests.conformance.metrics import metric, metric_names
from tests.conftest import Aws

APIGATEWAY = "AWS/ApiGateway"


def test_no_requests_no_metrics(aws: Aws) -> None:
    """A request to a stage that is not there is nobody's."""
    api = Api(aws, "quiet")
    api.mock("/")
    api.deploy()
    assert api.send("GET", "/none/").status_code == 403
    assert metric_names(aws, APIGATEWAY, ApiName="quiet") == set()
    client = aws.client("apigatewayv2")
    quiet = client.create_api(Name="quiet", ProtocolType="HTTP")["ApiId"]
    assert aws.http.get(f"/_aws/execute-api/{quiet}/none/").status_code == 404
    assert metric_names(aws, APIGATEWAY, ApiId=quiet) == set()


def test_errors_of_a_rest_api(aws: Aws) -> None:
    """4XXError and 5XXError are rates: zero for the other requests. No integration, no IntegrationLatency."""
    api = Api(aws, "errors")
    api.mock("/ok")
    uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
    function = "arn:aws:lambda:us-east-1:000000000000:function:none"
    broken = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": f"{uri}{function}/invocations"}
    api.method("/broken", "GET", broken)
    api.deploy()
    assert [api.send("GET", f"/test/{path}").status_code for path in ("ok", "none", "broken")] == [200, 403, 500]
    for dimensions in ({"ApiName": "errors"}, {"ApiName": "errors", "Stage": "test"}):
        assert metric(aws, APIGATEWAY, "Count", **dimensions) == (3, 3, 1, "Count")
        assert metric(aws, APIGATEWAY, "4XXError", **dimensions) == (1, 3, 1, "Count")
        assert metric(aws, APIGATEWAY, "5XXError", **dimensions) == (1, 3, 1, "Count")
        _, count, most, unit = metric(aws, APIGATEWAY, "Latency", **dimensions)
        assert (count, most < 30_000, unit) == (3, True, "Milliseconds")
        assert metric(aws, APIGATEWAY, "IntegrationLatency", **dimensions)[1] == 2


def test_detailed_metrics_of_a_method(aws: Aws) -> None:
    """D8: dimensions Method and Resource, where the method's settings enable metrics."""
    api = Api(aws, "detailed")
    api.mock("/items/{id}")
    api.deploy()
    path = {"ApiName": "detailed", "Stage": "test", "Method": "GET", "Resource": "/items/{id}"}
    api.send("GET", "/test/items/1")
    assert metric_names(aws, APIGATEWAY, **path) == set()
    api.patch_stage("test", ("replace", "/*/*/metrics/enabled", "true"))
    api.send("GET", "/test/items/2")
    assert metric(aws, APIGATEWAY, "Count", **path) == (1, 1, 1, "Count")
    assert metric(aws, APIGATEWAY, "Count", ApiName="detailed")[0] == 2


def http_api(aws: Aws, **stage: Any) -> str:
    """An HTTP API with a route to a stream, its stage `live`."""
    client = aws.client("apigatewayv2")
    aws.client("kinesis").create_stream(StreamName="measured", ShardCount=1)
    api_id = str(client.create_api(Name="measured", ProtocolType="HTTP")["ApiId"])
    integration = client.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationSubtype="Kinesis-PutRecord",
        PayloadFormatVersion="1.0",
        CredentialsArn="arn:aws:iam::000000000000:role/apigateway",
        RequestParameters={
            "StreamName": "measured",
            "Data": "$request.body.data",
            "PartitionKey": "$request.body.key",
        },
    )["IntegrationId"]
    client.create_route(ApiId=api_id, RouteKey="POST /put", Target=f"integrations/{integration}")
    client.create_stage(ApiId=api_id, StageName="live", AutoDeploy=True, **stage)
    return api_id


def test_an_http_api(aws: Aws) -> None:
    """D8: names in lower case, dimensions ApiId and Stage, the bytes of both bodies."""
    api_id = http_api(aws)
    url = f"/_aws/execute-api/{api_id}/live/"
    good = aws.http.post(url + "put", json={"data": "ZGF0YQ==", "key": "k"})
    bad = aws.http.post(url + "put", json={})
    missing = aws.http.post(url + "none")
    assert [answer.status_code for answer in (good, bad, missing)] == [200, 400, 404]
    size = sum(len(answer.content) + len(answer.request.content) for answer in (good, bad, missing))
    for dimensions in ({"ApiId": api_id}, {"ApiId": api_id, "Stage": "live"}):
        assert metric(aws, APIGATEWAY, "Count", **dimensions) == (3, 3, 1, "Count")
        assert metric(aws, APIGATEWAY, "4xx", **dimensions) == (2, 3, 1, "Count")
        assert metric(aws, APIGATEWAY, "5xx", **dimensions) == (0, 3, 0, "Count")
        assert metric(aws, APIGATEWAY, "Latency", **dimensions)[1:4:2] == (3, "Milliseconds")
        assert metric(aws, APIGATEWAY, "IntegrationLatency", **dimensions)[1] == 2
        total, count, _, unit = metric(aws, APIGATEWAY, "DataProcessed", **dimensions)
        assert (total, count, unit) == (size, 3, "Bytes")
    detailed = {"ApiId": api_id, "Stage": "live", "Method": "POST", "Resource": "/put"}
    assert metric_names(aws, APIGATEWAY, **detailed) == set()


def test_detailed_metrics_of_a_route(aws: Aws) -> None:
    """D8: with DetailedMetricsEnabled, by route."""
    api_id = http_api(aws, DefaultRouteSettings={"DetailedMetricsEnabled": True})
    aws.http.post(f"/_aws/execute-api/{api_id}/live/put", json={"data": "ZGF0YQ==", "key": "k"})
    detailed = {"ApiId": api_id, "Stage": "live", "Method": "POST", "Resource": "/put"}
    assert metric(aws, APIGATEWAY, "Count", **detailed) == (1, 1, 1, "Count")
