"""The names of the resources that a call is about: what a rule's `resource` patterns are held against.

A resource has its name and its ARN; an S3 object is `bucket`, `bucket/key` and both ARNs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import orjson

from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.call import Call, HttpRequest
    from harness.emulator.world import World

# Members that name a resource, and what stands before the name in its ARN.
_NAMED: dict[str, tuple[tuple[str, ...], str]] = {
    "kinesis": (("StreamName", "StreamARN", "ConsumerARN", "ResourceARN"), "stream/"),
    "firehose": (("DeliveryStreamName",), "deliverystream/"),
    "dynamodb": (("TableName",), "table/"),
    "sqs": (("QueueUrl", "QueueName"), ""),
    "sns": (("TopicArn", "TargetArn", "Name"), ""),
    "kms": (("KeyId",), "key/"),
    "logs": (("logGroupName",), "log-group:"),
    "secretsmanager": (("SecretId", "Name"), "secret:"),
    "ssm": (("Name", "Names"), "parameter/"),
    "events": (("Name", "EventBusName"), "event-bus/"),
    "cloudwatch": (("AlarmName", "AlarmNames"), "alarm:"),
}
_VIRTUAL_HOST = re.compile(r"(.+)\.s3[.-]")


def names_of(world: World, call: Call) -> list[str]:
    """Names and ARNs; empty for a call about no resource in particular."""
    params = call.params
    if not params and call.http is not None:
        if call.service == "s3":
            return _s3(*_bucket_and_key(call.http))
        params = _fields(call.http)
    if call.service == "s3":
        return _s3(params.get("Bucket", ""), params.get("Key", ""))
    if call.service == "lambda":
        return _function(call, params)
    if call.service == "execute-api":
        return _execute_api(params["ApiId"], params["Path"])
    if call.service == "http-sink":
        return [params["Name"]]
    if call.service == "kinesis" and "ShardIterator" in params and "StreamARN" not in params:
        params = {"StreamName": _stream_of(world, params["ShardIterator"])}
    if call.service in ("apigateway", "apigatewayv2"):
        return [value for key in ("restApiId", "ApiId") if isinstance(value := params.get(key), str)]
    members, prefix = _NAMED.get(call.service, ((), ""))
    found: list[str] = []
    for member in members:
        value = params.get(member)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text:
                found += _both(call, text, prefix)
    return found


def _both(call: Call, text: str, prefix: str) -> list[str]:
    """A name and its ARN, from either or from a queue's URL."""
    if text.startswith("arn:"):
        last = text.split(":", 5)[-1]
        return [text, last.removeprefix(prefix).partition("/consumer/")[0]]
    name = text.rpartition("/")[2] if "://" in text else text
    return [name, f"arn:aws:{call.service}:{call.region}:{call.account}:{prefix}{name.lstrip('/')}"]


def _function(call: Call, params: Json) -> list[str]:
    """A function's name, its ARN, and both with the qualifier."""
    text = params.get("FunctionName")
    if not isinstance(text, str):
        return [value for key in ("EventSourceArn", "UUID") if isinstance(value := params.get(key), str)]
    name, _, qualifier = text.rpartition("function:")[2].partition(":")
    qualifier = params.get("Qualifier") or qualifier
    names = [name, f"arn:aws:lambda:{call.region}:{call.account}:function:{name}"]
    return names + [f"{each}:{qualifier}" for each in names] if qualifier else names


def _s3(bucket: str, key: str) -> list[str]:
    names = [bucket, f"{bucket}/{key}"] if bucket and key else [bucket] if bucket else []
    return names + [f"arn:aws:s3:::{name}" for name in names]


def _bucket_and_key(request: HttpRequest) -> tuple[str, str]:
    path = unquote(request.path).lstrip("/")
    virtual = _VIRTUAL_HOST.match(request.header("host"))
    if virtual is not None:
        return virtual[1], path
    bucket, _, key = path.partition("/")
    return bucket, key


def _execute_api(api: str, path: str) -> list[str]:
    """`api`, `api/stage` and `api/stage/path` of a request to a deployed API."""
    return [api, f"{api}/{path.split('/')[1]}", f"{api}{path}"]


def _stream_of(world: World, iterator: str) -> str:
    """The stream's name in a shard iterator, which only the Kinesis service can read."""
    service: Any = world.services.get("kinesis")
    try:
        return str(service.tokens.read_iterator(iterator).text.split("/")[2])
    except (ValueError, IndexError, AttributeError):
        return ""


def _fields(request: HttpRequest) -> Json:
    """The members of a JSON or form body that is passed on undecoded."""
    try:
        content = orjson.loads(request.body) if request.body else {}
    except orjson.JSONDecodeError:
        form = parse_qs(request.body.decode("latin-1"))
        return {name: values[0] for name, values in form.items()}
    return content if isinstance(content, dict) else {}
