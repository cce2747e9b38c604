"""The calls that a round begins with: valid requests of every service, whose resources the others then find."""

from __future__ import annotations

import json
from typing import Any, Protocol

from tests.hostile.attack.pool import OPENAPI, POLICY, ROLE, TEMPLATE, Pool

_ACCOUNT = "000000000000"
_HINTS = {"SizeInMBs": 1, "IntervalInSeconds": 60}
_S3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::bucket-a", "BufferingHints": _HINTS}
VTL = (
    '#set($body = $input.path("$"))\n{"a": $input.json("$.a"), "b": "$util.escapeJavaScript($input.body)", '
    '"c": "$util.base64Encode($input.body)", "d": [#foreach($x in $body.list)"$x"#if($foreach.hasNext),#end#end], '
    '"p": "$input.params("q")", "i": "$context.requestId"}'
)
_PUT = '{"StreamName": "stream-a", "Data": "$util.base64Encode($input.body)", "PartitionKey": "$context.requestId"}'
SCHEMA = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "pattern": "^[a-z0-9]*$"},
            "n": {"type": "number", "multipleOf": 0.5},
            "list": {"type": "array", "uniqueItems": True, "items": {"type": ["string", "number"]}},
        },
    }
)


class Call(Protocol):
    def __call__(self, service: str, operation: str, **params: Any) -> dict[str, Any]: ...


def begin(call: Call, pool: Pool) -> None:
    """Make what a round begins with, and note each call as a valid request."""

    def make(service: str, operation: str, **params: Any) -> dict[str, Any]:
        pool.recorded.append((service, operation, params))
        answer = call(service, operation, **params)
        pool.learn(answer)
        return answer

    _behind(make, pool)
    _streams(make, pool)
    _functions(make, pool)
    _apis(make, pool)
    _http_apis(make, pool)
    _rest(make, pool)


def _streams(make: Call, pool: Pool) -> None:
    for name in ("stream-a", "stream-b"):
        make("kinesis", "CreateStream", StreamName=name, ShardCount=2)
    arn = f"arn:aws:kinesis:us-east-1:{_ACCOUNT}:stream/stream-a"
    pool.add(StreamName=["stream-a", "stream-b"], StreamARN=arn, ResourceARN=arn, KinesisStreamARN=arn)
    pool.add(ShardId=["shardId-000000000000", "shardId-000000000001"], ExclusiveStartShardId="shardId-000000000000")
    make("kinesis", "PutRecord", StreamName="stream-a", Data=b"one", PartitionKey="k")
    records = [{"Data": b"%d" % n, "PartitionKey": str(n)} for n in range(3)]
    make("kinesis", "PutRecords", StreamName="stream-a", Records=records)
    place = {"StreamName": "stream-a", "ShardId": "shardId-000000000000"}
    found = make("kinesis", "GetShardIterator", **place, ShardIteratorType="TRIM_HORIZON")
    make("kinesis", "GetRecords", ShardIterator=found["ShardIterator"], Limit=10)
    make("kinesis", "RegisterStreamConsumer", StreamARN=arn, ConsumerName="consumer-a")
    make("kinesis", "DescribeStream", StreamName="stream-a")
    make("kinesis", "ListShards", StreamName="stream-a")
    make("kinesis", "AddTagsToStream", StreamName="stream-a", Tags={"a": "b"})
    pool.add(ConsumerName="consumer-a")
    make("firehose", "CreateDeliveryStream", DeliveryStreamName="delivery-a", ExtendedS3DestinationConfiguration=_S3)
    partitioned = {
        **_S3,
        "Prefix": "p/!{partitionKeyFromQuery:a}/",
        "ErrorOutputPrefix": "e/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "MetadataExtraction",
                    "Parameters": [
                        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a: .a}"},
                        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                    ],
                }
            ],
        },
    }
    make(
        "firehose", "CreateDeliveryStream", DeliveryStreamName="delivery-b",
        ExtendedS3DestinationConfiguration=partitioned,
    )  # fmt: skip
    make(
        "firehose", "CreateDeliveryStream", DeliveryStreamName="delivery-c",
        HttpEndpointDestinationConfiguration={
            "EndpointConfiguration": {"Url": "https://sink.example/x", "Name": "n"},
            "S3Configuration": _S3,
            "BufferingHints": _HINTS,
        },
    )  # fmt: skip
    pool.add(DeliveryStreamName=["delivery-a", "delivery-b", "delivery-c"])
    make("firehose", "PutRecord", DeliveryStreamName="delivery-b", Record={"Data": b'{"a": "x"}'})
    make("firehose", "PutRecordBatch", DeliveryStreamName="delivery-a", Records=[{"Data": b"1"}, {"Data": b"2"}])
    make("firehose", "DescribeDeliveryStream", DeliveryStreamName="delivery-b")


