"""Small pipelines for the tests of the ledger and of replay."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from tests.conftest import Aws

ROLE = "arn:aws:iam::000000000000:role/any"
HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}

# Answers as each record asks for, and adds a member to what is Ok.
TRANSFORM = """
import base64, json
def handler(event, context):
    answers = []
    for record in event["records"]:
        content = json.loads(base64.b64decode(record["data"]))
        data = base64.b64encode(json.dumps({**content, "seen": True}).encode()).decode()
        answers.append({"recordId": record["recordId"], "result": content.get("wants", "Ok"), "data": data})
    return {"records": answers}
"""


def function(aws: Aws, name: str, source: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("app.py", source)
    arn: str = aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=ROLE, Code={"ZipFile": archive.getvalue()}
    )["FunctionArn"]
    return arn


def bucket(aws: Aws, name: str) -> str:
    aws.client("s3").create_bucket(Bucket=name)
    return f"arn:aws:s3:::{name}"


def delivery_stream(aws: Aws, name: str, **settings: Any) -> None:
    """From the Kinesis stream of that name if there is one, to S3."""
    source: dict[str, Any] = {}
    if name in aws.client("kinesis").list_streams()["StreamNames"]:
        arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
        source["DeliveryStreamType"] = "KinesisStreamAsSource"
        source["KinesisStreamSourceConfiguration"] = {"KinesisStreamARN": arn, "RoleARN": ROLE}
    s3 = {"RoleARN": ROLE, "BucketARN": bucket(aws, f"{name}-data"), "BufferingHints": HINTS, **settings}
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name, ExtendedS3DestinationConfiguration=s3, **source
    )


def processing(arn: str) -> dict[str, Any]:
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": arn}]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
