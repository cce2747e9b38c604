"""KMS: aliases by their names; keys, which have none, by the run's tag.

A key is deleted after seven days at the soonest, and costs nothing meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from harness.account.leftovers.kind import ClientOf, Mark, tags_of

_SOONEST_DAYS = 7
_GONE = ("PendingDeletion", "PendingReplicaDeletion")


class Aliases:
    noun = "key alias"
    types = frozenset({"aws_kms_alias"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("kms").get_paginator("list_aliases").paginate():
            yield from (
                each["AliasName"] for each in page["Aliases"] if mark.names(each["AliasName"].removeprefix("alias/"))
            )

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("kms").delete_alias(AliasName=name)


class Keys:
    noun = "key"
    types = frozenset({"aws_kms_key"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        kms = client_of("kms")
        for page in kms.get_paginator("list_keys").paginate():
            for each in page["Keys"]:
                try:
                    tags = tags_of(kms.list_resource_tags(KeyId=each["KeyId"])["Tags"], "TagKey", "TagValue")
                except ClientError:
                    continue  # a key whose policy keeps us out was not made by us
                if mark.tags(tags) and kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] not in _GONE:
                    yield each["KeyId"]

    def remove(self, client_of: ClientOf, name: str) -> None:
        client_of("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=_SOONEST_DAYS)
