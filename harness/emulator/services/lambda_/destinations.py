"""Where records of failed and successful invocations go: SQS, SNS, Lambda, EventBridge, S3."""

from __future__ import annotations

import logging

import orjson

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_.base import LambdaBase
from harness.emulator.services.lambda_.execution.platform_log import iso
from harness.json_object import Json

log = logging.getLogger(__name__)


class Destinations(LambdaBase):
    """Delivery to a destination ARN over the bus. A destination that refuses is logged: AWS drops the record, too."""

    async def send(self, arn: str, body: str, caller: Caller, attributes: Json | None = None) -> str:
        """One message to a queue or a topic; returns which one, or nothing when it was refused."""
        service = arn.split(":")[2]
        try:
            if service == "sqs":
                _, _, _, _, owner, queue = arn.split(":", 5)
                found = await self.call(
                    "sqs", "GetQueueUrl", {"QueueName": queue, "QueueOwnerAWSAccountId": owner}, caller
                )
                message: Json = {"QueueUrl": found["QueueUrl"], "MessageBody": body}
                if attributes:
                    message["MessageAttributes"] = attributes
                answer = await self.call("sqs", "SendMessage", message, caller)
                return f"{arn} message {answer['MessageId']}"
            if service == "sns":
                params: Json = {"TopicArn": arn, "Message": body}
                if attributes:
                    params["MessageAttributes"] = attributes
                answer = await self.call("sns", "Publish", params, caller)
                return f"{arn} message {answer['MessageId']}"
        except AwsError as error:
            log.warning("a record for %s was lost: %s", arn, error)
        return ""

    async def send_record(
        self,
        arn: str,
        record: Json,
        caller: Caller,
        *,
        detail_type: str = "",
        source_arn: str = "",
        key: str | None = None,
    ) -> str:
        """An invocation record (C7, C9) to any kind of destination; returns where it is, or nothing when it was
        refused. `key`: the object key in an S3 bucket."""
        service = arn.split(":")[2]
        body = orjson.dumps(record)
        try:
            if service in ("sqs", "sns"):
                return await self.send(arn, body.decode(), caller)
            if service == "lambda":
                params: Json = {"FunctionName": arn, "InvocationType": "Event", "Payload": body}
                await self.call("lambda", "Invoke", params, caller)
            elif service == "events":
                entry = {
                    "Source": "lambda",
                    "DetailType": detail_type,
                    "Detail": body.decode(),
                    "EventBusName": arn,
                    "Resources": [arn, f"{source_arn}:$LATEST"],
                }
                await self.call("events", "PutEvents", {"Entries": [entry]}, caller)
            elif service == "s3":
                bucket, key = arn.rpartition(":")[2], key or self._key()
                await self.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": body}, caller)
                return f"s3://{bucket}/{key}"
        except AwsError as error:
            log.warning("a record for %s was lost: %s", arn, error)
            return ""
        return arn

    def _key(self) -> str:
        """An object key for an asynchronous invocation's record."""
        moment = iso(self.world.clock.now())
        day = moment[:10].replace("-", "/")
        return f"aws/lambda/async/{day}/{moment[:19].replace(':', '.')}-{self.world.new_id()}"
