"""The submit system's optional criteria: authentication by Lambda and by JWT, encryption with AES256 and KMS, no public
access, and a bucket policy that denies unknown principals, with IAM enforced. Refusals first.

Both copies of the stack (stacks/submit-variants) live on an emulator of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from harness.pytest_plugin import harness_options
from harness.targets import DEFAULT_TARGET
from harness.testing.opening import started
from harness.testing.suite import Suite
from harness.testing.topology import Provisioner, SuiteRunner
from tests.conftest import Aws
from tests.integration.deployed import Deployed
from tests.integration.provisioning import Provisioned
from tests.local_issuer import LocalIssuer

FOLDER = Path(__file__).parent / "stacks" / "submit-variants"
TOKEN = "an-example-token-of-the-tests"
UNAUTHORIZED = (401, {"message": "Unauthorized"})
FORBIDDEN = (403, {"message": "Forbidden"})
READER = "submit-reader"
ALL_OF_S3 = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


@dataclass(frozen=True)
class WithIssuer(Provisioner):
    """Applies the stack with an issuer that is there. Its address is no reason for another apply: each test process
    has its own, and a test leads the authorizer to it."""

    issuer: str = field(kw_only=True)

    def runner(self) -> SuiteRunner:
        runner = super().runner()
        return replace(runner, environ={**runner.environ, "TF_VAR_jwt_issuer": self.issuer})


@pytest.fixture(scope="session")
def issuer() -> Iterator[LocalIssuer]:
    made = LocalIssuer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def variants_emulator(harness_emulator: Suite, pytestconfig: pytest.Config, issuer: LocalIssuer) -> Iterator[Suite]:
    """Applied once for all workers and kept for later runs, as the full stack is."""
    options = replace(harness_options(pytestconfig), stack=str(FOLDER), run=None)
    if options.target != DEFAULT_TARGET:
        pytest.skip(f"its issuer and emulator are processes of this machine, which the target {options.target} is not")
    with started(options, partial(WithIssuer, issuer=issuer.url)) as suite:
        yield suite
    suite.target.forget()


class Variants(Deployed):
    """Both copies as they were right after the apply, `secured` by a Lambda authorizer, `signed` by JWT."""

    def __init__(self, aws: Aws, outputs: Json, issuer: LocalIssuer) -> None:
        super().__init__(aws, outputs)
        self.secured: Json = self.outputs["lambda"]
        self.signed: Json = self.outputs["jwt"]
        self._issuer = issuer
        self._trust(issuer)

    def answer(self, copy: Json, authorization: str | None) -> tuple[int, Any]:
        response = self.post(copy["submit_url"], {"id": 1}, authorization=authorization)
        return response.status_code, response.json()

    def bearer(self, **claims: Any) -> str:
        """The header of a JWT that the API takes, but for the claims that are changed."""
        wanted = {"aud": "submit", "scope": "submit/write"} | claims
        return f"Bearer {self._issuer.token(self.aws.now(), **wanted)}"

    def authorization(self, copy: Json) -> str:
        return f"Bearer {TOKEN}" if copy is self.secured else self.bearer()

    def enforce(self) -> None:
        """From now on IAM decides. The tests' own key is the account's root."""
        self.aws.admin("POST", "iam", {"mode": "enforce"})

    def user(self, name: str) -> Any:
        """An S3 client of a user that IAM alone would let do everything in S3."""
        iam = self.aws.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="all-of-s3", PolicyDocument=ALL_OF_S3)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.aws.client("s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    def delivered(self, copy: Json) -> str:
        """Send one document through the system; returns the key of the object that it is in."""
        assert self.answer(copy, self.authorization(copy))[0] == 200
        self.aws.settle()
        ((key, content),) = self.objects(copy["bucket_name"]).items()
        assert content == b'{"id":1}\n'
        return key

    def _trust(self, issuer: LocalIssuer) -> None:
        gateway, api = self.aws.client("apigatewayv2"), self.signed["api_id"]
        (authorizer,) = gateway.get_authorizers(ApiId=api)["Items"]
        configuration = {**authorizer["JwtConfiguration"], "Issuer": issuer.url}
        gateway.update_authorizer(ApiId=api, AuthorizerId=authorizer["AuthorizerId"], JwtConfiguration=configuration)


@pytest.fixture
def variants(variants_emulator: Suite, issuer: LocalIssuer) -> Iterator[Variants]:
    """A traceback in the emulator's log fails the test."""
    variants_emulator.clean()
    before = variants_emulator.target.log_position()
    made = Variants(Aws(variants_emulator.aws.url), variants_emulator.outputs or {}, issuer)
    yield made
    made.aws.admin("POST", "iam", {"mode": "off"})
    assert "Traceback" not in variants_emulator.target.log_since(before)


