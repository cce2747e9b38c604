"""iot: Kinesis → Firehose with a transform function → S3, with the source backup."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from harness.drills.drill import Pipeline
from harness.drills.drill_run import ACCOUNT, REGION, DrillRun
from harness.drills.systems.code import archive, create_function, processing, role
from harness.json_object import Json
from harness.ledger import Fate, KinesisEntry, Sent
from harness.ledger.entry_points import EntryPoint
from harness.ledger.identity import Payload
from harness.sinks import ErrorObjects, S3Objects, Sink

STREAM = "ExampleDataStream"
DELIVERY = "iot-data-firehose"
FUNCTION = "firehose_lambda_processor_salvador"
BUCKET = "bucket-for-iot-data-salvador"
DATA, ERRORS, BACKUP = "data/", "processing-failed/", "source-backup/"
HINTS = {"SizeInMBs": 5, "IntervalInSeconds": 60}
FIREHOSE = "firehose.amazonaws.com"

TRANSFORM_CALLS: Json = {"service": "lambda", "operation": "Invoke", "resource": FUNCTION, "caller": FIREHOSE}
"""What a rule matches to hit the transform's invocations."""


def reading(dice: random.Random, number: int) -> Payload:
    """A good reading."""
    return {"device_id": f"sensor-{dice.randrange(10)}", "temperature": round(dice.uniform(-40, 60), 1), "humidity": 40}


def mixed_reading(dice: random.Random, number: int) -> Payload:
    """Of five: three good ones, one from air that is too humid (dropped), one that is no reading (fails)."""
    if number % 5 == 3:
        return {"device_id": "sensor-wet", "temperature": 20.5, "humidity": round(dice.uniform(80.1, 100), 1)}
    if number % 5 == 4:
        return f"no reading {dice.randrange(1000)}".encode()
    return reading(dice, number)


def fate_of(sent: Sent) -> Fate:
    """Where the transform sends a reading when all is well."""
    if not isinstance(sent.payload, Mapping):
        return "processing-failed"
    return "dropped" if sent.payload["humidity"] > 80 else "delivered"


def data_sink(run: DrillRun) -> Sink:
    return S3Objects(run.client("s3"), BUCKET, DATA)


def iot(run: DrillRun, *, shards: int = 1, transform: bool = True, backup_bucket: str = BUCKET, **s3: Any) -> Pipeline:
    """The system as terraform/stacks/iot builds it. `s3` overrides members of the destination."""
    client = run.client("s3")
    for bucket in dict.fromkeys((BUCKET, backup_bucket)):
        client.create_bucket(Bucket=bucket)
    run.client("kinesis").create_stream(StreamName=STREAM, ShardCount=shards)
    destination: Json = {
        "RoleARN": role(DELIVERY),
        "BucketARN": f"arn:aws:s3:::{BUCKET}",
        "BufferingHints": HINTS,
        "Prefix": f"{DATA}year=!{{timestamp:yyyy}}/month=!{{timestamp:MM}}/",
        "ErrorOutputPrefix": f"{ERRORS}!{{firehose:error-output-type}}/!{{timestamp:yyyy}}/",
        "S3BackupMode": "Enabled",
        "S3BackupConfiguration": {
            "RoleARN": role(DELIVERY),
            "BucketARN": f"arn:aws:s3:::{backup_bucket}",
            "Prefix": BACKUP,
            "BufferingHints": HINTS,
            "CompressionFormat": "GZIP",
        },
    }
    if transform:
        arn = create_function(
            run,
            FUNCTION,
            archive("iot_transform"),
            "lambda_firehose_handler.lambda_handler",
            60,
            {"MAX_HUMIDITY": "80"},
        )
        destination["ProcessingConfiguration"] = processing(arn)
    run.client("firehose").create_delivery_stream(
        DeliveryStreamName=DELIVERY,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={
            "KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{STREAM}",
            "RoleARN": role(DELIVERY),
        },
        ExtendedS3DestinationConfiguration={**destination, **s3},
    )
    entry: EntryPoint = KinesisEntry(run.client("kinesis"), STREAM)
    sinks: list[Sink] = [
        data_sink(run),
        ErrorObjects(client, BUCKET, f"{ERRORS}processing-failed/"),
        S3Objects(client, backup_bucket, BACKUP, fate="copy"),
    ]
    return Pipeline(entry, sinks, reading)
