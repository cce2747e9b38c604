"""Lambda: event source mappings, and functions."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark


class EventSourceMappings:
    noun = "event source mapping"
    types = frozenset({"aws_lambda_event_source_mapping"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("lambda").get_paginator("list_event_source_mappings").paginate():
            for each in page["EventSourceMappings"]:
                function = each["FunctionArn"].split(":function:")[-1].split(":")[0]
                if mark.names(function) and each.get("State") != "Deleting":
                    yield each["UUID"]

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("lambda").delete_event_source_mapping(UUID=name)


class Functions:
    noun = "function"
    types = frozenset({"aws_lambda_function"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("lambda").get_paginator("list_functions").paginate():
            for each in page["Functions"]:
                if mark.names(each["FunctionName"]):
                    yield each["FunctionName"]

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("lambda").delete_function(FunctionName=name)
