"""Takes a JSON document from `POST /submit` and puts it into the Kinesis stream named by KINESIS_STREAM."""

import base64
import binascii
import json
import logging
import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

logger = logging.getLogger()
logger.setLevel("INFO")

# Made once per execution environment: a client costs more than the request it sends.
kinesis = boto3.client("kinesis")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP API event (payload 2.0): 200 and the record's place, 400 for bad JSON, 503 if Kinesis fails."""
    try:
        document = json.loads(_body(event))
    except ValueError as error:
        logger.warning("Rejected: %s", error)
        return _answer(400, {"message": "The body must be a JSON document"})

    try:
        # One line per document, so that the delivered S3 objects can be read line by line.
        result = kinesis.put_record(
            StreamName=os.environ["KINESIS_STREAM"],
            Data=json.dumps(document, separators=(",", ":")).encode() + b"\n",
            PartitionKey=context.aws_request_id,
        )
    except (BotoCoreError, ClientError):
        logger.exception("Kinesis did not take the record")
        return _answer(503, {"message": "The stream is not available"})

    logger.info("Accepted: %s %s", result["ShardId"], result["SequenceNumber"])
    return _answer(
        200,
        {"message": "Accepted", "shardId": result["ShardId"], "sequenceNumber": result["SequenceNumber"]},
    )


def _body(event: dict[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise ValueError(f"body is not base64: {error}") from error


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
