"""CloudFormation stacks; their resources go with them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found, named


class Stacks:
    service, noun = "cloudformation", "stack"
    types = frozenset({"aws_cloudformation_stack"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("cloudformation").get_paginator("describe_stacks").paginate():
            for each in page["Stacks"]:
                yield named(each["StackName"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("cloudformation").delete_stack(StackName=id)
