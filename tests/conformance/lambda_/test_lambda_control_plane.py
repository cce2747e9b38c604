"""Functions, versions, aliases, settings (C1, C4, C6)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

SOURCE = "import os\ndef handler(event, context):\n    return os.environ.get('VALUE')\n"
ROLE = "arn:aws:iam::000000000000:role/lambda-role"


def package(text: str = SOURCE) -> bytes:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.py", (2020, 1, 1, 0, 0, 0)), text)
    return buffer.getvalue()


def refused(call: Any, **params: Any) -> tuple[str, str, int]:
    """Code, message and status of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_create_and_read(functions: Any, aws: Any) -> None:
    """C1: Pending in the answer, Active for the next call; every member that Terraform reads."""
    client = functions.client
    name, code = functions.name(), package()
    created = client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": code},
        Tags={"a": "b"},
    )
    assert (created["State"], created["StateReasonCode"], created["Version"]) == ("Pending", "Creating", "$LATEST")
    found = client.get_function(FunctionName=name)
    configuration = found["Configuration"]
    expected = {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "index.handler",
        "CodeSize": len(code),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "CodeSha256": base64.b64encode(hashlib.sha256(code).digest()).decode(),
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }
    assert {key: configuration.get(key) for key in expected} == expected
    assert configuration["LastModified"].endswith("+0000")
    assert found["Tags"] == {"a": "b"}
    assert "Environment" not in configuration and "VpcConfig" not in configuration
    with urllib.request.urlopen(found["Code"]["Location"]) as answer:
        assert answer.read() == code
    listed = client.list_functions()["Functions"]
    assert [f["FunctionName"] for f in listed] == [name]


def test_the_four_forms_of_a_name(functions: Any) -> None:
    """C1: name, with qualifier, partial ARN, full ARN."""
    name = functions.make(SOURCE)
    functions.client.publish_version(FunctionName=name)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    for form in (name, f"{name}:$LATEST", f"000000000000:function:{name}", arn, f"{arn}:1", f"{name}:1"):
        assert functions.invoke(form).raw["StatusCode"] == 200
    assert (
        refused(functions.client.invoke, FunctionName=f"{name}:1", Qualifier="2")[0] == "InvalidParameterValueException"
    )
    code, message, status = refused(functions.client.invoke, FunctionName=arn.replace("us-east-1", "eu-west-1"))
    assert (code, status) == ("ResourceNotFoundException", 404) and "eu-west-1" in message


def test_missing_function(functions: Any) -> None:
    """C1: the ARN in the message, with the qualifier when one was given; Type User."""
    arn = "arn:aws:lambda:us-east-1:000000000000:function:not-there"
    client = functions.client
    missing = ("ResourceNotFoundException", f"Function not found: {arn}", 404)
    assert refused(client.invoke, FunctionName="not-there") == missing
    assert refused(client.get_function, FunctionName=arn) == missing
    assert refused(client.delete_function, FunctionName="not-there") == missing
    assert (
        refused(client.invoke, FunctionName="not-there", Qualifier="$LATEST")[1] == f"Function not found: {arn}:$LATEST"
    )
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.invoke(FunctionName="not-there")
    assert caught.value.response["Type"] == "User"


def test_create_twice(functions: Any) -> None:
    """C1: ResourceConflictException."""
    name = functions.make(SOURCE)
    with pytest.raises(functions.client.exceptions.ResourceConflictException) as caught:
        functions.make(SOURCE, FunctionName=name)
    assert caught.value.response["Error"]["Message"] == f"Function already exist: {name}"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException"),
        ({"Code": {}}, "InvalidParameterValueException"),
        ({"Code": {"S3Bucket": "no-such-bucket-here", "S3Key": "k"}}, "InvalidParameterValueException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"Timeout": 0}, "ValidationException"),
        ({"MemorySize": 127}, "ValidationException"),
        ({"MemorySize": 10241}, "ValidationException"),
        ({"Role": "nonsense"}, "ValidationException"),
        ({"FunctionName": "x" * 65}, "ValidationException"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "InvalidParameterValueException"),
        ({"PackageType": "Image"}, "NotEmulated"),
    ],
)
def test_refused_settings(functions: Any, settings: dict[str, Any], code: str) -> None:
    """C1, C4, C6: what AWS refuses, and what is not emulated by its name."""
    with pytest.raises(ClientError) as caught:
        functions.make(SOURCE, **settings)
    assert caught.value.response["Error"]["Code"] == code
    assert functions.client.list_functions()["Functions"] == []


