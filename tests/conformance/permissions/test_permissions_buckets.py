"""S3: bucket policies, anonymous requests, versions of the truth about missing keys (E1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.permissions.conftest import ACCOUNT, Iam, allow, deny, document, refused

DATA = b"content"


@pytest.fixture
def bucket(iam: Iam) -> str:
    name = iam.name("bucket")
    s3 = iam.aws.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a/b", Body=DATA)
    return name


def policy(iam: Iam, bucket: str, *statements: dict[str, Any]) -> None:
    iam.aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(*statements))


def test_identity_policies_by_prefix(iam: Iam, bucket: str) -> None:
    """E1: the message quotes the object's ARN."""
    user = iam.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/a/*"))
    s3 = user.client("s3")
    assert s3.get_object(Bucket=bucket, Key="a/b")["Body"].read() == DATA
    answer = refused(s3.put_object, Bucket=bucket, Key="a/c", Body=b"")
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert answer.message == (
        f"User: {user.arn} is not authorized to perform: s3:PutObject on resource: "
        f'"arn:aws:s3:::{bucket}/a/c" because no identity-based policy allows the s3:PutObject action'
    )


def test_a_bucket_policy_that_denies_all_but_one(iam: Iam, bucket: str) -> None:
    """E1: explicit deny wins, for the account's root too; the policy can still be taken away by root."""
    friend, other = iam.user(allow("s3:*")), iam.user(allow("s3:*"))
    policy(
        iam,
        bucket,
        deny(
            "s3:*Object",
            f"arn:aws:s3:::{bucket}/*",
            Principal="*",
            Condition={"ArnNotEquals": {"aws:PrincipalArn": friend.arn}},
        ),
    )
    friend.client("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    answer = refused(other.client("s3").put_object, Bucket=bucket, Key="k", Body=b"")
    assert answer.message.endswith("with an explicit deny in a resource-based policy")
    root = iam.aws.client("s3")
    assert refused(root.get_object, Bucket=bucket, Key="k").code == "AccessDenied"
    root.delete_bucket_policy(Bucket=bucket)
    root.get_object(Bucket=bucket, Key="k")


def test_a_policy_that_locks_everybody_out_can_be_taken_away_by_root(iam: Iam, bucket: str) -> None:
    """E1: the owner's root keeps the policy operations whatever the policy says."""
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    policy(iam, bucket, deny("s3:*", everything, Principal="*"))
    assert refused(iam.user(allow("s3:*")).client("s3").delete_bucket_policy, Bucket=bucket).code == "AccessDenied"
    root = iam.aws.client("s3")
    assert refused(root.list_objects_v2, Bucket=bucket).code == "AccessDenied"
    root.delete_bucket_policy(Bucket=bucket)
    root.list_objects_v2(Bucket=bucket)


def test_a_bucket_policy_may_allow_a_user_without_policies(iam: Iam, bucket: str) -> None:
    """E1: within the account the bucket's policy is enough."""
    user = iam.user()
    policy(iam, bucket, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": user.arn}))
    assert user.client("s3").get_object(Bucket=bucket, Key="a/b")["Body"].read() == DATA


def test_other_accounts_need_both_sides(iam: Iam, bucket: str) -> None:
    """E1: cross-account needs both sides."""
    there = iam.aws.client("s3", aws_access_key_id="111111111111", aws_secret_access_key="x")
    answer = refused(there.get_object, Bucket=bucket, Key="a/b")
    assert answer.message.endswith("because no resource-based policy allows the s3:GetObject action")
    policy(iam, bucket, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": "111111111111"}))
    assert there.get_object(Bucket=bucket, Key="a/b")["Body"].read() == DATA


def test_anonymous_requests(iam: Iam, bucket: str) -> None:
    """E1: without credentials only what is public, and nothing while public policies are restricted."""
    url = f"/{bucket}/a/b"
    answer = iam.aws.http.get(url)
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Access Denied</Message>" in answer.text
    s3 = iam.aws.client("s3")
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": False})
    policy(iam, bucket, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*"))
    assert iam.aws.http.get(url).content == DATA
    assert iam.aws.http.put(url, content=b"x").status_code == 403
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**block, "RestrictPublicBuckets": True})
    assert iam.aws.http.get(url).status_code == 403


def test_a_missing_key_is_not_told_to_who_may_not_list(iam: Iam, bucket: str) -> None:
    """E1: missing key without ListBucket: 403 instead of 404."""
    user = iam.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    answer = refused(user.client("s3").get_object, Bucket=bucket, Key="none")
    assert (answer.code, answer.status) == ("AccessDenied", 403)
    assert "s3:ListBucket" in answer.message
    user.may(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"), allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    assert refused(user.client("s3").get_object, Bucket=bucket, Key="none").code == "NoSuchKey"


def test_a_deleted_object_with_versions_is_missing_too(iam: Iam, bucket: str) -> None:
    """E1: a delete marker is no object."""
    s3 = iam.aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="v", Body=DATA)
    s3.delete_object(Bucket=bucket, Key="v")
    user = iam.user(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    assert "s3:ListBucket" in refused(user.client("s3").get_object, Bucket=bucket, Key="v").message


def test_listing_by_prefix(iam: Iam, bucket: str) -> None:
    """E1: s3:prefix and policy variables."""
    user = iam.user(
        allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition={"StringLike": {"s3:prefix": "${aws:username}/*"}})
    )
    s3 = user.client("s3")
    s3.list_objects_v2(Bucket=bucket, Prefix=f"{user.name}/x")
    assert refused(s3.list_objects_v2, Bucket=bucket, Prefix="a/").code == "AccessDenied"
    assert refused(s3.list_objects_v2, Bucket=bucket).code == "AccessDenied"


def test_several_objects_at_once(iam: Iam, bucket: str) -> None:
    """E1: DeleteObjects needs s3:DeleteObject on every key."""
    user = iam.user(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a/*"))
    delete = user.client("s3").delete_objects
    delete(Bucket=bucket, Delete={"Objects": [{"Key": "a/b"}]})
    answer = refused(delete, Bucket=bucket, Delete={"Objects": [{"Key": "a/b"}, {"Key": "c&d"}]})
    assert f'"arn:aws:s3:::{bucket}/c&d"' in answer.message


def test_copying_reads_the_source(iam: Iam, bucket: str) -> None:
    """E1: CopyObject needs s3:GetObject on the source."""
    user = iam.user(allow("s3:PutObject"))
    copy = user.client("s3").copy_object
    source = {"Bucket": bucket, "Key": "a/b"}
    assert "s3:GetObject" in refused(copy, Bucket=bucket, Key="c", CopySource=source).message
    user.may(allow(["s3:PutObject", "s3:GetObject"]))
    copy(Bucket=bucket, Key="c", CopySource=source)


def test_secure_transport(iam: Iam, bucket: str) -> None:
    """E1: aws:SecureTransport holds here; the local endpoint stands for an HTTPS one."""
    both = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    policy(iam, bucket, deny("s3:*", both, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    iam.aws.client("s3").get_object(Bucket=bucket, Key="a/b")


def test_an_object_with_a_customers_key(iam: Iam, bucket: str) -> None:
    """E1, C: SSE-KMS needs kms:GenerateDataKey to write and kms:Decrypt to read."""
    key = iam.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    encrypted = {"Bucket": bucket, "Key": "e", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    user = iam.user(allow("s3:*"))
    s3 = user.client("s3")
    answer = refused(s3.put_object, Body=b"x", **encrypted)
    assert "kms:GenerateDataKey" in answer.message
    via_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    user.may(allow("s3:*"), allow("kms:GenerateDataKey", key, Condition=via_s3))
    s3.put_object(Body=b"x", **encrypted)
    assert "kms:Decrypt" in refused(s3.get_object, Bucket=bucket, Key="e").message
    user.may(allow("s3:*"), allow("kms:Decrypt", key))
    s3.get_object(Bucket=bucket, Key="e")


def test_a_key_policy_decides_alone(iam: Iam) -> None:
    """C: a key whose policy does not name the account is out of reach of the account's policies."""
    user = iam.user(allow("kms:*"))
    kms = iam.aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    user.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    kms.put_key_policy(
        KeyId=key,
        PolicyName="default",
        Policy=document(allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/x"})),
    )
    answer = refused(user.client("kms").encrypt, KeyId=key, Plaintext=b"x")
    assert answer.code == "AccessDeniedException"
    assert answer.message.endswith("because no resource-based policy allows the kms:Encrypt action")
