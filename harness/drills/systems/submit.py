"""submit: HTTP API → function → Kinesis → Firehose → S3."""

from __future__ import annotations

import random
from typing import Any

from harness.drills.drill import Pipeline
from harness.drills.drill_run import ACCOUNT, REGION, DrillRun
from harness.drills.systems.code import archive, create_function, role
from harness.drills.systems.posting import PostOneByOne
from harness.ledger.identity import Payload
from harness.sinks import S3Objects

STREAM = "api-kinesis-stream"
DELIVERY = "api-kinesis-firehose"
FUNCTION = "api-submit-handler"
BUCKET = "api-kinesis-000000000000-us-east-1"


def document(dice: random.Random, number: int) -> Payload:
    return {"message": "hello", "value": dice.randrange(1000)}


def submit(run: DrillRun, **s3: Any) -> Pipeline:
    """The system as terraform/stacks/submit builds it, with one difference: the function's own client tries no more
    than twice, since its pauses are real ones. `s3` overrides members of the destination."""
    run.client("s3").create_bucket(Bucket=BUCKET)
    run.client("kinesis").create_stream(StreamName=STREAM, ShardCount=1)
    run.client("firehose").create_delivery_stream(
        DeliveryStreamName=DELIVERY,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}",
            "RoleARN": role(DELIVERY),
        },
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(DELIVERY),
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
            **s3,
        },
    )
    environment = {"KINESIS_STREAM": STREAM, "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "2"}
    arn = create_function(run, FUNCTION, archive("submit"), "handler.lambda_handler", 10, environment)
    api = run.client("apigatewayv2")
    api_id = api.create_api(Name="api-kinesis", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(ApiId=api_id, RouteKey="POST /submit", Target=f"integrations/{integration}")
    api.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    run.client("lambda").add_permission(
        FunctionName=FUNCTION,
        StatementId="AllowSubmitRoute",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/POST/submit",
    )
    entry = PostOneByOne(f"{run.url}/_aws/execute-api/{api_id}/$default/submit")
    return Pipeline(entry, [S3Objects(run.client("s3"), BUCKET)], document)
