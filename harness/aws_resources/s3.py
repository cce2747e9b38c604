"""S3: buckets with objects in all their versions, uploads under way, and what decides over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import ClientError

from harness.aws_resources.kind import ClientOf, Found, named
from harness.json_object import Json
from harness.problem import Problem

_AT_ONCE = 1000


class Buckets:
    service, noun = "s3", "bucket"
    types = frozenset({"aws_s3_bucket"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for bucket in client_of("s3").list_buckets()["Buckets"]:
            yield named(bucket["Name"])

    def describe(self, client_of: ClientOf, id: str) -> Json:
        s3 = client_of("s3")
        return {
            "policy": _absent_as_none(lambda: s3.get_bucket_policy(Bucket=id)["Policy"]),
            "versioning": s3.get_bucket_versioning(Bucket=id).get("Status"),
            "notifications": _bare(s3.get_bucket_notification_configuration(Bucket=id)),
            "objects": dict(_objects(s3, id)),
        }

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """An object of the stack that was overwritten stays: it shows as a difference."""
        empty_bucket(client_of("s3"), id, keep=before["objects"])

    def remove(self, client_of: ClientOf, id: str) -> None:
        s3 = client_of("s3")
        empty_bucket(s3, id)
        s3.delete_bucket(Bucket=id)


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
