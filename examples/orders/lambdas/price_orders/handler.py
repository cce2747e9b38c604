"""Firehose transform: adds the total to each order. An order without items, or that is no JSON, fails."""

import base64
import json


def handler(event, context):
    return {"records": [priced(record) for record in event["records"]]}


def priced(record):
    try:
        order = json.loads(base64.b64decode(record["data"]))
        order["total"] = sum(item["price"] * item["quantity"] for item in order["items"])
    except (ValueError, KeyError, TypeError) as error:
        print(f"Order {record['recordId']} has no price: {error!r}")
        return {"recordId": record["recordId"], "result": "ProcessingFailed", "data": record["data"]}
    line = json.dumps(order) + "\n"
    return {"recordId": record["recordId"], "result": "Ok", "data": base64.b64encode(line.encode()).decode()}
