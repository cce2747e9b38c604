"""SSM parameters."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json


class Parameters:
    service, noun = "ssm", "parameter"
    types = frozenset({"aws_ssm_parameter"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        """Whose a parameter is, a part of its path tells."""
        for page in client_of("ssm").get_paginator("describe_parameters").paginate():
            for each in page["Parameters"]:
                yield Found(each["Name"], tuple(each["Name"].split("/")))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        return {"value": client_of("ssm").get_parameter(Name=id, WithDecryption=True)["Parameter"]["Value"]}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """A changed value shows as a difference."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("ssm").delete_parameter(Name=id)
