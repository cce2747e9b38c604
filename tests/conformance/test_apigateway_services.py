"""REST APIs in front of AWS services (D3, D4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.apigateway_api import ACCOUNT, Api, kinesis_integration, service_uri
from tests.conftest import Aws


@pytest.fixture
def stream(aws: Aws) -> str:
    aws.client("kinesis").create_stream(StreamName="events", ShardCount=1)
    return "events"


def records(aws: Aws, stream: str) -> list[dict[str, Any]]:
    kinesis = aws.client("kinesis")
    shard = kinesis.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found: list[dict[str, Any]] = kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return found


def test_an_unknown_stream_arrives_as_backend_400_and_needs_a_pattern(aws: Aws, stream: str) -> None:
    """D3: HTTP/AWS services are matched by the backend's status; without a match and a default it is a 500 (F2 37)."""
    api = Api(aws)
    api.method("/mapped", "POST", kinesis_integration("missing"), {"200": {}, "400": {"selectionPattern": "4\\d{2}"}})
    only_200 = {"200": {"selectionPattern": "200"}}
    api.method("/unmapped", "POST", kinesis_integration("missing"), only_200)
    api.deploy()
    mapped = api.send("POST", "/test/mapped", json={"key": "a"})
    assert mapped.status_code == 400
    assert mapped.json()["__type"].endswith("ResourceNotFoundException")
    unmapped = api.send("POST", "/test/unmapped", json={"key": "a"})
    assert unmapped.status_code == 500
    assert unmapped.text == '{"message": "Internal server error"}'
    assert unmapped.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_post_becomes_a_kinesis_record(aws: Aws, stream: str) -> None:
    """D3: the body of PutRecord goes through; D4: $input.json is JSON text, base64Encode makes Data."""
    api = Api(aws)
    api.method("/events", "POST", kinesis_integration(stream), {"200": {}})
    api.deploy()
    answer = api.send("POST", "/test/events", json={"key": "k1", "n": [1, {"a": "ü"}]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["ShardId"] == "shardId-000000000000"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-requestid"] and answer.headers["x-amz-apigw-id"]
    (record,) = records(aws, stream)
    assert json.loads(record["Data"]) == {"key": "k1", "n": [1, {"a": "ü"}]}
    assert record["PartitionKey"] == "k1"
    assert record["SequenceNumber"] == answer.json()["SequenceNumber"]


def test_a_batch_template_with_foreach_becomes_put_records(aws: Aws, stream: str) -> None:
    """D3, D4: `/events/batch/{type}`, a foreach over the body's records and the stream's name from the path."""
    api = Api(aws)
    template = """{
      "StreamName": "$input.params('type')",
      "Records": [
        #foreach($record in $input.path('$.records'))
        {
          "Data": "$util.base64Encode($record.data)",
          "PartitionKey": "$record.partitionKey"
        }#if($foreach.hasNext),#end
        #end
      ]
    }"""
    integration = kinesis_integration(stream, template) | {
        "uri": service_uri("kinesis", "PutRecords"),
        "requestParameters": {"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
    }
    api.method("/events/batch/{type}", "POST", integration, {"200": {}})
    api.deploy()
    sent = [{"data": json.dumps({"n": n}), "partitionKey": f"p{n}"} for n in range(3)]
    answer = api.send("POST", f"/test/events/batch/{stream}", json={"records": sent})
    assert answer.status_code == 200, answer.text
    assert answer.json()["FailedRecordCount"] == 0
    assert [(r["Data"].decode(), r["PartitionKey"]) for r in records(aws, stream)] == [
        (item["data"], item["partitionKey"]) for item in sent
    ]


def test_response_template_and_headers_hide_the_service(aws: Aws, stream: str) -> None:
    """D3: response templates and parameters make the method response."""
    api = Api(aws)
    responses = {
        "202": {
            "responseTemplates": {"application/json": '{"id": "$input.path(\'$.SequenceNumber\')"}'},
            "responseParameters": {
                "method.response.header.Access-Control-Allow-Origin": "'*'",
                "method.response.header.X-Shard": "integration.response.body.ShardId",
            },
        }
    }
    api.method("/events", "POST", kinesis_integration(stream), responses)
    api.deploy()
    answer = api.send("POST", "/test/events", json={"key": "k"})
    assert answer.status_code == 202
    assert answer.json() == {"id": records(aws, stream)[0]["SequenceNumber"]}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-shard"] == "shardId-000000000000"


def test_sqs_by_path_and_query_protocol(aws: Aws) -> None:
    """D3: `sqs:path/<account>/<queue>` with a form-encoded template, the usual way to SQS."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    api = Api(aws)
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:sqs:path/{ACCOUNT}/orders",
        "credentials": f"arn:aws:iam::{ACCOUNT}:role/apigateway",
        "requestParameters": {"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        "requestTemplates": {"application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
    }
    api.method("/orders", "POST", integration, {"200": {}})
    api.deploy()
    answer = api.send("POST", "/test/orders", json={"order": "a b&c"})
    assert answer.status_code == 200, answer.text
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"order": "a b&c"}


def test_s3_by_path(aws: Aws) -> None:
    """D3: `s3:path/{bucket}/{key}` with mapped path parameters."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="uploads")
    api = Api(aws)
    names = ("bucket", "key")
    integration = {
        "type": "AWS",
        "integrationHttpMethod": "PUT",
        "uri": "arn:aws:apigateway:us-east-1:s3:path/{bucket}/{key}",
        "credentials": f"arn:aws:iam::{ACCOUNT}:role/apigateway",
        "requestParameters": {f"integration.request.path.{name}": f"method.request.path.{name}" for name in names},
    }
    declared = {f"method.request.path.{name}": True for name in names}
    api.method("/{bucket}/{key}", "PUT", integration, {"200": {}}, requestParameters=declared)
    api.deploy()
    answer = api.send("PUT", "/test/uploads/a%20b.txt", content=b"data", headers={"content-type": "text/plain"})
    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket="uploads", Key="a b.txt")["Body"].read() == b"data"


def test_firehose_put_record(aws: Aws) -> None:
    """D3: `firehose:action/PutRecord` needs no mapped X-Amz-Target: API Gateway sets it."""
    aws.client("s3").create_bucket(Bucket="lake")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName="in",
        S3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/firehose",
            "BucketARN": "arn:aws:s3:::lake",
        },
    )
    api = Api(aws)
    template = '{"DeliveryStreamName": "in", "Record": {"Data": "$util.base64Encode($input.body)"}}'
    integration = kinesis_integration("", template) | {"uri": service_uri("firehose", "PutRecord")}
    api.method("/", "POST", integration, {"200": {}})
    api.deploy("prod")
    answer = api.send("POST", "/prod/", content=b'{"message": "hello"}', headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["RecordId"]
    aws.settle()
    (item,) = aws.client("s3").list_objects_v2(Bucket="lake")["Contents"]
    assert aws.client("s3").get_object(Bucket="lake", Key=item["Key"])["Body"].read() == b'{"message": "hello"}'
