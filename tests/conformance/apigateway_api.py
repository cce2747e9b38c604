"""A REST API built with boto3, for the API Gateway tests."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.conftest import Aws

REGION = "us-east-1"
ACCOUNT = "000000000000"


class Api:
    """An API, with shortcuts that fill in its id."""

    def __init__(self, aws: Aws, name: str = "api", **members: Any) -> None:
        self.aws = aws
        self.client = aws.client("apigateway")
        created = self.client.create_rest_api(name=name, **members)
        self.id: str = created["id"]
        self.root: str = created["rootResourceId"]
        self._paths: dict[str, str] = {"/": self.root}

    def resource(self, path: str) -> str:
        """The id of a resource, made with its parents if need be."""
        if path not in self._paths:
            parent, _, part = path.rpartition("/")
            made = self.client.create_resource(restApiId=self.id, parentId=self.resource(parent or "/"), pathPart=part)
            self._paths[path] = made["id"]
        return self._paths[path]

    def method(
        self,
        path: str,
        http_method: str,
        integration: dict[str, Any],
        responses: dict[str, dict[str, Any]] | None = None,
        **members: Any,
    ) -> None:
        """A method with its integration; `responses`: status → members of the integration response."""
        where = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": http_method}
        self.client.put_method(**where, **{"authorizationType": "NONE", **members})
        self.client.put_integration(**where, **integration)
        for status, response in (responses or {}).items():
            declared = dict.fromkeys(response.get("responseParameters", {}), False)
            self.client.put_method_response(**where, statusCode=status, responseParameters=declared)
            self.client.put_integration_response(**where, statusCode=status, **response)

    def mock(self, path: str, http_method: str = "GET", body: str = "ok", **members: Any) -> None:
        """A MOCK method that answers 200 with a response template."""
        self.method(
            path,
            http_method,
            {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
            {"200": {"responseTemplates": {"application/json": body}}},
            **members,
        )

    def deploy(self, stage: str = "test", **members: Any) -> str:
        made = self.client.create_deployment(restApiId=self.id, stageName=stage, **members)
        return str(made["id"])

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request to a deployed stage: `path` is `/<stage>/…`."""
        return self.aws.http.request(method, f"/_aws/execute-api/{self.id}{path}", **options)

    def patch_stage(self, stage: str, *operations: tuple[str, str, str]) -> Any:
        return self.client.update_stage(restApiId=self.id, stageName=stage, patchOperations=patches(*operations))


def patches(*operations: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"op": op, "path": path, "value": value} for op, path, value in operations]


def service_uri(service: str, action: str) -> str:
    return f"arn:aws:apigateway:{REGION}:{service}:action/{action}"


def kinesis_integration(stream: str, template: str | None = None) -> dict[str, Any]:
    return {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": service_uri("kinesis", "PutRecord"),
        "credentials": f"arn:aws:iam::{ACCOUNT}:role/apigateway",
        "requestTemplates": {
            "application/json": template
            or json.dumps(
                {
                    "StreamName": stream,
                    "Data": "$util.base64Encode($input.json('$'))",
                    "PartitionKey": "$input.path('$.key')",
                }
            )
        },
    }
