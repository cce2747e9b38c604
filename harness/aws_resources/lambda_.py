"""Lambda: event source mappings, functions, layers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from harness.aws_resources.kind import ClientOf, Found, named
from harness.json_object import Json


class EventSourceMappings:
    service, noun = "lambda", "event source mapping"
    types = frozenset({"aws_lambda_event_source_mapping"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        """Whose a mapping is, the name of its function tells."""
        for page in client_of("lambda").get_paginator("list_event_source_mappings").paginate():
            for each in page["EventSourceMappings"]:
                function = each["FunctionArn"].split(":function:")[-1].split(":")[0]
                yield Found(each["UUID"], (function,), is_going=partial(_is_going, each))

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("lambda").delete_event_source_mapping(UUID=id)


class Functions:
    service, noun = "lambda", "function"
    types = frozenset({"aws_lambda_function"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("lambda").get_paginator("list_functions").paginate():
            for each in page["Functions"]:
                yield named(each["FunctionName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("lambda").delete_function(FunctionName=id)


class Layers:
    service, noun = "lambda", "layer"
    types = frozenset({"aws_lambda_layer_version"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("lambda").get_paginator("list_layers").paginate():
            for each in page["Layers"]:
                yield named(each["LayerName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client = client_of("lambda")
        for page in client.get_paginator("list_layer_versions").paginate(LayerName=id):
            for each in page["LayerVersions"]:
                client.delete_layer_version(LayerName=id, VersionNumber=each["Version"])


def _is_going(mapping: Json) -> bool:
    return mapping.get("State") == "Deleting"
