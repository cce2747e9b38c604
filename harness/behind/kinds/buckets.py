"""S3: objects in all their versions, uploads under way, and what decides over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import ClientError

from harness.behind.kind import Json
from harness.problem import Problem

_AT_ONCE = 1000


class Buckets:
    service, noun = "s3", "bucket"

    def find(self, client: Any) -> Iterator[str]:
        for bucket in client.list_buckets()["Buckets"]:
            yield bucket["Name"]

    def describe(self, client: Any, name: str) -> Json:
        where = {"Bucket": name}
        return {
            "policy": _absent_as_none(lambda: client.get_bucket_policy(**where)["Policy"]),
            "versioning": client.get_bucket_versioning(**where).get("Status"),
            "notifications": _bare(client.get_bucket_notification_configuration(**where)),
            "objects": dict(_objects(client, name)),
        }

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """An object of the stack that was overwritten stays: it shows as a difference."""
        empty_bucket(client, name, keep=before["objects"])

    def remove(self, client: Any, name: str) -> None:
        empty_bucket(client, name)
        client.delete_bucket(Bucket=name)


def empty_bucket(client: Any, name: str, keep: Collection[str] = ()) -> None:
    """Remove all versions of all objects but those whose keys are in `keep`, and uploads under way. Raises Problem
    where S3 keeps one."""
    found = [
        {"Key": each["Key"], "VersionId": each["VersionId"]}
        for page in client.get_paginator("list_object_versions").paginate(Bucket=name)
        for part in ("Versions", "DeleteMarkers")
        for each in page.get(part, [])
        if each["Key"] not in keep
    ]
    for start in range(0, len(found), _AT_ONCE):
        objects = found[start : start + _AT_ONCE]
        answer = client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise Problem(f"s3://{name}/{error['Key']} stays: {error.get('Code')}: {error.get('Message')}")
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=name):
        for each in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=name, Key=each["Key"], UploadId=each["UploadId"])


def _objects(client: Any, bucket: str) -> Iterator[tuple[str, str]]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            yield each["Key"], each["ETag"]


def _absent_as_none(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def _bare(answer: Json) -> Json:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
