"""log-relay: REST API → Firehose with a transform function → HTTP endpoint, failed records to S3."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

from harness.drills.drill import Pipeline
from harness.drills.drill_run import REGION, DrillRun
from harness.drills.systems.code import archive, create_function, processing, role
from harness.drills.systems.posting import PostOneByOne
from harness.json_object import Json
from harness.ledger import EntryPoint, FirehoseEntry
from harness.ledger.identity import Payload
from harness.sinks import ErrorObjects, Sink, emulator_sink

DELIVERY = "log-relay-firehose"
FUNCTION = "firehose-transform-handler"
BUCKET = "log-relay-backup-000000000000-us-east-1"
ENDPOINT = "log-api.newrelic.com"
FIREHOSE = "firehose.amazonaws.com"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}

TRANSFORM_CALLS: Json = {"service": "lambda", "operation": "Invoke", "resource": FUNCTION, "caller": FIREHOSE}
BACKUP_WRITES: Json = {"service": "s3", "operation": "PutObject", "resource": BUCKET, "caller": FIREHOSE}

_TEMPLATE = json.dumps({"DeliveryStreamName": DELIVERY, "Record": {"Data": "$util.base64Encode($input.body)"}})
_RESPONSES: dict[str, Json] = {
    "200": {},
    "400": {
        "selectionPattern": "4\\d{2}",
        "responseTemplates": {"application/json": "{\"message\":$input.json('$.message')}"},
    },
    "500": {
        "selectionPattern": "5\\d{2}",
        "responseTemplates": {"application/json": '{"message":"The delivery stream is not available"}'},
    },
}


def log(dice: random.Random, number: int) -> Payload:
    """A log record that the transform takes."""
    return {"level": dice.choice(["INFO", "WARN", "ERROR"]), "message": f"line {dice.randrange(10_000)}"}


def log_or_marked(dice: random.Random, number: int) -> Payload:
    """Every fourth record is marked, so that the transform answers ProcessingFailed for it."""
    return {"message": "marked", "_force_failure": True} if number % 4 == 1 else log(dice, number)


def marked(sent: Any) -> bool:
    return "_force_failure" in sent.payload


@dataclass(frozen=True)
class _RestApi:
    """Makes the API of terraform/modules/log_relay/api.tf."""

    run: DrillRun

    def url(self) -> str:
        api = self.run.client("apigateway")
        made = api.create_rest_api(name="log-relay")
        where = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "POST"}
        api.put_method(**where, authorizationType="NONE")
        api.put_integration(
            **where,
            type="AWS",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:firehose:action/PutRecord",
            credentials=role("log-relay-api"),
            passthroughBehavior="NEVER",
            requestParameters={"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
            requestTemplates={"application/json": _TEMPLATE},
        )
        for status, members in _RESPONSES.items():
            api.put_method_response(**where, statusCode=status)
            api.put_integration_response(**where, statusCode=status, **members)
        api.create_deployment(restApiId=made["id"], stageName="prod")
        return f"{self.run.url}/_aws/execute-api/{made['id']}/prod/"


def log_relay(
    run: DrillRun, *, through_api: bool = False, transform: bool = True, retry_seconds: int = 60, **http: Any
) -> Pipeline:
    """The system as terraform/stacks/log-relay builds it; without `through_api` records go to Firehose directly.
    `http` overrides members of the destination."""
    s3 = run.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    destination: Json = {
        "EndpointConfiguration": {"Name": "New Relic", "Url": f"https://{ENDPOINT}/log/v1", "AccessKey": "test"},
        "RoleARN": role(DELIVERY),
        "BufferingHints": HINTS,
        "RetryOptions": {"DurationInSeconds": retry_seconds},
        "S3BackupMode": "FailedDataOnly",
        "S3Configuration": {
            "RoleARN": role(DELIVERY),
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "BufferingHints": HINTS,
        },
    }
    if transform:
        arn = create_function(
            run,
            FUNCTION,
            archive("log_relay_transform"),
            "lambda_firehose_handler.lambda_handler",
            60,
            {"FAILURE_MARKER": "_force_failure"},
        )
        destination["ProcessingConfiguration"] = processing(arn)
    run.client("firehose").create_delivery_stream(
        DeliveryStreamName=DELIVERY, HttpEndpointDestinationConfiguration={**destination, **http}
    )
    entry: EntryPoint = FirehoseEntry(run.client("firehose"), DELIVERY)
    if through_api:
        entry = PostOneByOne(_RestApi(run).url())
    sinks: list[Sink] = [
        emulator_sink(run.url, ENDPOINT),
        ErrorObjects(s3, BUCKET, "processing-failed/", "processing-failed"),
        ErrorObjects(s3, BUCKET, "http-endpoint-failed/", "delivery-failed"),
    ]
    return Pipeline(entry, sinks, log)
