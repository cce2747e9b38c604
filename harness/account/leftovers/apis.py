"""API Gateway: REST APIs with their usage plans and keys, and HTTP APIs. Their names and tags both count."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.account.leftovers.kind import ClientOf, Mark
from harness.account.leftovers.watching import remove_execution_logs


class UsagePlans:
    noun = "usage plan"
    types = frozenset({"aws_api_gateway_usage_plan"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("apigateway").get_paginator("get_usage_plans").paginate():
            yield from (each["id"] for each in page["items"] if _is_of(each, "name", mark))

    def remove(self, client_of: ClientOf, name: str) -> None:
        """A plan is not deleted while a stage belongs to it."""
        apigateway = client_of("apigateway")
        stages = apigateway.get_usage_plan(usagePlanId=name).get("apiStages", [])
        operations = [
            {"op": "remove", "path": "/apiStages", "value": f"{stage['apiId']}:{stage['stage']}"} for stage in stages
        ]
        if operations:
            apigateway.update_usage_plan(usagePlanId=name, patchOperations=operations)
        apigateway.delete_usage_plan(usagePlanId=name)


class ApiKeys:
    noun = "API key"
    types = frozenset({"aws_api_gateway_api_key"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("apigateway").get_paginator("get_api_keys").paginate():
            yield from (each["id"] for each in page["items"] if _is_of(each, "name", mark))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("apigateway").delete_api_key(apiKey=name)


class RestApis:
    noun = "REST API"
    types = frozenset({"aws_api_gateway_rest_api"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("apigateway").get_paginator("get_rest_apis").paginate():
            yield from (each["id"] for each in page["items"] if _is_of(each, "name", mark))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("apigateway").delete_rest_api(restApiId=name)
        remove_execution_logs(client_of("logs"), name)


class HttpApis:
    noun = "HTTP API"
    types = frozenset({"aws_apigatewayv2_api"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("apigatewayv2").get_paginator("get_apis").paginate():
            yield from (each["ApiId"] for each in page["Items"] if _is_of(each, "Name", mark))

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("apigatewayv2").delete_api(ApiId=name)


def _is_of(each: dict[str, Any], name: str, mark: Mark) -> bool:
    tags = each.get("tags") or each.get("Tags") or {}
    return mark.names(each.get(name) or "") or mark.tags(tags)
