"""event-ingestion: REST API → encrypted Kinesis stream → function, with a dead-letter queue and alarms."""

from __future__ import annotations

import random
from typing import Any

from harness.drills.drill import Pipeline
from harness.drills.drill_run import ACCOUNT, REGION, DrillRun
from harness.drills.processed import ProcessedByFunction
from harness.drills.systems.code import archive, create_function, role
from harness.json_object import Json
from harness.ledger import EntryPoint, HttpEntry, KinesisEntry, json_envelope
from harness.ledger.identity import Payload
from harness.sinks import DeadLetterQueue, Sink

STREAM = "dev-orders-stream"
FUNCTION = "dev-orders-processor"
QUEUE = "dev-orders-dlq"
STREAM_ARN = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}"

# The batch template of terraform/modules/api_gateway.
_TEMPLATE = """#set($records = $input.path('$.records'))
{
  "StreamName": "@stream@",
  "Records": [
#foreach($record in $records)
    {
      #if($record.data)"Data": "$util.base64Encode($record.data)",#end

      "PartitionKey": "$util.escapeJavaScript($record.partitionKey).replaceAll("\\\\'", "'")"
    }#if($foreach.hasNext),#end

#end
  ]
}
""".replace("@stream@", STREAM)
_RESPONSES: dict[str, Json] = {
    "200": {"responseTemplates": {"application/json": "$input.json('$')"}},
    "400": {
        "selectionPattern": "4\\d{2}",
        "responseTemplates": {"application/json": "{\"message\":$input.json('$.message')}"},
    },
    "500": {
        "selectionPattern": "5\\d{2}",
        "responseTemplates": {"application/json": '{"message":"The event stream is not available"}'},
    },
}


def order(dice: random.Random, number: int) -> Payload:
    return {"order_id": f"ORD-{number}", "type": "created", "total_amount": dice.randrange(1, 500)}


def poison(dice: random.Random, number: int) -> Payload:
    """An order without its id: the processor raises."""
    return {"type": "created", "total_amount": dice.randrange(1, 500)}


def is_poison(sent: Any) -> bool:
    return "order_id" not in sent.payload


def event_ingestion(
    run: DrillRun, *, through_api: bool = False, shards: int = 1, encrypted: bool = False, **mapping: Any
) -> Pipeline:
    """One flow of terraform/stacks/event-ingestion (orders). Without `through_api` records go to Kinesis directly.
    `mapping` overrides members of the event source mapping."""
    kinesis = run.client("kinesis")
    kinesis.create_stream(StreamName=STREAM, ShardCount=shards)
    if encrypted:
        kinesis.start_stream_encryption(StreamName=STREAM, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    queue_url = run.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
    create_function(run, FUNCTION, archive("orders"), "handler.process_event", 30, {"EVENT_TYPE": "orders"})
    settings: Json = {
        "FunctionName": FUNCTION,
        "EventSourceArn": STREAM_ARN,
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 5,
        "MaximumRetryAttempts": 3,
        "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"}},
    }
    run.client("lambda").create_event_source_mapping(**{**settings, **mapping})
    entry: EntryPoint = KinesisEntry(kinesis, STREAM)
    if through_api:
        entry = HttpEntry(_rest_api(run), envelope=json_envelope)
    sinks: list[Sink] = [
        ProcessedByFunction(run.client("logs"), f"/aws/lambda/{FUNCTION}", "Processed orders "),
        DeadLetterQueue(run.client("sqs"), queue_url, kinesis),
    ]
    return Pipeline(entry, sinks, order)


def oldest_processed(run: DrillRun) -> float:
    """The iterator age at its worst: the longest time, in seconds, from a record's sending to its processing."""
    (sink,) = [each for each in run.pipeline.sinks if isinstance(each, ProcessedByFunction)]
    times = sink.times()
    ages = [
        times[found.place] - run.began - run.sent_at[number]
        for found in sink.read().found
        for number in run.ledger.identity.find(found.content)
    ]
    return max(ages, default=0.0)


def _rest_api(run: DrillRun) -> str:
    api = run.client("apigateway")
    made = api.create_rest_api(name="events-ingestion")
    parent = made["rootResourceId"]
    for part in ("events", "batch", "orders"):
        parent = api.create_resource(restApiId=made["id"], parentId=parent, pathPart=part)["id"]
    where = {"restApiId": made["id"], "resourceId": parent, "httpMethod": "POST"}
    api.put_method(**where, authorizationType="NONE")
    api.put_integration(
        **where,
        type="AWS",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{REGION}:kinesis:action/PutRecords",
        credentials=role("dev-events-ingestion-streams"),
        passthroughBehavior="NEVER",
        requestParameters={"integration.request.header.Content-Type": "'application/x-amz-json-1.1'"},
        requestTemplates={"application/json": _TEMPLATE},
    )
    for status, members in _RESPONSES.items():
        api.put_method_response(**where, statusCode=status)
        api.put_integration_response(**where, statusCode=status, **members)
    api.create_deployment(restApiId=made["id"], stageName="v1")
    return f"{run.url}/_aws/execute-api/{made['id']}/v1/events/batch/orders"
