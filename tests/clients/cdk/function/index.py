import base64
import os
from typing import Any

import boto3


def handler(event: dict[str, Any], context: object) -> None:
    for record in event["Records"]:
        body = base64.b64decode(record["kinesis"]["data"])
        boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=record["kinesis"]["partitionKey"], Body=body)
