"""S3 buckets: listing, defaults, policies, sub-resources that do not exist, errors (E1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError


def error_of(failed: Any) -> tuple[str, str, int]:
    answer = failed.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_list_order_pages_and_delimiter(aws: Any) -> None:
    """E1: UTF-8 binary order, pages by MaxKeys with opaque tokens, Delimiter rolls up."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="listing")
    keys = ["b/2", "a", "B", "b/1", "ä", "b/10", "c/x/1", "b-0"]
    for key in keys:
        s3.put_object(Bucket="listing", Key=key, Body=b"")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="listing", PaginationConfig={"PageSize": 3}))
    assert [page["KeyCount"] for page in pages] == [3, 3, 2]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert [item["Key"] for page in pages for item in page["Contents"]] == sorted(keys, key=str.encode)

    rolled = s3.list_objects_v2(Bucket="listing", Delimiter="/")
    assert [item["Key"] for item in rolled["Contents"]] == ["B", "a", "b-0", "ä"]
    assert [item["Prefix"] for item in rolled["CommonPrefixes"]] == ["b/", "c/"]
    below = s3.list_objects_v2(Bucket="listing", Prefix="b/", Delimiter="/", StartAfter="b/1")
    assert [item["Key"] for item in below["Contents"]] == ["b/10", "b/2"]


def test_new_buckets_have_todays_defaults(aws: Any) -> None:
    """E1: SSE-S3, all public access blocked, ACLs disabled."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="defaults")
    rules = s3.get_bucket_encryption(Bucket="defaults")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    blocked = s3.get_public_access_block(Bucket="defaults")["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    ownership = s3.get_bucket_ownership_controls(Bucket="defaults")["OwnershipControls"]
    assert ownership == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.delete_bucket_encryption(Bucket="defaults")
    assert s3.get_bucket_encryption(Bucket="defaults")["ServerSideEncryptionConfiguration"]["Rules"] == rules


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_absent_sub_resources(aws: Any, operation: str, code: str) -> None:
    """E1 (errors): what the Terraform provider reads of every bucket, and takes as absent by these codes."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="absent")
    with pytest.raises(ClientError) as failed:
        getattr(s3, operation)(Bucket="absent")
    assert error_of(failed)[0] == code
    assert error_of(failed)[2] == 404


def test_removed_public_access_block(aws: Any) -> None:
    """E1 (errors): a deleted configuration is absent."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="no-block")
    s3.delete_public_access_block(Bucket="no-block")
    with pytest.raises(ClientError) as failed:
        s3.get_public_access_block(Bucket="no-block")
    assert error_of(failed)[0] == "NoSuchPublicAccessBlockConfiguration"


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        ("get_object", {"Bucket": "errors", "Key": "no"}, ("NoSuchKey", "The specified key does not exist.", 404)),
        (
            "get_object",
            {"Bucket": "no-such-bucket", "Key": "k"},
            ("NoSuchBucket", "The specified bucket does not exist", 404),
        ),
        (
            "put_object",
            {"Bucket": "no-such-bucket", "Key": "k", "Body": b""},
            ("NoSuchBucket", "The specified bucket does not exist", 404),
        ),
        ("list_objects_v2", {"Bucket": "no-such-bucket"}, ("NoSuchBucket", "The specified bucket does not exist", 404)),
        (
            "delete_bucket",
            {"Bucket": "errors"},
            ("BucketNotEmpty", "The bucket you tried to delete is not empty", 409),
        ),
    ],
)
def test_errors(aws: Any, operation: str, params: dict[str, Any], expected: tuple[str, str, int]) -> None:
    """E1: codes, texts and statuses."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="errors")
    s3.put_object(Bucket="errors", Key="there", Body=b"")
    with pytest.raises(ClientError) as failed:
        getattr(s3, operation)(**params)
    assert error_of(failed) == expected


def test_bucket_owned_already(aws: Any) -> None:
    """E1: 200 again in us-east-1 (legacy), BucketAlreadyOwnedByYou elsewhere."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="mine")
    assert s3.create_bucket(Bucket="mine")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_tls_only_policy_lets_everyone_in(aws: Any) -> None:
    """E1: the usual "deny without TLS" statement; the emulator's transport counts as secure."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="tls-only")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket="tls-only", Policy=policy)
    s3.put_object(Bucket="tls-only", Key="k", Body=b"x")
    assert s3.get_object(Bucket="tls-only", Key="k")["Body"].read() == b"x"
    assert json.loads(s3.get_bucket_policy(Bucket="tls-only")["Policy"]) == json.loads(policy)


