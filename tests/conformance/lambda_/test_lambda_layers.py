"""Layers: versions, permissions, the functions that use them, and /opt (C11)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conformance.lambda_.conftest import archive

SOURCE = "import os, sys\ndef handler(event, context):\n    return eval(event)\n"


def _publish(client: Any, name: str, files: dict[str, str], **settings: Any) -> str:
    made = client.publish_layer_version(LayerName=name, Content={"ZipFile": archive(files)}, **settings)
    return str(made["LayerVersionArn"])


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_layer_has_numbered_versions(functions: Any) -> None:
    """C11: what was given is shown; a number comes once; the newest comes first; a filter finds what fits."""
    client = functions.client
    first = client.publish_layer_version(
        LayerName="shared",
        Description="what all need",
        Content={"ZipFile": archive({"python/shared.py": "A = 1\n"})},
        CompatibleRuntimes=["python3.11", "python3.12"],
        CompatibleArchitectures=["x86_64"],
        LicenseInfo="MIT",
    )
    assert first["Version"] == 1
    assert first["LayerVersionArn"] == first["LayerArn"] + ":1"
    assert (first["Description"], first["LicenseInfo"]) == ("what all need", "MIT")
    assert first["Content"]["CodeSize"] > 0
    _publish(client, "shared", {"python/shared.py": "A = 2\n"})
    _publish(client, "other", {"a": "b"})
    assert [v["Version"] for v in client.list_layer_versions(LayerName="shared")["LayerVersions"]] == [2, 1]
    listed = client.list_layer_versions(LayerName=first["LayerArn"], CompatibleRuntime="python3.12")["LayerVersions"]
    assert [v["Version"] for v in listed] == [1]
    layers = {layer["LayerName"]: layer for layer in client.list_layers()["Layers"]}
    assert {name: layer["LatestMatchingVersion"]["Version"] for name, layer in layers.items()} == {
        "shared": 2,
        "other": 1,
    }
    assert [layer["LayerName"] for layer in client.list_layers(CompatibleArchitecture="x86_64")["Layers"]] == ["shared"]
    client.delete_layer_version(LayerName="shared", VersionNumber=2)
    client.delete_layer_version(LayerName="shared", VersionNumber=2)
    assert _publish(client, "shared", {"a": "b"}).endswith(":3")
    read = client.get_layer_version(LayerName="shared", VersionNumber=1)
    by_arn = client.get_layer_version_by_arn(Arn=first["LayerVersionArn"])
    for answer in (first, read, by_arn):
        del answer["ResponseMetadata"]
    assert read == first == by_arn
    package = functions.aws.http.get(read["Content"]["Location"]).content
    assert zipfile.ZipFile(io.BytesIO(package)).namelist() == ["python/shared.py"]


def test_a_layer_comes_out_of_a_bucket(functions: Any) -> None:
    """C11: a version of an object as well."""
    s3, client = functions.aws.client("s3"), functions.client
    s3.create_bucket(Bucket="layers")
    s3.put_bucket_versioning(Bucket="layers", VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket="layers", Key="l.zip", Body=archive({"python/old.py": ""}))["VersionId"]
    s3.put_object(Bucket="layers", Key="l.zip", Body=archive({"python/new.py": "", "python/more.py": ""}))
    where = {"S3Bucket": "layers", "S3Key": "l.zip"}
    new = client.publish_layer_version(LayerName="l", Content=where)
    before = client.publish_layer_version(LayerName="l", Content=where | {"S3ObjectVersion": old})
    assert new["Content"]["CodeSize"] > before["Content"]["CodeSize"]
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchKey"):
        client.publish_layer_version(LayerName="l", Content={"S3Bucket": "layers", "S3Key": "none"})


@pytest.mark.parametrize(
    ("operation", "given", "code", "text"),
    [
        ("get_layer_version", {"LayerName": "x", "VersionNumber": 7}, "ResourceNotFoundException",
         "The resource you requested does not exist."),
        ("get_layer_version", {"LayerName": "x", "VersionNumber": 0}, "InvalidParameterValueException",
         "Layer Version Cannot be less than 1."),
        ("list_layer_versions", {"LayerName": "nobody"}, "ResourceNotFoundException",
         "The resource you requested does not exist."),
        ("get_layer_version_policy", {"LayerName": "x", "VersionNumber": 1}, "ResourceNotFoundException",
         "No policy is associated with the given resource."),
        ("get_layer_version_policy", {"LayerName": "x", "VersionNumber": 9}, "ResourceNotFoundException",
         "Layer version arn:aws:lambda:us-east-1:000000000000:layer:x:9 does not exist."),
        ("get_layer_version_by_arn", {"Arn": "arn:aws:lambda:us-east-1:000000000000:layer:x"}, "ValidationException",
         "Member must satisfy regular expression pattern"),
    ],
)  # fmt: skip
def test_what_is_not_there(functions: Any, operation: str, given: dict[str, Any], code: str, text: str) -> None:
    """C11: AWS's own texts."""
    _publish(functions.client, "x", {"a": "b"})
    with pytest.raises(ClientError) as caught:
        getattr(functions.client, operation)(**given)
    assert _error(caught)[0] == code
    assert text in _error(caught)[1]


