"""Exports and imports between stacks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

EXPORTING = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: NAME}}
Outputs:
  Name: {Value: !GetAtt Queue.QueueName, Export: {Name: !Sub "${AWS::Region}-shared"}}
"""
IMPORTING = """
Resources:
  Log:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Join ["/", ["", of, Fn::ImportValue: !Sub "${AWS::Region}-shared"]]
"""


@pytest.fixture
def pair(stacks: Any) -> Any:
    """A stack that exports, and one that imports."""
    assert stacks.create("exporting", EXPORTING.replace("NAME", "one")) == "CREATE_COMPLETE"
    assert stacks.create("importing", IMPORTING) == "CREATE_COMPLETE"
    return stacks


def test_a_value_goes_from_stack_to_stack(pair: Any) -> None:
    assert pair.physical_ids("importing") == {"Log": "/of/one"}
    (export,) = pair.client.list_exports()["Exports"]
    assert (export["Name"], export["Value"]) == ("us-east-1-shared", "one")
    assert export["ExportingStackId"] == pair.describe("exporting")["StackId"]
    assert pair.client.list_imports(ExportName="us-east-1-shared")["Imports"] == ["importing"]


def test_a_used_export_stays(pair: Any) -> None:
    assert pair.delete("exporting") == "DELETE_FAILED"
    assert (
        "Cannot delete export us-east-1-shared as it is in use by importing"
        in (pair.describe("exporting")["StackStatusReason"])
    )
    assert pair.delete("importing") == "DELETE_COMPLETE"
    assert pair.delete("exporting") == "DELETE_COMPLETE"
    assert pair.client.list_exports()["Exports"] == []


def test_a_used_export_does_not_change(pair: Any) -> None:
    assert pair.update("exporting", EXPORTING.replace("NAME", "two")) == "UPDATE_ROLLBACK_COMPLETE"
    (why,) = pair.reasons("exporting", "UPDATE_ROLLBACK_IN_PROGRESS")
    assert why == "Export us-east-1-shared cannot be updated as it is in use by importing"
    assert pair.outputs("exporting") == {"Name": "one"}


def test_one_name_is_exported_once(pair: Any) -> None:
    assert pair.create("second", EXPORTING.replace("NAME", "two")) == "ROLLBACK_COMPLETE"
    (why,) = pair.reasons("second", "ROLLBACK_IN_PROGRESS")
    assert (
        why == "Export with name us-east-1-shared is already exported by stack exporting. Rollback requested by user."
    )


def test_an_import_of_nothing(stacks: Any) -> None:
    assert stacks.create("lonely", IMPORTING) == "ROLLBACK_COMPLETE"
    (why,) = stacks.reasons("lonely", "ROLLBACK_IN_PROGRESS")
    assert why == "No export named us-east-1-shared found. Rollback requested by user."
    with pytest.raises(ClientError, match="Export 'us-east-1-shared' does not exist"):
        stacks.client.list_imports(ExportName="us-east-1-shared")
