"""Provisioned concurrency and code signing: kept as AWS shows them; weighted aliases, which count (C6, C14)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.lambda_.conftest import archive

SOURCE = "def handler(event, context):\n    return context.function_version\n"
PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/mine/abcdef1234"


def _error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def _two_versions(functions: Any) -> str:
    name = str(functions.make(SOURCE, Publish=True))
    functions.client.update_function_code(FunctionName=name, ZipFile=archive({"index.py": SOURCE + "\n"}), Publish=True)
    return name


def test_a_weighted_alias_shares_its_events(functions: Any) -> None:
    """C6: by weight, told by ExecutedVersion; who reads the alias sees its own version."""
    client, name = functions.client, _two_versions(functions)
    weights = {"AdditionalVersionWeights": {"2": 0.3}}
    made = client.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    assert made["RoutingConfig"] == weights
    seen = Counter(functions.invoke(name, Qualifier="live").raw["ExecutedVersion"] for _ in range(60))
    assert 5 < seen["2"] < 35
    assert functions.invoke(name, Qualifier="live").json in ("1", "2")
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}})
    assert functions.invoke(name, Qualifier="live").raw["ExecutedVersion"] == "2"
    assert client.get_function_configuration(FunctionName=name, Qualifier="live")["Version"] == "1"
    client.update_alias(FunctionName=name, Name="live", RoutingConfig={})
    assert "RoutingConfig" not in client.get_alias(FunctionName=name, Name="live")


@pytest.mark.parametrize(
    ("version", "weights", "text"),
    [
        ("1", {"2": 0.1, "3": 0.1}, "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ("1", {"1": 0.1}, "Function version 1 is already included in routing configuration."),
        ("$LATEST", {"1": 0.1}, "$LATEST is not supported for an alias pointing to more than 1 version"),
        ("1", {"9": 0.1}, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:"),
        ("1", {"2": 1.1}, "less than or equal to 1"),
        ("1", {"$LATEST": 0.1}, "failed to satisfy constraint"),
    ],
)
def test_which_weights_are_refused(functions: Any, version: str, weights: dict[str, float], text: str) -> None:
    """C6: AWS's own texts."""
    name = _two_versions(functions)
    routing = {"AdditionalVersionWeights": weights}
    with pytest.raises(ClientError) as caught:
        functions.client.create_alias(FunctionName=name, Name="live", FunctionVersion=version, RoutingConfig=routing)
    assert text in _error(caught)[1]


def test_provisioned_concurrency(functions: Any) -> None:
    """C6: of versions and aliases, not of both; said to be kept."""
    client, name = functions.client, _two_versions(functions)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    live = {"FunctionName": name, "Qualifier": "live"}
    with pytest.raises(ClientError) as caught:
        client.get_provisioned_concurrency_config(**live)
    assert _error(caught)[0] == "ProvisionedConcurrencyConfigNotFoundException"
    put = client.put_provisioned_concurrency_config(**live, ProvisionedConcurrentExecutions=5)
    assert (put["Status"], put["RequestedProvisionedConcurrentExecutions"]) == ("IN_PROGRESS", 5)
    assert put["ResponseMetadata"]["HTTPHeaders"]["x-harness-kept"] == "ProvisionedConcurrentExecutions"
    read = client.get_provisioned_concurrency_config(**live)
    assert (read["Status"], read["AvailableProvisionedConcurrentExecutions"]) == ("READY", 5)
    [listed] = client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert listed["FunctionArn"].endswith(f":{name}:live")
    cases = [
        ("$LATEST", "cannot be applied to unpublished function versions"),
        ("1", "Version is pointed by a Provisioned Concurrency alias"),
        ("9", "Function not found"),
        ("none", "Cannot find alias arn"),
    ]
    for qualifier, text in cases:
        with pytest.raises(ClientError, match=text):
            client.put_provisioned_concurrency_config(
                FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=1
            )
    client.delete_provisioned_concurrency_config(**live)
    assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with pytest.raises(ClientError, match="should not be greater than the reservedConcurrentExecution for function"):
        client.put_provisioned_concurrency_config(**live, ProvisionedConcurrentExecutions=3)


def test_code_signing(functions: Any) -> None:
    """C14: configurations, and the functions that have one."""
    client = functions.client
    made = client.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [PROFILE]}, Description="ours", Tags={"team": "iot"}
    )["CodeSigningConfig"]
    arn = made["CodeSigningConfigArn"]
    assert made["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    assert client.list_tags(Resource=arn)["Tags"] == {"team": "iot"}
    changed = client.update_code_signing_config(
        CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"}
    )["CodeSigningConfig"]
    assert client.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == changed
    assert [each["CodeSigningConfigArn"] for each in client.list_code_signing_configs()["CodeSigningConfigs"]] == [arn]
    name = functions.make(SOURCE, CodeSigningConfigArn=arn)
    assert client.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == arn
    [user] = client.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    assert user.endswith(f":function:{name}")
    with pytest.raises(ClientError) as caught:
        client.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert _error(caught)[0] == "ResourceConflictException"
    client.delete_function_code_signing_config(FunctionName=name)
    client.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
    client.delete_function(FunctionName=name)
    client.delete_code_signing_config(CodeSigningConfigArn=arn)
    with pytest.raises(ClientError) as caught:
        functions.make(SOURCE, CodeSigningConfigArn=arn)
    assert _error(caught)[0] == "CodeSigningConfigNotFoundException"
