"""Secrets Manager's secrets."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found
from harness.json_object import Json


class Secrets:
    service, noun = "secretsmanager", "secret"
    types = frozenset({"aws_secretsmanager_secret"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        """Whose a secret is, a part of its path tells."""
        for page in client_of("secretsmanager").get_paginator("list_secrets").paginate():
            for each in page["SecretList"]:
                yield Found(each["Name"], tuple(each["Name"].split("/")))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        return {"versions": client_of("secretsmanager").describe_secret(SecretId=id).get("VersionIdsToStages", {})}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """A changed value shows as a difference."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("secretsmanager").delete_secret(SecretId=id, ForceDeleteWithoutRecovery=True)
