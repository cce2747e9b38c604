"""API Gateway: REST APIs with their usage plans and keys, and HTTP APIs. Their names and tags both count."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found
from harness.aws_resources.logs import remove_execution_logs
from harness.json_object import Json


class UsagePlans:
    service, noun = "apigateway", "usage plan"
    types = frozenset({"aws_api_gateway_usage_plan"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("apigateway").get_paginator("get_usage_plans").paginate():
            yield from (_found(each["id"], each) for each in page["items"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        """A plan is not deleted while a stage belongs to it."""
        apigateway = client_of("apigateway")
        stages = apigateway.get_usage_plan(usagePlanId=id).get("apiStages", [])
        operations = [
            {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"} for stage in stages
        ]
        if operations:
            apigateway.update_usage_plan(usagePlanId=id, patchOperations=operations)
        apigateway.delete_usage_plan(usagePlanId=id)


class ApiKeys:
    service, noun = "apigateway", "API key"
    types = frozenset({"aws_api_gateway_api_key"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("apigateway").get_paginator("get_api_keys").paginate():
            yield from (_found(each["id"], each) for each in page["items"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("apigateway").delete_api_key(apiKey=id)


class RestApis:
    service, noun = "apigateway", "REST API"
    types = frozenset({"aws_api_gateway_rest_api"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("apigateway").get_paginator("get_rest_apis").paginate():
            yield from (_found(each["id"], each) for each in page["items"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("apigateway").delete_rest_api(restApiId=id)
        remove_execution_logs(client_of, id)


class HttpApis:
    service, noun = "apigatewayv2", "HTTP API"
    types = frozenset({"aws_apigatewayv2_api"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("apigatewayv2").get_paginator("get_apis").paginate():
            yield from (_found(each["ApiId"], each) for each in page["Items"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("apigatewayv2").delete_api(ApiId=id)


def _found(id: str, each: Json) -> Found:
    tags = each.get("tags") or each.get("Tags") or {}
    return Found(id, (each.get("name") or each.get("Name") or "",), tags=lambda: tags)
