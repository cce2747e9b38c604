"""The services that are attacked, their operations and protocols; valid requests as an SDK writes them."""

from __future__ import annotations

import functools
import json
from typing import Any
from urllib.parse import quote, urlencode

import botocore.session
import cbor2
from botocore.model import OperationModel, ServiceModel
from botocore.serialize import create_serializer

from tests.hostile.attack.message import Request

NATIVE = ("kinesis", "firehose", "lambda", "apigateway", "apigatewayv2", "cloudwatch", "cloudformation")
BEHIND = (
    "s3", "sqs", "sns", "iam", "sts", "kms", "dynamodb", "dynamodbstreams", "logs", "events", "ssm", "secretsmanager",
    "glue",
)  # fmt: skip
OTHER = ("stepfunctions", "resourcegroupstaggingapi")
"""Recognised, and refused by name."""

_PROTOCOLS = {
    "kinesis": ("json", "cbor"),
    "cloudwatch": ("query", "json", "smithy-rpc-v2-cbor"),
    "sqs": ("json", "query"),
}


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


@functools.cache
def service_model(service: str) -> ServiceModel:
    return _session().get_service_model(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


def protocols(service: str) -> tuple[str, ...]:
    """As botocore names them; `cbor` is what the SDKs for Java speak to Kinesis."""
    return _PROTOCOLS.get(service) or (service_model(service).metadata["protocol"],)


@functools.cache
def _serializer(protocol: str) -> Any:
    return create_serializer(protocol, include_validation=False)


def signed(service: str) -> list[tuple[str, str]]:
    """The headers of a signed request; nobody checks the signature."""
    scope = f"test/20260101/us-east-1/{service_model(service).signing_name}/aws4_request"
    return [
        ("Host", "localhost"),
        ("X-Amz-Date", "20260101T000000Z"),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"),
    ]


def serialise(service: str, operation: str, protocol: str, params: dict[str, Any]) -> Request:
    """The request that an SDK would send. Raises whatever botocore raises at parameters that fit no wire form."""
    model = operation_model(service, operation)
    if protocol == "cbor":
        headers = [
            ("X-Amz-Target", f"{service_model(service).metadata['targetPrefix']}.{operation}"),
            ("Content-Type", "application/x-amz-cbor-1.1"),
        ]
        return Request(service, operation, protocol, "POST", "/", "", headers + signed(service), cbor2.dumps(params))
    written = _serializer(protocol).serialize_to_request(params, model)
    headers = [(name, str(value)) for name, value in written["headers"].items() if name.lower() != "content-length"]
    path, _, query = written["url_path"].partition("?")
    more = written["query_string"]
    if more:
        query = "&".join(filter(None, [query, urlencode(more, doseq=True, quote_via=quote)]))
    body = written["body"]
    if isinstance(body, dict):
        body = urlencode(body, quote_via=quote).encode()
    elif isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    elif not isinstance(body, bytes | bytearray):
        body = json.dumps(body).encode()
    return Request(service, operation, protocol, written["method"], path, query, headers + signed(service), bytes(body))
