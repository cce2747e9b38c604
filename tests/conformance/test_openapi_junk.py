"""Documents with junk in a place of theirs: imported, or refused in AWS's own shape, never a failure inside."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from tests.conformance.test_apigateway_import_sam import document as rest_document
from tests.conformance.test_http_api_import import URI, jwt_scheme, lambda_scheme, proxy
from tests.conformance.test_http_api_import import document as http_document
from tests.conftest import Aws

JUNK: tuple[Any, ...] = (None, 1, 1.5, True, "", "text", [], [1], ["text"], [[]], {}, {"a": 1}, {"Ref": "A"}, {"a": {}})


def rest() -> Json:
    more = {
        "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True}},
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": []},
        "x-amazon-apigateway-binary-media-types": ["a/b"],
        "x-amazon-apigateway-minimum-compression-size": 5,
        "x-amazon-apigateway-endpoint-configuration": {"types": ["REGIONAL"]},
        "definitions": {"Pet": {"type": "object", "properties": {"a": {"$ref": "#/definitions/Pet"}}}},
        "basePath": "/a",
    }
    made = rest_document(URI, "2.0") | more
    made["paths"]["/key"]["get"]["parameters"] = [
        {"in": "query", "name": "q", "required": True},
        {"in": "body", "name": "b", "schema": {"$ref": "#/definitions/Pet"}},
    ]
    return made


def http() -> Json:
    schemes = {"jwt": jwt_scheme("http://127.0.0.1:1"), "lambda": lambda_scheme(URI)}
    return http_document(
        {"/x": {"get": proxy(security=[{"lambda": []}], parameters=[{"in": "query", "name": "q"}])}},
        components={"securitySchemes": schemes},
        tags=[{"name": "a", "x-amazon-apigateway-tag-value": "b"}],
        servers=[{"variables": {"basePath": {"default": "a"}}}],
        **{"x-amazon-apigateway-cors": {"allowOrigins": ["*"], "maxAge": 5}},
    )


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all nodes but the root."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*way, key)
        yield from places(value, (*way, key))


def with_junk(good: Json, way: tuple[Any, ...], junk: Any) -> Json:
    changed = copy.deepcopy(good)
    node: Any = changed
    for key in way[:-1]:
        node = node[key]
    node[way[-1]] = junk
    return changed


@pytest.mark.parametrize("kind", ["rest", "http"])
def test_junk_in_any_place(aws: Aws, kind: str) -> None:
    """D1, D9: a BadRequestException or NotEmulated, with a message."""
    client = aws.client("apigateway" if kind == "rest" else "apigatewayv2")
    good = rest() if kind == "rest" else http()
    chance = random.Random(5)
    inside = []
    for way in places(good):
        for junk in chance.sample(JUNK, 3):
            body = json.dumps(with_junk(good, way, junk))
            try:
                if kind == "rest":
                    client.import_rest_api(body=body)
                else:
                    client.import_api(Body=body)
            except ClientError as caught:
                error = caught.response["Error"]
                if error["Code"] not in ("BadRequestException", "NotEmulated") or not error["Message"]:
                    inside.append((way, junk, error))
    assert inside == []
