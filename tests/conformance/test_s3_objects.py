"""S3 objects: writing, reading, copying, their headers (E1)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError


def error_of(failed: Any) -> tuple[str, int]:
    answer = failed.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_put_and_get(aws: Any) -> None:
    """E1: ETag is the quoted MD5, SSE-S3 by default, Content-Type binary/octet-stream if none is sent."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="put-and-get")
    body = b"hello world"
    put = s3.put_object(Bucket="put-and-get", Key="k", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert put["ServerSideEncryption"] == "AES256"
    assert put["ResponseMetadata"]["HTTPHeaders"]["x-amz-request-id"]
    assert put["ResponseMetadata"]["HTTPHeaders"]["x-amz-id-2"]
    got = s3.get_object(Bucket="put-and-get", Key="k")
    assert got["Body"].read() == body
    assert got["ContentType"] == "binary/octet-stream"
    assert got["ServerSideEncryption"] == "AES256"
    assert got["LastModified"].timestamp() == int(aws.now())


@pytest.mark.parametrize(
    "key", ["plain", "a//b", "a b+c", "ä/ö.json", "a%2Fb", "tilde~!*'()", "2026/01/01/x=1&y=2", "trailing/", "q?x#y"]
)
def test_keys_come_back_as_sent(aws: Any, key: str) -> None:
    """E1: any UTF-8 key."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="any-key")
    s3.put_object(Bucket="any-key", Key=key, Body=key.encode())
    assert s3.get_object(Bucket="any-key", Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="any-key")["Contents"]] == [key]
    s3.delete_object(Bucket="any-key", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="any-key")


def test_metadata_and_encoding(aws: Any) -> None:
    """E1: user metadata, content type and encoding are kept; aws-chunked is not part of the encoding."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="metadata")
    s3.put_object(
        Bucket="metadata",
        Key="k",
        Body=b"x",
        ContentType="application/json",
        ContentEncoding="gzip",
        Metadata={"my_key": "1", "other-key": "2"},
    )
    head = s3.head_object(Bucket="metadata", Key="k")
    assert (head["ContentType"], head["ContentEncoding"]) == ("application/json", "gzip")
    assert head["Metadata"] == {"my_key": "1", "other-key": "2"}
    assert head["ContentLength"] == 1


def test_ranges(aws: Any) -> None:
    """E1: range reads, InvalidRange 416 beyond the end."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="ranges")
    s3.put_object(Bucket="ranges", Key="k", Body=b"0123456789")
    part = s3.get_object(Bucket="ranges", Key="k", Range="bytes=2-4")
    assert part["Body"].read() == b"234"
    assert part["ContentRange"] == "bytes 2-4/10"
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.get_object(Bucket="ranges", Key="k", Range="bytes=-3")["Body"].read() == b"789"
    with pytest.raises(ClientError) as failed:
        s3.get_object(Bucket="ranges", Key="k", Range="bytes=10-")
    assert error_of(failed) == ("InvalidRange", 416)


def test_big_bodies(aws: Any) -> None:
    """E1: a 6 MB object is what was sent, by single PUT and by multipart upload (ETag of part MD5s, `-2`)."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="big")
    body = bytes(range(256)) * 24_000
    s3.put_object(Bucket="big", Key="single", Body=body)
    assert s3.get_object(Bucket="big", Key="single")["Body"].read() == body

    upload = s3.create_multipart_upload(Bucket="big", Key="parts")["UploadId"]
    parts = [body[: 5 * 1024 * 1024], body[5 * 1024 * 1024 :]]
    etags = [
        s3.upload_part(Bucket="big", Key="parts", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    done = s3.complete_multipart_upload(
        Bucket="big",
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]},
    )
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    assert done["ETag"] == f'"{digest}-2"'
    assert s3.get_object(Bucket="big", Key="parts")["Body"].read() == body


def test_versions_and_copies(aws: Any) -> None:
    """E1: versioned buckets keep what is overwritten and deleted."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versions", Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket="versions", Key="k", Body=b"2")
    s3.delete_object(Bucket="versions", Key="k")
    with pytest.raises(ClientError) as failed:
        s3.get_object(Bucket="versions", Key="k")
    assert error_of(failed) == ("NoSuchKey", 404)
    s3.copy_object(Bucket="versions", Key="copy", CopySource=f"versions/k?versionId={first}")
    assert s3.get_object(Bucket="versions", Key="copy")["Body"].read() == b"1"
    assert len(s3.list_object_versions(Bucket="versions", Prefix="k")["Versions"]) == 2


def test_conditional_writes(aws: Any) -> None:
    """E1: PreconditionFailed 412."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="conditional")
    s3.put_object(Bucket="conditional", Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError) as failed:
        s3.put_object(Bucket="conditional", Key="k", Body=b"2", IfNoneMatch="*")
    assert error_of(failed) == ("PreconditionFailed", 412)


def test_kms_encryption(aws: Any) -> None:
    """E1: SSE-KMS headers on the answer."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kms")
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    put = s3.put_object(Bucket="kms", Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", key)