def _functions(make: Call, pool: Pool) -> None:
    for name in ("function-a", "function-b"):
        make(
            "lambda", "CreateFunction", FunctionName=name, Runtime="python3.11", Role=ROLE, Handler="main.handler",
            Code={"ZipFile": pool.package}, Timeout=3,
        )  # fmt: skip
    arn = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:function-a"
    pool.add(FunctionName=["function-a", "function-b", arn], FunctionArn=arn, Name="live", Qualifier="$LATEST")
    make("lambda", "PublishVersion", FunctionName="function-a")
    make("lambda", "CreateAlias", FunctionName="function-a", Name="live", FunctionVersion="1")
    make("lambda", "Invoke", FunctionName="function-a", Payload=b'{"a": 1}')
    make(
        "lambda", "AddPermission", FunctionName="function-a", StatementId="one", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )  # fmt: skip
    source = f"arn:aws:kinesis:us-east-1:{_ACCOUNT}:stream/stream-b"
    pattern = json.dumps({"data": {"a": [{"prefix": "x"}, {"numeric": [">", 1]}]}})
    found = make(
        "lambda", "CreateEventSourceMapping", FunctionName="function-b", EventSourceArn=source,
        StartingPosition="TRIM_HORIZON", BatchSize=10, FilterCriteria={"Filters": [{"Pattern": pattern}]},
        MaximumRetryAttempts=2,
    )  # fmt: skip
    pool.add(EventSourceArn=source, UUID=found["UUID"], FunctionVersion=["1", "$LATEST"], Resource=arn, Pattern=pattern)


def _apis(make: Call, pool: Pool) -> None:
    api = make("apigateway", "CreateRestApi", name="api-a")["id"]
    root = make("apigateway", "GetResources", restApiId=api)["items"][0]["id"]
    make("apigateway", "CreateModel", restApiId=api, name="Thing", contentType="application/json", schema=SCHEMA)
    validator = make(
        "apigateway", "CreateRequestValidator", restApiId=api, name="v", validateRequestBody=True,
        validateRequestParameters=True,
    )["id"]  # fmt: skip
    mock = {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}}
    stream = {
        "type": "AWS",
        "integrationHttpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord",
        "credentials": ROLE,
        "requestTemplates": {"application/json": _PUT},
        "passthroughBehavior": "NEVER",
    }
    arn = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:function-a"
    proxy = {
        "type": "AWS_PROXY",
        "integrationHttpMethod": "POST",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    }
    resources = []
    for part, integration in (("mock", mock), ("stream", stream), ("proxy", proxy)):
        place = make("apigateway", "CreateResource", restApiId=api, parentId=root, pathPart=part)["id"]
        resources.append(place)
        where = {"restApiId": api, "resourceId": place, "httpMethod": "POST"}
        checked = {"requestModels": {"application/json": "Thing"}, "requestValidatorId": validator}
        make(
            "apigateway", "PutMethod", **where, authorizationType="NONE", **(checked if part == "stream" else {}),
            requestParameters={"method.request.querystring.q": False},
        )  # fmt: skip
        make("apigateway", "PutIntegration", **where, **integration)
        if part != "proxy":
            make("apigateway", "PutMethodResponse", **where, statusCode="200")
            make(
                "apigateway", "PutIntegrationResponse", **where, statusCode="200", selectionPattern="",
                responseTemplates={"application/json": VTL},
            )  # fmt: skip
    deployment = make("apigateway", "CreateDeployment", restApiId=api, stageName="dev")["id"]
    make("apigateway", "ImportRestApi", body=OPENAPI.encode())
    make("apigateway", "CreateApiKey", name="key", enabled=True)
    plan = make("apigateway", "CreateUsagePlan", name="plan", apiStages=[{"apiId": api, "stage": "dev"}])["id"]
    pool.add(restApiId=[api], resourceId=[root, *resources], parentId=root, deploymentId=deployment, stageName="dev")
    pool.add(modelName="Thing", requestValidatorId=validator, usagePlanId=plan, uri=proxy["uri"], contentType="a/b")
    pool.add(template=[VTL, _PUT], schema=SCHEMA, body=OPENAPI)