@pytest.fixture(params=["secured", "signed"])
def copy(request: pytest.FixtureRequest, variants: Variants) -> Json:
    """One copy after the other."""
    made: Json = getattr(variants, request.param)
    return made


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


# -- authentication ------------------------------------------------------------------------------------------------


def test_without_a_header_nobody_is_asked(variants: Variants, copy: Json) -> None:
    """A missing identity source is 401, without a call of authorizer or function (D9)."""
    assert variants.answer(copy, None) == UNAUTHORIZED
    variants.aws.settle()
    assert variants.objects(copy["bucket_name"]) == {}
    logs = [group["logGroupName"] for group in variants.aws.client("logs").describe_log_groups()["logGroups"]]
    assert [line for group in logs for line in variants.log(group)] == []


@pytest.mark.parametrize("authorization", ["Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
def test_an_unknown_token_is_forbidden(variants: Variants, authorization: str) -> None:
    """The Lambda authorizer's refusal is 403 (D9), and the function is not called."""
    assert variants.answer(variants.secured, authorization) == FORBIDDEN
    assert variants.log(variants.secured["function_log_group_name"]) == []


@pytest.mark.parametrize(
    "claims",
    [{"aud": "another"}, {"exp": 1}, {"iss": "https://issuer.example.com"}, {"key": "second"}],
    ids=["audience", "expired", "issuer", "signature"],
)
def test_a_bad_jwt_is_unauthorized(variants: Variants, claims: dict[str, Any]) -> None:
    """Audience, expiry, issuer, signature: each alone is 401 (D9)."""
    assert variants.answer(variants.signed, variants.bearer(**claims)) == UNAUTHORIZED


@pytest.mark.parametrize("scope", [None, "submit/read"])
def test_a_jwt_without_the_scope_is_forbidden(variants: Variants, scope: str | None) -> None:
    """Known, but not allowed: 403 (D9)."""
    assert variants.answer(variants.signed, variants.bearer(scope=scope)) == FORBIDDEN


def test_without_permission_the_authorizer_cannot_be_asked(variants: Variants) -> None:
    """API Gateway needs a permission for the authorizer too: without it even the right token gets 500 (D9)."""
    variants.aws.client("lambda").remove_permission(
        FunctionName="lambda-api-submit-authorizer", StatementId="AllowAuthorizer"
    )
    assert variants.answer(variants.secured, f"Bearer {TOKEN}") == (500, {"message": "Internal Server Error"})


def test_who_is_authorized_gets_through(variants: Variants, copy: Json) -> None:
    """200, and the document is in S3."""
    variants.delivered(copy)


def test_the_token_is_nowhere_but_with_its_owner(variants: Variants) -> None:
    """Not in the authorizer's configuration and in no log; its answer is remembered for 300 s (D9)."""
    for wait in (0, 299, 2):
        variants.aws.advance(wait)
        assert variants.answer(variants.secured, f"Bearer {TOKEN}")[0] == 200
    log = variants.log("/aws/lambda/lambda-api-submit-authorizer")
    assert sum("POST /submit: allowed" in line for line in log) == 2
    settings = variants.aws.client("lambda").get_function_configuration(FunctionName="lambda-api-submit-authorizer")
    assert TOKEN not in f"{log} {settings}"


# -- encryption and public access ------------------------------------------------------------------------------------


def test_aes256(variants: Variants) -> None:
    """The bucket's setting, and what HeadObject says of a delivered object (E1)."""
    s3, bucket = variants.aws.client("s3"), variants.secured["bucket_name"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    head = s3.head_object(Bucket=bucket, Key=variants.delivered(variants.secured))
    assert (head["ServerSideEncryption"], head.get("SSEKMSKeyId")) == ("AES256", None)


def test_kms(variants: Variants) -> None:
    """A key of the bucket's own, which is rotated, in the bucket's setting and on every delivered object (E1)."""
    s3, kms, bucket = variants.aws.client("s3"), variants.aws.client("kms"), variants.signed["bucket_name"]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    assert (default["SSEAlgorithm"], rule["BucketKeyEnabled"]) == ("aws:kms", True)
    key = kms.describe_key(KeyId=default["KMSMasterKeyID"])["KeyMetadata"]
    assert (key["KeyManager"], key["KeyState"]) == ("CUSTOMER", "Enabled")
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    head = s3.head_object(Bucket=bucket, Key=variants.delivered(variants.signed))
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])


def test_public_access_is_blocked(variants: Variants, copy: Json) -> None:
    """All four settings; a public policy and a public ACL are refused (E1)."""
    s3, bucket = variants.aws.client("s3"), copy["bucket_name"]
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    public = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", '
        f'"Resource": "arn:aws:s3:::{bucket}/*"}}]}}'
    )
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket=bucket, Policy=public)
    assert code(error) == "AccessDenied"
    with pytest.raises(ClientError) as error:
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert code(error) == "AccessControlListNotSupported"


