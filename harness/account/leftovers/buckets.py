"""S3 buckets, with every version of every object in them."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark
from harness.behind.kinds.buckets import empty_bucket


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