def test_code_from_s3(functions: Any, aws: Any) -> None:
    """C1: the package is fetched when the function is made."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="packages")
    s3.put_object(Bucket="packages", Key="a/b.zip", Body=package("def handler(e, c):\n    return 'from s3'\n"))
    name = functions.make("", Code={"S3Bucket": "packages", "S3Key": "a/b.zip"})
    s3.delete_object(Bucket="packages", Key="a/b.zip")
    assert functions.invoke(name).json == "from s3"


def test_update_code_and_configuration(functions: Any) -> None:
    """C1: InProgress in the answer, Successful for the next call; members left out stay."""
    client = functions.client
    name = functions.make(SOURCE, Environment={"Variables": {"VALUE": "1"}}, Description="d")
    assert functions.invoke(name).json == "1"
    before = client.get_function_configuration(FunctionName=name)
    answer = client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"VALUE": "2"}}, Timeout=10, RevisionId=before["RevisionId"]
    )
    assert answer["LastUpdateStatus"] == "InProgress"
    after = client.get_function_configuration(FunctionName=name)
    assert (after["LastUpdateStatus"], after["Timeout"], after["Description"]) == ("Successful", 10, "d")
    assert functions.invoke(name).json == "2"
    stale = refused(client.update_function_configuration, FunctionName=name, RevisionId=before["RevisionId"])
    assert (stale[0], stale[2]) == ("PreconditionFailedException", 412)
    client.update_function_code(FunctionName=name, ZipFile=package("def handler(e, c):\n    return 'new'\n"))
    assert functions.invoke(name).json == "new"
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {}})
    assert "Environment" not in client.get_function_configuration(FunctionName=name)


def test_versions_and_aliases(functions: Any) -> None:
    """C1: a version keeps code and configuration; an alias points at one; weights share calls out."""
    client = functions.client
    name = functions.make(SOURCE, Environment={"Variables": {"VALUE": "1"}})
    first = client.publish_version(FunctionName=name)
    assert (first["Version"], first["FunctionArn"].rpartition(":")[2]) == ("1", "1")
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"VALUE": "2"}})
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    assert [v["Version"] for v in client.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST",
        "1",
        "2",
    ]
    alias = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"].endswith(f":function:{name}:live")
    answer = functions.invoke(name, Qualifier="live")
    assert (answer.json, answer.raw["ExecutedVersion"]) == ("1", "1")
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    assert functions.invoke(f"{name}:live").json == "2"
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    assert {functions.invoke(f"{name}:live").json for _ in range(40)} == {"1", "2"}
    assert client.get_alias(FunctionName=name, Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.5}}
    assert [a["Name"] for a in client.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    assert (
        refused(client.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[0]
        == "ResourceConflictException"
    )
    assert refused(client.create_alias, FunctionName=name, Name="x", FunctionVersion="9")[2] == 404
    assert refused(client.delete_function, FunctionName=name, Qualifier="2")[0] == "ResourceConflictException"
    client.delete_alias(FunctionName=name, Name="live")
    missing = f"Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:{name}:live"
    assert refused(client.get_alias, FunctionName=name, Name="live") == ("ResourceNotFoundException", missing, 404)
    client.delete_function(FunctionName=name, Qualifier="1")
    assert refused(client.invoke, FunctionName=f"{name}:1")[2] == 404


def test_delete_ends_the_processes(functions: Any) -> None:
    """C1: nothing of a deleted function runs on."""
    name = functions.make("import os\ndef handler(event, context):\n    return os.getpid()\n")
    process = functions.invoke(name).json
    functions.client.delete_function(FunctionName=name)
    for _ in range(200):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            break
        functions.aws.admin("GET", "health")
    else:
        pytest.fail("the process is still there")


def test_idle_processes_end(functions: Any, aws: Any) -> None:
    """C5: an environment that is not used for long is given up, and the next call starts another."""
    name = functions.make("import os\ndef handler(event, context):\n    return os.getpid()\n")
    first = functions.invoke(name).json
    aws.advance(300)
    assert functions.invoke(name).json == first
    aws.advance(599)
    assert functions.invoke(name).json == first
    aws.advance(3600)
    assert functions.invoke(name).json != first


def test_reserved_concurrency(functions: Any, aws: Any) -> None:
    """C1, C6: 429 with its reason at the limit."""
    client = functions.client
    name = functions.make(SOURCE)
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        client.invoke(FunctionName=name)
    response = caught.value.response
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["Error"]["Message"] == "Rate Exceeded."
    assert client.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    assert refused(client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901)[0] == (
        "InvalidParameterValueException"
    )
    client.delete_function_concurrency(FunctionName=name)
    assert functions.invoke(name).json is None
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)


def test_invocation_types_and_sizes(functions: Any) -> None:
    """C1: DryRun 204; 6 MB and 1 MB of payload."""
    client = functions.client
    name = functions.make("def handler(event, context):\n    return len(event)\n")
    answer = functions.invoke(name, InvocationType="DryRun")
    assert (answer.raw["StatusCode"], answer.body) == (204, b"")
    assert functions.invoke(name, Payload=b'"' + b"x" * 6_291_454 + b'"').json == 6_291_454
    too_large = refused(client.invoke, FunctionName=name, Payload=b'"' + b"x" * 6_291_455 + b'"')
    assert too_large == (
        "RequestTooLargeException",
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        413,
    )
    event = {"FunctionName": name, "InvocationType": "Event"}
    assert client.invoke(**event, Payload=b'"' + b"x" * 1_048_574 + b'"')["StatusCode"] == 202
    assert refused(client.invoke, **event, Payload=b'"' + b"x" * 1_048_575 + b'"')[2] == 413
    assert refused(client.invoke, FunctionName=name, InvocationType="Sometimes")[0] == "ValidationException"


def test_permissions(functions: Any, aws: Any) -> None:
    """C1: AddPermission, GetPolicy, RemovePermission."""
    client = functions.client
    name = functions.make(SOURCE)
    nothing = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    assert refused(client.get_policy, FunctionName=name) == nothing
    statement = client.add_permission(
        FunctionName=name,
        StatementId="apigw",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn="arn:aws:execute-api:us-east-1:000000000000:api/*",
        SourceAccount="000000000000",
    )["Statement"]
    expected = {
        "Sid": "apigw",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "000000000000"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:execute-api:us-east-1:000000000000:api/*"},
        },
    }
    assert json.loads(statement) == expected
    policy = json.loads(client.get_policy(FunctionName=name)["Policy"])
    assert policy == {"Version": "2012-10-17", "Id": "default", "Statement": [expected]}
    again = {"FunctionName": name, "StatementId": "apigw", "Action": "lambda:InvokeFunction", "Principal": "*"}
    assert refused(client.add_permission, **again)[0] == "ResourceConflictException"
    client.remove_permission(FunctionName=name, StatementId="apigw")
    assert refused(client.get_policy, FunctionName=name) == nothing


def test_tags_and_other_reads(functions: Any) -> None:
    """C1: what clients read beside the function."""
    client = functions.client
    name = functions.make(SOURCE)
    arn = client.get_function_configuration(FunctionName=name)["FunctionArn"]
    client.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    client.untag_resource(Resource=arn, TagKeys=["a"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    assert client.get_function_code_signing_config(FunctionName=name).get("CodeSigningConfigArn", "") == ""
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert client.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    assert client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert refused(client.list_capacity_providers)[::2] == ("NotEmulated", 501)


def test_hot_reload(functions: Any, tmp_path: Any) -> None:
    """Fixed name: bucket `hot-reload`, the folder as key. A change is seen by the next call; the folder stays clean."""
    (tmp_path / "index.py").write_text("def handler(event, context):\n    return 1\n")
    name = functions.make("", Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)})
    assert functions.invoke(name).json == 1
    (tmp_path / "index.py").write_text("def handler(event, context):\n    return 'changed'\n")
    assert functions.invoke(name).json == "changed"
    assert [path.name for path in tmp_path.iterdir()] == ["index.py"]
    with pytest.raises(ClientError):
        functions.make("", Code={"S3Bucket": "hot-reload", "S3Key": "relative/folder"})


def test_functions_survive_a_snapshot(functions: Any, aws: Any) -> None:
    """Law 4: code and configuration come back; processes start anew."""
    name = functions.make(SOURCE, Environment={"Variables": {"VALUE": "kept"}})
    assert functions.invoke(name).json == "kept"
    aws.admin("PUT", "snapshots/functions")
    try:
        aws.admin("POST", "reset")
        assert functions.client.list_functions()["Functions"] == []
        aws.admin("POST", "snapshots/functions")
        assert functions.invoke(name).json == "kept"
    finally:
        aws.admin("DELETE", "snapshots/functions")


def test_event_source_mapping_operations(functions: Any, aws: Any) -> None:
    """C8: defaults, states, duplicates, refusals."""
    client = functions.client
    name = functions.make(SOURCE)
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="mapped", ShardCount=1)
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/mapped"
    given = {"EventSourceArn": stream, "FunctionName": name, "StartingPosition": "LATEST"}
    created = client.create_event_source_mapping(**given)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 202
    uuid = created["UUID"]
    expected = {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "EventSourceArn": stream,
        "FunctionArn": f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        "LastProcessingResult": "No records processed",
        "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{uuid}",
        "StartingPosition": "LATEST",
    }
    assert {key: created.get(key) for key in expected} == expected
    assert created["State"] == "Creating"
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    assert refused(client.create_event_source_mapping, **given) == (
        "ResourceConflictException",
        f'The event source arn (" {stream} ") and function (" {name} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {uuid}",
        409,
    )
    other = stream.replace("mapped", "not-there")
    assert refused(client.create_event_source_mapping, **(given | {"EventSourceArn": other})) == (
        "InvalidParameterValueException",
        f"Stream not found: {other}",
        400,
    )
    missing = given | {"FunctionName": "not-there"}
    assert refused(client.create_event_source_mapping, **missing)[2] == 404
    queue = given | {"EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:q"}
    assert refused(client.create_event_source_mapping, **queue)[0] == "NotEmulated"
    windows = {"TumblingWindowInSeconds": 10, "ParallelizationFactor": 2}
    assert refused(client.create_event_source_mapping, **(given | windows))[0] == "NotEmulated"
    assert refused(client.create_event_source_mapping, **(given | {"BatchSize": 10_001}))[0] == "ValidationException"
    found = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert [m["UUID"] for m in found] == [uuid]
    assert client.list_event_source_mappings(EventSourceArn=other)["EventSourceMappings"] == []
    updated = client.update_event_source_mapping(UUID=uuid, BatchSize=7)
    assert (updated["State"], updated["BatchSize"]) == ("Updating", 7)
    client.tag_resource(Resource=created["EventSourceMappingArn"], Tags={"a": "b"})
    assert client.list_tags(Resource=created["EventSourceMappingArn"])["Tags"] == {"a": "b"}
