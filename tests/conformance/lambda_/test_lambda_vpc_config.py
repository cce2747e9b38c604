"""VpcConfig of a function: kept and shown, without effect and without silence (C1)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

SOURCE = "def handler(event, context):\n    return 'ran'\n"
VPC = {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d", "sg-1a1b2c3d"]}


@pytest.mark.parametrize("given", [{"SubnetIds": ["subnet-1"]}, {"SecurityGroupIds": ["sg-1"], "SubnetIds": []}])
def test_subnets_and_groups_come_together(functions: Any, given: dict[str, Any]) -> None:
    """C1: AWS's own text."""
    with pytest.raises(ClientError, match="SubnetIds and SecurityIds must coexist or be both empty list") as caught:
        functions.make(SOURCE, VpcConfig=given)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert functions.client.list_functions()["Functions"] == []


def test_it_is_shown_as_it_was_given(functions: Any) -> None:
    """C1: with a VpcId, in every answer; published versions keep theirs; empty lists take it away."""
    client = functions.client
    name = functions.make(SOURCE, VpcConfig=VPC, Publish=True)
    shown = client.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert shown.pop("VpcId").startswith("vpc-")
    assert shown == VPC | {"Ipv6AllowedForDualStack": False}
    assert client.list_functions()["Functions"][0]["VpcConfig"]["SubnetIds"] == VPC["SubnetIds"]

    client.update_function_configuration(FunctionName=name, MemorySize=256)
    kept = client.get_function_configuration(FunctionName=name)["VpcConfig"]
    assert kept["SubnetIds"] == VPC["SubnetIds"]
    answer = client.update_function_configuration(
        FunctionName=name, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}
    )
    assert answer["VpcConfig"] == {
        "SubnetIds": [],
        "SecurityGroupIds": [],
        "VpcId": "",
        "Ipv6AllowedForDualStack": False,
    }
    published = client.get_function_configuration(FunctionName=name, Qualifier="1")
    assert published["VpcConfig"]["SecurityGroupIds"] == VPC["SecurityGroupIds"]


def test_the_log_holds_what_awss_would(functions: Any) -> None:
    """That it has no effect is said where kept settings are (docs/kept.md), not in the function's log."""
    name = functions.make(SOURCE, VpcConfig=VPC)
    assert [functions.invoke(name).json for _ in range(2)] == ["ran", "ran"]
    assert not any("VpcConfig" in line for line in functions.log(name))