def test_a_layer_is_shared_by_its_policy(functions: Any) -> None:
    """C11: another account gets a version that its policy gives it."""
    client = functions.client
    arn = _publish(client, "shared", {"python/shared.py": "A = 1\n"})
    other = boto3.client(
        "lambda", endpoint_url=functions.aws.url, region_name="us-east-1", aws_access_key_id="111111111111",
        aws_secret_access_key="x",
    )  # fmt: skip
    with pytest.raises(ClientError, match="no resource-based policy allows the lambda:GetLayerVersion action"):
        other.get_layer_version_by_arn(Arn=arn)
    version = {"LayerName": "shared", "VersionNumber": 1}
    permit = version | {"StatementId": "one", "Action": "lambda:GetLayerVersion", "Principal": "111111111111"}
    added = client.add_layer_version_permission(**permit)
    assert json.loads(added["Statement"])["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert other.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    with pytest.raises(ClientError) as taken:
        client.add_layer_version_permission(**permit)
    assert _error(taken)[0] == "ResourceConflictException"
    with pytest.raises(ClientError, match="at 'action' failed to satisfy constraint"):
        client.add_layer_version_permission(**(permit | {"StatementId": "two", "Action": "*"}))
    policy = client.get_layer_version_policy(**version)
    assert json.loads(policy["Policy"])["Statement"][0]["Resource"] == arn
    with pytest.raises(ClientError, match="Call the GetLayerPolicy API"):
        client.remove_layer_version_permission(**version, StatementId="one", RevisionId="none")
    with pytest.raises(ClientError, match="Statement two is not found in resource policy"):
        client.remove_layer_version_permission(**version, StatementId="two")
    client.remove_layer_version_permission(**version, StatementId="one", RevisionId=policy["RevisionId"])
    with pytest.raises(ClientError, match="No policy is associated"):
        client.get_layer_version_policy(**version)


def test_which_layers_a_function_may_have(functions: Any) -> None:
    """C11: five, each layer once, of the function's region, and there; AWS's own texts."""
    client = functions.client
    arns = [_publish(client, f"l{n}", {"a": "b"}) for n in range(6)]
    again = _publish(client, "l0", {"a": "c"})
    cases: list[tuple[list[str], str]] = [
        (arns, "Cannot reference more than 5 layers."),
        ([arns[0], again], "Two different versions of the same layer are not allowed to be referenced in the same "
         f"function. {arns[0]} and {again} are versions of the same layer."),
        ([arns[0][:-1] + "9"], f"Layer version {arns[0][:-1]}9 does not exist."),
        ([arns[0].replace("us-east-1", "eu-west-1")], "Layers are not in the same region as the function. "
         "Layers are expected to be in region us-east-1."),
        ([arns[0].replace("000000000000", "111111111111")], "is not authorized to perform: lambda:GetLayerVersion"),
        (["arn:aws:lambda:us-east-1:000000000000:layer:l0"], "at 'layers.1.member' failed to satisfy constraint"),
    ]  # fmt: skip
    name = functions.make(SOURCE)
    for given, text in cases:
        with pytest.raises(ClientError) as caught:
            functions.make(SOURCE, Layers=given)
        assert text in _error(caught)[1]
        with pytest.raises(ClientError) as caught:
            client.update_function_configuration(FunctionName=name, Layers=given)
        assert text in _error(caught)[1]
    assert len(client.list_functions()["Functions"]) == 1


def test_a_function_and_its_layers_are_not_too_large(functions: Any) -> None:
    """C11: 250 MB unzipped, together."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("zeros", bytes(200_000_000))
    layer = functions.client.publish_layer_version(LayerName="large", Content={"ZipFile": buffer.getvalue()})
    arn = layer["LayerVersionArn"]
    text = "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is"
    with pytest.raises(ClientError, match=text):
        functions.make(SOURCE, Code={"ZipFile": buffer.getvalue()}, Layers=[arn])
    name = functions.make(SOURCE, Layers=[arn])
    with pytest.raises(ClientError, match=text):
        functions.client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())


def test_python_finds_what_is_in_layers(functions: Any) -> None:
    """C11: the function's own files first, then /opt in AWS's order; of two layers the later one wins."""
    client = functions.client
    first = _publish(client, "one", {
        "python/shared.py": "WHO = 'one'\n", "python/only_one.py": "WHO = 'one'\n", "python/mine.py": "WHO = 'layer'\n",
        "data/text": "one", "python/lib/python3.11/site-packages/shared.py": "WHO = 'site of one'\n",
    })  # fmt: skip
    second = _publish(client, "two", {
        "python/only_two.py": "WHO = 'two'\n", "data/text": "two",
        "python/lib/python3.11/site-packages/shared.py": "WHO = 'site of two'\n",
    })  # fmt: skip
    source = (
        "import shared, only_one, only_two, mine, sys\n"
        "def handler(event, context):\n"
        "    text = open('/opt/data/text').read()\n"
        "    return [text, shared.WHO, only_one.WHO, only_two.WHO, mine.WHO, sys.path[:3], only_one.__file__]\n"
    )
    name = functions.make("", files={"index.py": source, "mine.py": "WHO = 'function'\n"}, Layers=[first, second])
    shown = client.get_function_configuration(FunctionName=name)["Layers"]
    assert [layer["Arn"] for layer in shown] == [first, second]
    assert functions.invoke(name).json == [
        "two", "site of two", "one", "two", "function",
        ["/var/task", "/opt/python/lib/python3.11/site-packages", "/opt/python"], "/opt/python/only_one.py",
    ]  # fmt: skip
    client.update_function_configuration(FunctionName=name, Layers=[second, first])
    assert functions.invoke(name).json[:2] == ["one", "site of one"]
    client.update_function_configuration(FunctionName=name, Layers=[])
    assert "Layers" not in client.get_function_configuration(FunctionName=name)
    assert functions.invoke(name).json["errorType"] == "Runtime.ImportModuleError"


def test_programs_and_libraries_of_layers(functions: Any) -> None:
    """C11: /opt/bin is on PATH, /opt/lib where the loader looks; links stay links."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        program = zipfile.ZipInfo("bin/greet")
        program.external_attr = 0o100755 << 16
        package.writestr(program, "#!/bin/sh\necho hello from $0\n")
        link = zipfile.ZipInfo("lib/libgreet.so")
        link.external_attr = 0o120777 << 16
        package.writestr(link, "libgreet.so.1")
        package.writestr("lib/libgreet.so.1", "")
    arn = functions.client.publish_layer_version(LayerName="tools", Content={"ZipFile": buffer.getvalue()})
    name = functions.make(SOURCE, Layers=[arn["LayerVersionArn"]])
    run = "__import__('subprocess').run('greet', capture_output=True, text=True).stdout"
    assert functions.invoke(name, run).json == "hello from /opt/bin/greet\n"
    assert functions.invoke(name, "os.readlink('/opt/lib/libgreet.so')").json == "libgreet.so.1"
    assert functions.invoke(name, "os.environ['LD_LIBRARY_PATH'].split(':')[-1]").json == "/opt/lib"
    assert functions.invoke(name, "sorted(os.listdir('/opt/bin'))").json == ["greet"]


def test_node_finds_modules_of_layers(functions: Any) -> None:
    """C11: `require` looks into /opt/nodejs/node_modules."""
    files = {"nodejs/node_modules/shared/index.js": "exports.who = 'layer';"}
    arn = _publish(functions.client, "modules", files)
    source = "const shared = require('shared'); exports.handler = async () => [shared.who, __filename];"
    name = functions.make("", files={"index.js": source}, Runtime="nodejs20.x", Layers=[arn], Handler="index.handler")
    assert functions.invoke(name).json == ["layer", "/var/task/index.js"]


def test_a_function_keeps_a_deleted_layer(functions: Any) -> None:
    """C11: its content stays for those who use it, published versions too."""
    client = functions.client
    arn = _publish(client, "gone", {"python/gone.py": "WHO = 'still here'\n"})
    name = functions.make(
        "import gone\ndef handler(event, context):\n    return gone.WHO\n", Layers=[arn], Publish=True
    )
    client.delete_layer_version(LayerName="gone", VersionNumber=1)
    assert functions.invoke(name).json == "still here"
    client.update_function_configuration(FunctionName=name, Layers=[])
    assert functions.invoke(f"{name}:1").json == "still here"


def test_a_hot_reload_layer_is_a_folder(functions: Any, tmp_path: Path) -> None:
    """C11: LocalStack's convention; what changes there counts for the next event, beside another layer as well."""
    (tmp_path / "python").mkdir()
    module = tmp_path / "python" / "hot.py"
    module.write_text("WHO = 'before'\n")
    where = {"S3Bucket": "hot-reload", "S3Key": str(tmp_path)}
    hot = functions.client.publish_layer_version(LayerName="hot", Content=where)["LayerVersionArn"]
    plain = _publish(functions.client, "plain", {"python/plain.py": ""})
    source = "import hot\ndef handler(event, context):\n    return hot.WHO\n"
    alone, beside = functions.make(source, Layers=[hot]), functions.make(source, Layers=[plain, hot])
    assert [functions.invoke(name).json for name in (alone, beside)] == ["before"] * 2
    module.write_text("WHO = 'afterwards'\n")
    assert [functions.invoke(name).json for name in (alone, beside)] == ["afterwards"] * 2


def test_files_have_awss_names(functions: Any) -> None:
    """C4, C2: LAMBDA_TASK_ROOT, the working directory, __file__ and tracebacks say /var/task."""
    source = "import os\ndef handler(event, context):\n    if event:\n        raise ValueError(event)\n    return "
    source += "[os.environ['LAMBDA_TASK_ROOT'], os.getcwd(), os.environ['PWD'], __file__, "
    source += "os.environ['LAMBDA_RUNTIME_DIR'], __import__('boto3').__file__]\n"
    name = functions.make(source)
    assert functions.invoke(name).json == [
        "/var/task", "/var/task", "/var/task", "/var/task/index.py", "/var/runtime", "/var/runtime/boto3/__init__.py",
    ]  # fmt: skip
    trace = functions.invoke(name, "no").json["stackTrace"]
    assert trace == ['  File "/var/task/index.py", line 4, in handler\n    raise ValueError(event)\n']