def _http_apis(make: Call, pool: Pool) -> None:
    api = make("apigatewayv2", "CreateApi", Name="http-a", ProtocolType="HTTP")["ApiId"]
    integration = make(
        "apigatewayv2", "CreateIntegration", ApiId=api, IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
        IntegrationUri=f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:function-a",
    )["IntegrationId"]  # fmt: skip
    route = make(
        "apigatewayv2", "CreateRoute", ApiId=api, RouteKey="ANY /{proxy+}", Target=f"integrations/{integration}"
    )["RouteId"]
    make("apigatewayv2", "CreateStage", ApiId=api, StageName="$default", AutoDeploy=True)
    pool.add(ApiId=api, IntegrationId=integration, RouteId=route, RouteKey=["ANY /{proxy+}", "$default", "GET /a"])


def _rest(make: Call, pool: Pool) -> None:
    datum = {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "d", "Value": "v"}]}
    make("cloudwatch", "PutMetricData", Namespace="App", MetricData=[datum])
    make(
        "cloudwatch", "PutMetricAlarm", AlarmName="alarm-a", Namespace="App", MetricName="m", Statistic="Sum",
        Period=60, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    pool.add(AlarmName="alarm-a", Namespace="App", MetricName="m", Period=60)
    make("cloudformation", "CreateStack", StackName="stack-a", TemplateBody=TEMPLATE)
    make(
        "cloudformation", "CreateChangeSet", StackName="stack-b", ChangeSetType="CREATE", ChangeSetName="change-a",
        TemplateBody=TEMPLATE,
        Parameters=[{"ParameterKey": "P", "ParameterValue": "w"}],
    )  # fmt: skip
    make("cloudformation", "ValidateTemplate", TemplateBody=TEMPLATE)
    pool.add(StackName=["stack-a", "stack-b"], ChangeSetName="change-a", LogicalResourceId=["Q", "S"])


def _behind(make: Call, pool: Pool) -> None:
    for name in ("bucket-a", "bucket-b"):
        make("s3", "CreateBucket", Bucket=name)
    make("s3", "PutObject", Bucket="bucket-a", Key="a/b", Body=b"content", Metadata={"a": "b"})
    make("s3", "GetObject", Bucket="bucket-a", Key="a/b")
    make("s3", "PutBucketVersioning", Bucket="bucket-b", VersioningConfiguration={"Status": "Enabled"})
    upload = make("s3", "CreateMultipartUpload", Bucket="bucket-a", Key="m")["UploadId"]
    make("s3", "UploadPart", Bucket="bucket-a", Key="m", UploadId=upload, PartNumber=1, Body=b"part")
    make("s3", "DeleteObjects", Bucket="bucket-a", Delete={"Objects": [{"Key": "none"}]})
    pool.add(Bucket=["bucket-a", "bucket-b"], Key=["a/b", "m"], UploadId=upload, CopySource="bucket-a/a/b")
    queue = make("sqs", "CreateQueue", QueueName="queue-a")["QueueUrl"]
    make("sqs", "SendMessage", QueueUrl=queue, MessageBody="one")
    received = make("sqs", "ReceiveMessage", QueueUrl=queue, VisibilityTimeout=1)["Messages"][0]
    pool.add(QueueUrl=queue, QueueName="queue-a", ReceiptHandle=received["ReceiptHandle"])
    topic = make("sns", "CreateTopic", Name="topic-a")["TopicArn"]
    make("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{_ACCOUNT}:queue-a")
    make("sns", "Publish", TopicArn=topic, Message="text")
    pool.add(TopicArn=topic)
    make("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=POLICY)
    make("iam", "PutRolePolicy", RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    make("iam", "CreateUser", UserName="user-a")
    make("iam", "CreatePolicy", PolicyName="policy-a", PolicyDocument=POLICY)
    make("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="session")
    make("sts", "GetCallerIdentity")
    pool.add(RoleName="r", UserName="user-a", PolicyName=["p", "policy-a"])
    key = make("kms", "CreateKey", Description="d")["KeyMetadata"]["KeyId"]
    blob = make("kms", "Encrypt", KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    make("kms", "Decrypt", CiphertextBlob=blob)
    make("kms", "CreateAlias", AliasName="alias/a", TargetKeyId=key)
    pool.add(KeyId=[key, "alias/a"], AliasName="alias/a")
    make(
        "dynamodb", "CreateTable", TableName="table-a", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )  # fmt: skip
    make("dynamodb", "PutItem", TableName="table-a", Item={"k": {"S": "one"}, "n": {"N": "1"}, "l": {"L": []}})
    make("dynamodb", "GetItem", TableName="table-a", Key={"k": {"S": "one"}})
    make(
        "dynamodb", "UpdateItem", TableName="table-a", Key={"k": {"S": "one"}}, UpdateExpression="SET n = n + :x",
        ExpressionAttributeValues={":x": {"N": "1"}},
    )  # fmt: skip
    make(
        "dynamodb", "Query", TableName="table-a", KeyConditionExpression="k = :k",
        ExpressionAttributeValues={":k": {"S": "one"}},
    )  # fmt: skip
    make("dynamodbstreams", "ListStreams", TableName="table-a")
    pool.add(TableName="table-a")
    make("logs", "CreateLogGroup", logGroupName="/group/a")
    make("logs", "CreateLogStream", logGroupName="/group/a", logStreamName="stream")
    events = [{"timestamp": 1767225600000, "message": "one"}]
    make("logs", "PutLogEvents", logGroupName="/group/a", logStreamName="stream", logEvents=events)
    make("logs", "FilterLogEvents", logGroupName="/group/a", filterPattern="one")
    pool.add(logGroupName="/group/a", logStreamName="stream")
    make("events", "PutRule", Name="rule-a", EventPattern='{"source": ["a"]}')
    make("events", "PutEvents", Entries=[{"Source": "a", "DetailType": "t", "Detail": "{}"}])
    make("ssm", "PutParameter", Name="/parameter/a", Value="v", Type="String")
    make("ssm", "GetParameter", Name="/parameter/a")
    make("secretsmanager", "CreateSecret", Name="secret-a", SecretString="s")
    pool.add(SecretId="secret-a", Rule="rule-a", Names=["/parameter/a"])
    make("glue", "CreateDatabase", DatabaseInput={"Name": "database"})
    columns = [{"Name": "a", "Type": "string"}]
    make("glue", "CreateTable", DatabaseName="database", TableInput={
        "Name": "table", "StorageDescriptor": {"Columns": columns, "Location": "s3://bucket-a/"},
    })  # fmt: skip
    pool.add(DatabaseName="database")
