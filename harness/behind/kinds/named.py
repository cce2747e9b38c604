"""Kinds that are little more than a name: parameters, secrets, aliases of keys, rules, policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.behind.kind import Json


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


class Rules:
    """EventBridge's, on the default bus."""

    service, noun = "events", "rule"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_rules").paginate():
            for each in page["Rules"]:
                yield each["Name"]

    def describe(self, client: Any, name: str) -> Json:
        rule = client.describe_rule(Name=name)
        when = {part: rule.get(part) for part in ("EventPattern", "ScheduleExpression", "State")}
        return {**when, "targets": self._targets(client, name)}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """Targets that came later show as a difference."""

    def remove(self, client: Any, name: str) -> None:
        if targets := self._targets(client, name):
            client.remove_targets(Rule=name, Ids=targets)
        client.delete_rule(Name=name)

    def _targets(self, client: Any, name: str) -> list[str]:
        return sorted(each["Id"] for each in client.list_targets_by_rule(Rule=name)["Targets"])


class Policies:
    """IAM's, of the account's own. Roles stand before them in the order of cleaning: they use them."""

    service, noun = "iam", "policy"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_policies").paginate(Scope="Local"):
            for each in page["Policies"]:
                yield each["Arn"]

    def describe(self, client: Any, name: str) -> Json:
        return {"version": client.get_policy(PolicyArn=name)["Policy"]["DefaultVersionId"]}

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """Another version shows as a difference."""

    def remove(self, client: Any, name: str) -> None:
        for version in client.list_policy_versions(PolicyArn=name)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=name, VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=name)
