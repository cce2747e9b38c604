# The handler of the document's first step, "Create Lambda Handler".
import base64
import json
import logging

logger = logging.getLogger()
logger.setLevel("INFO")


def process_event(event, context):
    for record in event.get("Records", []):
        payload = json.loads(base64.b64decode(record["kinesis"]["data"]).decode("utf-8"))
        # Your processing logic here
        logger.info(f"Processed: {payload}")

    return {"statusCode": 200}
