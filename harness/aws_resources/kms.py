"""KMS: aliases by their names; keys, which have none, by their tags.

A key is deleted after seven days at the soonest, and costs nothing meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from harness.aws_resources.kind import ClientOf, Found, tags_of
from harness.json_object import Json

_SOONEST_DAYS = 7
_GOING = ("PendingDeletion", "PendingReplicaDeletion")


class Aliases:
    service, noun = "kms", "key alias"
    types = frozenset({"aws_kms_alias"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("kms").get_paginator("list_aliases").paginate():
            for each in page["Aliases"]:
                if not each["AliasName"].startswith("alias/aws/"):
                    yield Found(each["AliasName"], (each["AliasName"].removeprefix("alias/"),))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        metadata = client_of("kms").describe_key(KeyId=id)["KeyMetadata"]
        return {"key": metadata["KeyId"], "state": metadata["KeyState"]}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """It holds nothing."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("kms").delete_alias(AliasName=id)


class Keys:
    service, noun = "kms", "key"
    types = frozenset({"aws_kms_key"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        kms = client_of("kms")
        for page in kms.get_paginator("list_keys").paginate():
            for each in page["Keys"]:
                key = each["KeyId"]
                yield Found(key, tags=partial(_tags, kms, key), is_going=partial(_is_going, kms, key))

    def remove(self, client_of: ClientOf, id: str) -> None:
        client_of("kms").schedule_key_deletion(KeyId=id, PendingWindowInDays=_SOONEST_DAYS)


def _tags(kms: Any, key: str) -> Mapping[str, str]:
    try:
        return tags_of(kms.list_resource_tags(KeyId=key)["Tags"], "TagKey", "TagValue")
    except ClientError:
        return {}  # a key whose policy keeps us out was not made by us


def _is_going(kms: Any, key: str) -> bool:
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] in _GOING
