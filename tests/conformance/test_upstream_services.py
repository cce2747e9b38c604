"""The other upstream services: reachable, saved and restored whole, refusing by name (E3, E4)."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ALLOW_READING = TRUST.replace('"Principal": {"Service": "lambda.amazonaws.com"}', '"Resource": "*"').replace(
    "sts:AssumeRole", "s3:GetObject"
)
BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:kept"


def fill(aws: Any) -> None:
    """One typical resource, or a few, in every upstream service."""
    sqs, sns, kms = aws.client("sqs"), aws.client("sns"), aws.client("kms")
    url = sqs.create_queue(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="message")
    topic = sns.create_topic(Name="kept")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN, Attributes={"RawMessageDelivery": "true"})
    key = kms.create_key(Description="kept")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/kept", TargetKeyId=key)
    kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    iam = aws.client("iam")
    iam.create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="kept", PolicyName="inline", PolicyDocument=ALLOW_READING)
    iam.attach_role_policy(RoleName="kept", PolicyArn=BASIC_EXECUTION)
    aws.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    aws.client("dynamodb").put_item(TableName="kept", Item={"id": {"S": "1"}, "data": {"B": b"\x00\xff"}})
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/kept")
    logs.create_log_stream(logGroupName="/kept", logStreamName="s")
    events = [{"timestamp": int(aws.now() * 1000), "message": "line"}]
    logs.put_log_events(logGroupName="/kept", logStreamName="s", logEvents=events)
    aws.client("cloudwatch").put_metric_data(Namespace="Kept", MetricData=[{"MetricName": "M", "Value": 2.0}])
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="kept",
        Namespace="Kept",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    aws.client("events").put_rule(Name="kept", EventPattern='{"source":["test"]}')
    aws.client("events").put_targets(Rule="kept", Targets=[{"Id": "1", "Arn": QUEUE_ARN}])
    aws.client("ssm").put_parameter(Name="/kept", Value="v", Type="SecureString")
    aws.client("secretsmanager").create_secret(Name="kept", SecretString="s")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="kept", Key="k", Body=b"old")
    s3.put_object(Bucket="kept", Key="k", Body=b"x" * 6_000_000)
    policy = json.loads(TRUST.replace("sts:AssumeRole", "s3:GetObject"))
    policy["Statement"][0]["Resource"] = "arn:aws:s3:::kept/*"
    s3.put_bucket_policy(Bucket="kept", Policy=json.dumps(policy))


def check(aws: Any) -> None:
    """All of `fill` is there and works."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    aws.client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:kept", Message="notified")
    aws.client("events").put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": "{}"}])
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received][:2] == ["message", "notified"]
    assert json.loads(received[2]["Body"])["source"] == "test"
    kms = aws.client("kms")
    sealed = kms.encrypt(KeyId="alias/kept", Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"secret"
    for key in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeySpec"] == "RSA_2048":
            assert kms.sign(KeyId=key["KeyId"], Message=b"m", SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
    iam = aws.client("iam")
    assert iam.list_role_policies(RoleName="kept")["PolicyNames"] == ["inline"]
    attached = iam.list_attached_role_policies(RoleName="kept")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [BASIC_EXECUTION]
    assert iam.get_policy(PolicyArn=BASIC_EXECUTION)["Policy"]["AttachmentCount"] == 1
    item = aws.client("dynamodb").get_item(TableName="kept", Key={"id": {"S": "1"}})["Item"]
    assert item["data"]["B"] == b"\x00\xff"
    logged = aws.client("logs").get_log_events(logGroupName="/kept", logStreamName="s")["events"]
    assert [event["message"] for event in logged] == ["line"]
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["Period"] == 60
    metrics = aws.client("cloudwatch").list_metrics(Namespace="Kept")["Metrics"]
    assert [metric["MetricName"] for metric in metrics] == ["M"]
    assert aws.client("ssm").get_parameter(Name="/kept", WithDecryption=True)["Parameter"]["Value"] == "v"
    assert aws.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "s"
    s3 = aws.client("s3")
    assert [version["Size"] for version in s3.list_object_versions(Bucket="kept")["Versions"]] == [6_000_000, 3]
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"x" * 6_000_000


def assert_empty(aws: Any) -> None:
    assert aws.client("s3").list_buckets()["Buckets"] == []
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert aws.client("sns").list_topics()["Topics"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    assert aws.client("kms").list_keys()["Keys"] == []
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert aws.client("events").list_rules()["Rules"] == []
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []


def test_everything_is_saved_and_restored(aws: Any) -> None:
    """A snapshot holds all upstream state; a reset empties it (admin API; E1, E3, E4 for the services' pieces)."""
    fill(aws)
    aws.admin("PUT", "snapshots/upstream-whole")
    aws.admin("POST", "reset")
    assert_empty(aws)
    aws.admin("POST", "snapshots/upstream-whole")
    check(aws)
    aws.admin("DELETE", "snapshots/upstream-whole")


def test_accounts_and_regions_are_apart(aws: Any) -> None:
    """The account comes from a 12-digit access key, the region from the signature."""
    import boto3

    def client(service: str, account: str, region: str) -> Any:
        return boto3.client(
            service, endpoint_url=aws.url, region_name=region, aws_access_key_id=account, aws_secret_access_key="test"
        )

    client("sqs", "111111111111", "eu-west-1").create_queue(QueueName="apart")
    assert client("sts", "111111111111", "eu-west-1").get_caller_identity()["Account"] == "111111111111"
    assert "QueueUrls" in client("sqs", "111111111111", "eu-west-1").list_queues()
    assert "QueueUrls" not in client("sqs", "111111111111", "us-east-1").list_queues()
    assert "QueueUrls" not in aws.client("sqs").list_queues()
    assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("iam", "get_role", {"RoleName": "none"}, "NoSuchEntity"),
        (
            "iam",
            "attach_role_policy",
            {"RoleName": "none", "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy"},
            "NoSuchEntity",
        ),
        ("kms", "describe_key", {"KeyId": "none"}, "NotFoundException"),
        ("sns", "get_topic_attributes", {"TopicArn": "arn:aws:sns:us-east-1:000000000000:none"}, "NotFound"),
        ("dynamodb", "describe_table", {"TableName": "none"}, "ResourceNotFoundException"),
        ("logs", "get_log_events", {"logGroupName": "/none", "logStreamName": "s"}, "ResourceNotFoundException"),
        ("events", "describe_rule", {"Name": "none"}, "ResourceNotFoundException"),
        ("ssm", "get_parameter", {"Name": "/none"}, "ParameterNotFound"),
        ("secretsmanager", "get_secret_value", {"SecretId": "none"}, "ResourceNotFoundException"),
        ("logs", "create_delivery", {"deliverySourceName": "a", "deliveryDestinationArn": "b"}, None),
        ("ssm", "start_session", {"Target": "i-0"}, "NotEmulated"),
        ("cloudwatch", "disable_insight_rules", {"RuleNames": ["r"]}, "NotEmulated"),
        ("sns", "subscribe", {"TopicArn": "t", "Protocol": "https", "Endpoint": "https://example.com"}, "NotEmulated"),
    ],
)
def test_errors_by_name(aws: Any, service: str, operation: str, params: dict[str, Any], code: str | None) -> None:
    """E3, E4 and law 1: AWS's codes for what is missing, NotEmulated for what is not there."""
    with pytest.raises(ClientError) as failed:
        getattr(aws.client(service), operation)(**params)
    answer = failed.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500 or answer["Error"]["Code"] == "NotEmulated"
    assert code is None or answer["Error"]["Code"] == code


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"QueueUrl": 5}', b'{"WaitTimeSeconds": {}}'])
@pytest.mark.parametrize("target", ["AmazonSQS.ReceiveMessage", "Logs_20140328.PutLogEvents", "AmazonSSM.GetParameter"])
def test_bad_bodies(aws: Any, target: str, body: bytes) -> None:
    """Bad input: an answer in JSON, and the emulator lives on."""
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    answer = aws.http.post("/", content=body, headers=headers)
    assert answer.status_code >= 400
    assert "__type" in answer.json()
    assert aws.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_a_new_alarm_has_no_data(aws: Any) -> None:
    """E2: INSUFFICIENT_DATA, `Unchecked: Initial alarm creation`."""
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="new",
        Namespace="N",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarm = cloudwatch.describe_alarms(AlarmNames=["new"])["MetricAlarms"][0]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")