# -- with IAM enforced -----------------------------------------------------------------------------------------------


def test_unknown_principals_are_denied(variants: Variants, copy: Json) -> None:
    """A user whom IAM would let read, write, list and delete everything, and who is not in the bucket's policy."""
    key, bucket = variants.delivered(copy), copy["bucket_name"]
    stranger = variants.user("stranger")
    variants.enforce()
    for refused in (
        partial(stranger.get_object, Bucket=bucket, Key=key),
        partial(stranger.put_object, Bucket=bucket, Key="of-a-stranger", Body=b"x"),
        partial(stranger.delete_object, Bucket=bucket, Key=key),
        partial(stranger.list_objects_v2, Bucket=bucket),
    ):
        with pytest.raises(ClientError) as error:
            refused()
        assert code(error) == "AccessDenied"
        assert "with an explicit deny in a resource-based policy" in str(error.value)
    assert list(variants.objects(bucket)) == [key]


def test_nobody_in_particular_is_denied(variants: Variants, copy: Json) -> None:
    """A request without a signature."""
    key = variants.delivered(copy)
    variants.enforce()
    answer = httpx.get(f"{variants.aws.url}/{copy['bucket_name']}/{key}")
    assert answer.status_code == 403
    assert "<Code>AccessDenied</Code>" in answer.text


def test_a_known_reader_reads(variants: Variants) -> None:
    """The user that `bucket_reader_arns` names, by the policies of both sides."""
    copy = variants.secured
    key = variants.delivered(copy)
    reader = variants.user(READER)
    variants.enforce()
    assert reader.get_object(Bucket=copy["bucket_name"], Key=key)["Body"].read() == b'{"id":1}\n'


def test_the_roles_suffice(variants: Variants, copy: Json) -> None:
    """Every service by its own role: API Gateway, authorizer, function, stream, delivery stream, bucket, key, logs."""
    variants.enforce()
    variants.delivered(copy)
    assert any("Accepted" in line for line in variants.log(copy["function_log_group_name"]))
    assert variants.log(copy["delivery_log_group_name"]) == []


def test_without_its_policy_the_function_cannot_put(variants: Variants, copy: Json) -> None:
    """Lambda's Kinesis permission is needed: without it the handler answers 503 and logs what it lacks."""
    variants.aws.client("iam").delete_role_policy(RoleName=copy["function_name"], PolicyName="function")
    logs = copy["function_log_group_name"]
    variants.aws.client("iam").put_role_policy(
        RoleName=copy["function_name"],
        PolicyName="logs",
        PolicyDocument='{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}',
    )
    variants.enforce()
    status, body = variants.answer(copy, variants.authorization(copy))
    assert (status, body) == (503, {"message": "The stream is not available"})
    assert any("AccessDeniedException" in line and "kinesis:PutRecord" in line for line in variants.log(logs))


def test_without_its_policy_the_delivery_stream_waits(variants: Variants, copy: Json) -> None:
    """Firehose's S3 permission is needed: without it nothing is delivered, with it again everything is (A12)."""
    iam, role = variants.aws.client("iam"), copy["delivery_stream_name"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="delivery")["PolicyDocument"]
    less = {**policy, "Statement": [each for each in policy["Statement"] if "s3:PutObject" not in each["Action"]]}
    iam.put_role_policy(RoleName=role, PolicyName="delivery", PolicyDocument=json.dumps(less))
    variants.enforce()
    assert variants.answer(copy, variants.authorization(copy))[0] == 200
    variants.aws.advance(120)
    assert variants.objects(copy["bucket_name"]) == {}
    assert any("S3.AccessDenied" in line for line in variants.log(copy["delivery_log_group_name"]))

    iam.put_role_policy(RoleName=role, PolicyName="delivery", PolicyDocument=json.dumps(policy))
    variants.aws.settle()
    assert variants.lines(copy["bucket_name"]) == [{"id": 1}]


# -- Terraform -------------------------------------------------------------------------------------------------------


def test_a_plan_after_the_apply_is_empty(variants_emulator: Suite, variants: Variants) -> None:
    """Authorizers, keys and policies are read back as they were created."""
    variants_emulator.clean()  # the issuer of the apply again
    (authorizer,) = variants.aws.client("apigatewayv2").get_authorizers(ApiId=variants.signed["api_id"])["Items"]
    runner = Provisioned.of(variants_emulator).runner
    applied = {"TF_VAR_jwt_issuer": authorizer["JwtConfiguration"]["Issuer"]}
    changes, text = replace(runner, environ={**runner.environ, **applied}).plan()
    assert changes == 0, text
