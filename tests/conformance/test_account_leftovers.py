"""What a sweep removes from an account: all of its run, of every kind that it knows, and nothing of anybody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.account.leftovers import remove_leftovers
from harness.account.runs import RUN_TAG, Run
from harness.aws_resources.logs import remove_execution_logs
from harness.aws_resources.table import ALL_KINDS
from harness.testing.stack import archive
from tests.conftest import Aws

RUN = Run(
    id="20261128T200000-1a2b3c4d",
    account="000000000000",
    arn="arn:aws:iam::000000000000:root",
    region="us-east-1",
    endpoint_url=None,
    stack="terraform",
    started=0.0,
    pid=1,
    process=None,
    types=tuple(sorted({kind for each in ALL_KINDS for kind in each.types})),
    applying=True,
)
# Names that another run, or somebody else, may have given.
NEIGHBOURS = ("ph-1a2b3c4d", "ph-1a2b3c4e-", "xph-1a2b3c4d-", "prod-ph-1a2b3c4d-", "")
SERVICES = {"Service": ["lambda.amazonaws.com", "firehose.amazonaws.com"]}
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": SERVICES}]}
)
RIGHTS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def _watch(aws: Aws, name: str) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="N",
        MetricName="M",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-composite", AlarmRule=f"ALARM({name})")
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    cloudwatch.put_metric_stream(
        Name=name,
        FirehoseArn="arn:aws:firehose:us-east-1:000000000000:deliverystream/metrics",
        RoleArn="arn:aws:iam::000000000000:role/streams",
        OutputFormat="json",
    )


def make_all(aws: Aws, prefix: str, tags: dict[str, str]) -> None:
    """One of each kind, all in use by one another, with data in them."""
    name = f"{prefix}thing"
    s3, kinesis, functions, logs = (aws.client(each) for each in ("s3", "kinesis", "lambda", "logs"))
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="it", Body=body)
    s3.delete_object(Bucket=name, Key="it")
    s3.create_multipart_upload(Bucket=name, Key="half")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    aws.advance(60)
    stream = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="fan")

    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=RIGHTS)
    policy = iam.create_policy(PolicyName=name, PolicyDocument=RIGHTS)["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=RIGHTS)
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)

    functions.publish_layer_version(LayerName=name, Content={"ZipFile": archive({"python/l.py": ""})})
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="h.h",
        Code={"ZipFile": archive({"h.py": "def h(e, c): pass"})},
    )
    functions.create_event_source_mapping(FunctionName=name, EventSourceArn=stream, StartingPosition="LATEST")
    aws.client("firehose").create_delivery_stream(
        DeliveryStreamName=name,
        S3DestinationConfiguration={"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}"},
    )
    aws.client("sns").create_topic(Name=name)
    aws.client("sqs").create_queue(QueueName=name)
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    kms = aws.client("kms")
    key = kms.create_key(Tags=[{"TagKey": each, "TagValue": value} for each, value in tags.items()])
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key["KeyMetadata"]["KeyId"])
    _watch(aws, name)
    gateway = aws.client("apigateway")
    api = gateway.create_rest_api(name=name, tags=tags)
    root = gateway.get_resources(restApiId=api["id"])["items"][0]["id"]
    where = {"restApiId": api["id"], "resourceId": root, "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(**where, type="MOCK")
    gateway.create_deployment(restApiId=api["id"], stageName="v1")
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": api["id"], "stage": "v1"}], tags=tags)
    api_key = gateway.create_api_key(name=name, enabled=True, tags=tags)
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=api_key["id"], keyType="API_KEY")
    aws.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP", Tags=tags)
    aws.client("events").put_rule(Name=name, ScheduleExpression="rate(1 day)")
    aws.client("ssm").put_parameter(Name=f"/{name}/it", Value="v", Type="String")
    aws.client("secretsmanager").create_secret(Name=f"{name}/it", SecretString="v")
    template = {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}}}
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
    logs.create_log_group(logGroupName=f"API-Gateway-Execution-Logs_{api['id']}/v1")


def inventory(aws: Aws) -> dict[str, list[str]]:
    """What there is of each kind, by names."""
    ask: dict[str, Callable[[], Iterator[Any]]] = {
        "bucket": lambda: (each["Name"] for each in aws.client("s3").list_buckets()["Buckets"]),
        "stream": lambda: iter(aws.client("kinesis").list_streams()["StreamNames"]),
        "delivery": lambda: iter(aws.client("firehose").list_delivery_streams()["DeliveryStreamNames"]),
        "function": lambda: (each["FunctionName"] for each in aws.client("lambda").list_functions()["Functions"]),
        "layer": lambda: (each["LayerName"] for each in aws.client("lambda").list_layers()["Layers"]),
        "mapping": lambda: (
            each["FunctionArn"].rpartition(":")[2]
            for each in aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ),
        "role": lambda: (each["RoleName"] for each in aws.client("iam").list_roles()["Roles"]),
        "policy": lambda: (each["PolicyName"] for each in aws.client("iam").list_policies(Scope="Local")["Policies"]),
        "topic": lambda: (each["TopicArn"] for each in aws.client("sns").list_topics()["Topics"]),
        "queue": lambda: iter(aws.client("sqs").list_queues().get("QueueUrls", [])),
        "table": lambda: iter(aws.client("dynamodb").list_tables()["TableNames"]),
        "alias": lambda: (each["AliasName"] for each in aws.client("kms").list_aliases()["Aliases"]),
        "key": lambda: iter(_living_keys(aws)),
        "alarm": lambda: (each["AlarmName"] for each in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]),
        "composite alarm": lambda: (
            each["AlarmName"]
            for each in aws.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        ),
        "dashboard": lambda: (
            each["DashboardName"] for each in aws.client("cloudwatch").list_dashboards()["DashboardEntries"]
        ),
        "metric stream": lambda: (each["Name"] for each in aws.client("cloudwatch").list_metric_streams()["Entries"]),
        "REST API": lambda: (each["name"] for each in aws.client("apigateway").get_rest_apis()["items"]),
        "plan": lambda: (each["name"] for each in aws.client("apigateway").get_usage_plans()["items"]),
        "API key": lambda: (each["name"] for each in aws.client("apigateway").get_api_keys()["items"]),
        "HTTP API": lambda: (each["Name"] for each in aws.client("apigatewayv2").get_apis()["Items"]),
        "group": lambda: (each["logGroupName"] for each in aws.client("logs").describe_log_groups()["logGroups"]),
    }
    return {kind: sorted(names()) for kind, names in ask.items()}


def _living_keys(aws: Aws) -> Iterator[str]:
    kms = aws.client("kms")
    for each in kms.list_keys()["Keys"]:
        if kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"] == "Enabled":
            yield each["KeyId"]


def test_all_of_the_run_goes_and_all_of_others_stays(aws: Aws) -> None:
    for number, neighbour in enumerate(NEIGHBOURS):
        make_all(aws, neighbour, {RUN_TAG: f"{RUN.id}-{number}"})
    before = inventory(aws)
    make_all(aws, RUN.prefix, RUN.tags)
    assert all(
        len(names) == len(before[kind]) + (2 if kind == "group" else 1) for kind, names in inventory(aws).items()
    )

    swept = remove_leftovers(aws.client, RUN)
    assert swept.troubles == []
    assert len(swept.removed) == len(ALL_KINDS)
    aws.advance(120)  # streams and delivery streams take their time
    assert inventory(aws) == before
    again = remove_leftovers(aws.client, RUN)
    assert (again.removed, again.troubles) == ([], [])


def test_what_is_being_deleted_is_not_deleted_again(aws: Aws) -> None:
    make_all(aws, RUN.prefix, RUN.tags)
    remove_leftovers(aws.client, RUN)
    again = remove_leftovers(aws.client, RUN)  # no time has passed
    assert (again.removed, again.troubles) == ([], [])


def test_a_service_that_the_run_did_not_use_is_not_asked(aws: Aws) -> None:
    make_all(aws, RUN.prefix, RUN.tags)
    swept = remove_leftovers(aws.client, replace(RUN, types=("aws_sqs_queue",)))
    assert [each.split()[0] for each in swept.removed] == ["queue"]
    assert len(inventory(aws)["bucket"]) == 1


def test_one_that_cannot_be_removed_does_not_keep_the_others(aws: Aws) -> None:
    make_all(aws, RUN.prefix, RUN.tags)
    for operation, code in (("DeleteBucket", "AccessDenied"), ("ListTables", "AccessDeniedException")):
        rule = {"fault": "error", "match": {"operation": operation}, "with": {"code": code, "status": 403}}
        aws.admin("POST", "faults", rule)
    swept = remove_leftovers(aws.client, RUN)
    listed, removed = sorted(swept.troubles)
    assert removed.startswith("tables cannot be listed: ") and "AccessDenied" in removed
    assert listed.startswith("bucket ph-1a2b3c4d-thing cannot be removed: ") and "AccessDenied" in listed
    aws.admin("DELETE", "faults")
    left = inventory(aws)
    assert (left["bucket"], left["table"]) == (["ph-1a2b3c4d-thing"], ["ph-1a2b3c4d-thing"])
    assert left["role"] == left["queue"] == left["REST API"] == []


def test_execution_logs_go_with_their_api_alone(aws: Aws) -> None:
    logs = aws.client("logs")
    for name in ("API-Gateway-Execution-Logs_abc/v1", "API-Gateway-Execution-Logs_abcd/v1"):
        logs.create_log_group(logGroupName=name)
    assert remove_execution_logs(aws.client, "abc") == ["API-Gateway-Execution-Logs_abc/v1"]
    assert inventory(aws)["group"] == ["API-Gateway-Execution-Logs_abcd/v1"]


@pytest.mark.parametrize(
    "name", ["ph-1a2b3c4d-it", "/aws/lambda/ph-1a2b3c4d-it", "/aws/kinesisfirehose/ph-1a2b3c4d-it"]
)
def test_log_groups_are_the_run_s_by_a_part_of_their_path(aws: Aws, name: str) -> None:
    aws.client("logs").create_log_group(logGroupName=name)
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/not-{name.rpartition('/')[2]}")
    assert remove_leftovers(aws.client, RUN).removed == [f"log group {name}"]
