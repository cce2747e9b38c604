"""Kinds that are no more than a name and a value: parameters, secrets, aliases of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.testing.behind.kind import Json


class Parameters:
    service, noun = "ssm", "parameter"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("describe_parameters").paginate():
            for each in page["Parameters"]:
                yield each["Name"]

    def describe(self, client: Any, name: str) -> Json:
        return {"value": client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """A changed value shows as a difference."""

    def remove(self, client: Any, name: str) -> None:
        client.delete_parameter(Name=name)


class Secrets:
    service, noun = "secretsmanager", "secret"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_secrets").paginate():
            for each in page["SecretList"]:
                yield each["Name"]

    def describe(self, client: Any, name: str) -> Json:
        return {"versions": client.describe_secret(SecretId=name).get("VersionIdsToStages", {})}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """A changed value shows as a difference."""

    def remove(self, client: Any, name: str) -> None:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


class KeyAliases:
    """KMS keys themselves stay: nobody finds one without its id."""

    service, noun = "kms", "alias"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_aliases").paginate():
            for each in page["Aliases"]:
                if not each["AliasName"].startswith("alias/aws/"):
                    yield each["AliasName"]

    def describe(self, client: Any, name: str) -> Json:
        metadata = client.describe_key(KeyId=name)["KeyMetadata"]
        return {"key": metadata["KeyId"], "state": metadata["KeyState"]}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """It holds nothing."""

    def remove(self, client: Any, name: str) -> None:
        client.delete_alias(AliasName=name)
