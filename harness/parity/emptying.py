"""Emptying a place that cannot be reset, by AWS's public APIs: what a test left is removed before the next one.

Only services that were called are looked at: a look takes longer than many a test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from harness.behind import ALL_KINDS

_WRITES_TO = {
    "lambda": ("logs", "iam"),  # the suite makes the roles that functions name
    "apigateway": ("logs",),
    "apigatewayv2": ("logs",),
    "firehose": ("s3", "logs"),
    "execute-api": ("logs",),
}
_MAKES_ANYTHING = "cloudformation"


class _Kind(Protocol):
    """What is found and removed by a client of `service`."""

    @property
    def service(self) -> str: ...

    def find(self, client: Any) -> Iterator[str]: ...

    def remove(self, client: Any, name: str) -> None: ...


@dataclass(frozen=True)
class _Listed:
    """Resources that are listed by one operation and deleted by another, which takes `argument`."""

    service: str
    listing: str
    member: str
    identity: str
    deletion: str
    argument: str

    def find(self, client: Any) -> Iterator[str]:
        for each in getattr(client, self.listing)()[self.member]:
            yield each[self.identity] if self.identity else each

    def remove(self, client: Any, name: str) -> None:
        value = [name] if self.argument.endswith("Names") else name
        getattr(client, self.deletion)(**{self.argument: value})


# What makes others comes before them: a stack's resources go with it, a mapping before its function.
_KINDS: tuple[_Kind, ...] = (
    _Listed("cloudformation", "describe_stacks", "Stacks", "StackName", "delete_stack", "StackName"),
    _Listed("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID", "delete_event_source_mapping",
            "UUID"),
    _Listed("lambda", "list_functions", "Functions", "FunctionName", "delete_function", "FunctionName"),
    _Listed("firehose", "list_delivery_streams", "DeliveryStreamNames", "", "delete_delivery_stream",
            "DeliveryStreamName"),
    _Listed("kinesis", "list_streams", "StreamNames", "", "delete_stream", "StreamName"),
    _Listed("apigateway", "get_usage_plans", "items", "id", "delete_usage_plan", "usagePlanId"),
    _Listed("apigateway", "get_api_keys", "items", "id", "delete_api_key", "apiKey"),
    _Listed("apigateway", "get_rest_apis", "items", "id", "delete_rest_api", "restApiId"),
    _Listed("apigatewayv2", "get_apis", "Items", "ApiId", "delete_api", "ApiId"),
    _Listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", "delete_alarms", "AlarmNames"),
    *ALL_KINDS,
)  # fmt: skip

SERVICES = frozenset(kind.service for kind in _KINDS)
"""Those that can be emptied."""


def empty_publicly(
    client_of: Callable[[str], Any], called: Collection[str], but: Collection[str] = frozenset()
) -> None:
    """Remove what is in the services that were called, and in those that these write to, `but` some. What refuses to go
    stays."""
    services = set(called)
    for service in called:
        services.update(_WRITES_TO.get(service, ()))
    if _MAKES_ANYTHING in services:
        services = set(SERVICES)
    for kind in _KINDS:
        if kind.service in services and kind.service not in but:
            client = client_of(kind.service)
            # A place without the service answers with anything, garbage included; the test will see what is not well.
            with contextlib.suppress(Exception):
                for name in list(kind.find(client)):
                    with contextlib.suppress(Exception):
                        kind.remove(client, name)