@pytest.mark.emulator_only
def test_the_caller_keeps_its_id(aws: Any) -> None:
    """GetUser without a name, by a key that belongs to no user."""
    iam = aws.client("iam")
    assert (
        iam.get_user()["User"]["UserId"]
        == iam.get_user()["User"]["UserId"]
        == aws.client("sts").get_caller_identity()["Account"]
    )


@pytest.mark.parametrize("given", ["key", "value"])
def test_half_an_entry_of_a_map_is_refused(aws: Any, given: str) -> None:
    """In Query's form a map is a list of keys and values."""
    form = {"Action": "CreatePlatformApplication", "Name": "app", "Platform": "GCM", f"Attributes.entry.1.{given}": "a"}
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sns/aws4_request"}
    answer = aws.http.post("/", data=form, headers=headers)
    assert answer.status_code == 400
    other = {"key": "value", "value": "key"}[given]
    assert f"at 'attributes.1.member.{other}' failed to satisfy constraint" in html.unescape(answer.text)
    assert aws.client("sns").list_platform_applications()["PlatformApplications"] == []


@pytest.mark.emulator_only
def test_instances_keep_the_callers_order(aws: Any) -> None:
    """A set of moto's had another order in each process: a restart changed what was stored."""
    ssm = aws.client("ssm")
    names = [f"i-{n:017}" for n in (3, 1, 7, 5, 9, 2)]
    command = ssm.send_command(InstanceIds=[*names, names[0]], DocumentName="AWS-RunShellScript")["Command"]
    assert command["InstanceIds"] == names
    for name in names:
        ssm.put_parameter(Name=name, Value="v", Type="String")
    assert [found["Name"] for found in ssm.get_parameters(Names=names)["Parameters"]] == names
