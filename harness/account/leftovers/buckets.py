"""S3 buckets, with every version of every object in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.account.leftovers.kind import ClientOf, Mark
from harness.problem import Problem

_AT_ONCE = 1000


class Buckets:
    noun = "bucket"
    types = frozenset({"aws_s3_bucket"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for bucket in client_of("s3").list_buckets()["Buckets"]:
            if mark.names(bucket["Name"]):
                yield bucket["Name"]

    def remove(self, client_of: ClientOf, name: str) -> None:
        s3 = client_of("s3")
        empty_bucket(s3, name)
        s3.delete_bucket(Bucket=name)


def empty_bucket(s3: Any, bucket: str) -> None:
    """Remove all versions of all objects, and uploads under way. Raises Problem where S3 keeps one."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, MaxKeys=_AT_ONCE):
        found = [
            {"Key": each["Key"], "VersionId": each["VersionId"]}
            for part in ("Versions", "DeleteMarkers")
            for each in page.get(part, [])
        ]
        if found:
            answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
            for error in answer.get("Errors", []):
                raise Problem(f"s3://{bucket}/{error['Key']} stays: {error.get('Code')}: {error.get('Message')}")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for each in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])