def test_an_explicit_deny_wins(aws: Any) -> None:
    """E1: explicit Deny, AccessDenied 403."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="denied")
    s3.put_object(Bucket="denied", Key="k", Body=b"x")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::denied/*"}
    s3.put_bucket_policy(Bucket="denied", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with pytest.raises(ClientError) as failed:
        s3.get_object(Bucket="denied", Key="k")
    assert error_of(failed)[2] == 403


def test_lambda_notifications_are_refused_by_name(aws: Any) -> None:
    """Law 1: the upstream would accept them and deliver nothing."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="notifies")
    function = "arn:aws:lambda:us-east-1:000000000000:function:f"
    configuration = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
    with pytest.raises(ClientError) as failed:
        s3.put_bucket_notification_configuration(
            Bucket="notifies", NotificationConfiguration={"LambdaFunctionConfigurations": [configuration]}
        )
    assert error_of(failed)[0] == "NotEmulated"
    assert error_of(failed)[2] == 501


def test_notifications_reach_a_queue(aws: Any) -> None:
    """E1: event notification to SQS."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    s3.create_bucket(Bucket="notifies-queue")
    url = sqs.create_queue(QueueName="s3-events")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:s3-events"
    s3.put_bucket_notification_configuration(
        Bucket="notifies-queue",
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    s3.put_object(Bucket="notifies-queue", Key="a b", Body=b"xyz")
    bodies = [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    record = next(body for body in bodies if "Records" in body)["Records"][0]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["object"]["key"] == "a+b"
    assert record["s3"]["object"]["size"] == 3


def test_acls_are_disabled(aws: Any) -> None:
    """E1: with BucketOwnerEnforced only bucket-owner-full-control is accepted."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="no-acls")
    s3.put_object(Bucket="no-acls", Key="k", Body=b"", ACL="bucket-owner-full-control")
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: s3.put_object(Bucket="no-acls", Key="k", Body=b"", ACL="public-read"),
        lambda: s3.put_bucket_acl(Bucket="no-acls", ACL="private"),
    )
    for attempt in attempts:
        with pytest.raises(ClientError) as failed:
            attempt()
        assert error_of(failed) == ("AccessControlListNotSupported", "The bucket does not allow ACLs", 400)
    s3.put_bucket_ownership_controls(
        Bucket="no-acls", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_bucket_acl(Bucket="no-acls", ACL="private")


def test_public_policies_are_blocked(aws: Any) -> None:
    """E1: BlockPublicPolicy, which new buckets have, rejects a public policy with 403."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="not-public")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::not-public/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(ClientError) as failed:
        s3.put_bucket_policy(Bucket="not-public", Policy=policy)
    assert (error_of(failed)[0], error_of(failed)[2]) == ("AccessDenied", 403)
    s3.delete_public_access_block(Bucket="not-public")
    s3.put_bucket_policy(Bucket="not-public", Policy=policy)
    s3.put_object(Bucket="not-public", Key="k", Body=b"open")
    assert aws.http.get("/not-public/k").content == b"open"


def test_a_policy_is_put_without_an_answer(aws: Any) -> None:
    """E1: PutBucketPolicy answers 204."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="with-policy")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::with-policy/*"}
    answer = s3.put_bucket_policy(Bucket="with-policy", Policy=json.dumps({"Version": "2012-10-17", "Statement": deny}))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert answer["ResponseMetadata"]["HTTPHeaders"].get("content-length", "0") == "0"


def test_retention(aws: Any) -> None:
    """E1: GetObjectRetention answers the retention, never the object."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="plain")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    for bucket in ("plain", "locked"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with pytest.raises(ClientError) as failed:
        s3.get_object_retention(Bucket="plain", Key="k")
    assert error_of(failed)[::2] == ("InvalidRequest", 400)
    with pytest.raises(ClientError) as failed:
        s3.get_object_retention(Bucket="locked", Key="k")
    assert error_of(failed)[::2] == ("NoSuchObjectLockConfiguration", 404)
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime(2040, 1, 1, tzinfo=UTC)}
    s3.put_object_retention(Bucket="locked", Key="k", Retention=retention)
    assert s3.get_object_retention(Bucket="locked", Key="k")["Retention"] == retention


@pytest.mark.emulator_only
@pytest.mark.parametrize("path", ["kept?metrics", "kept?analytics&id=x", "kept/k?annotations", "kept/k?torrent"])
def test_unknown_sub_resources_are_refused_by_name(aws: Any, path: str) -> None:
    """E1: not answered with the object or the list of objects."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"x")
    answer = aws.http.get(f"/{path}")
    assert answer.status_code == 501
    assert "NotEmulated" in answer.text
