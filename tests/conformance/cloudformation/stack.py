"""One stack in a test: deployed from a template's text, its clock moved on until the work is done."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.json_object import Json
from tests.conftest import Aws

_LOOK_SECONDS = 60.0
_MOST_LOOKS = 60
_CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: [apigateway.amazonaws.com, firehose.amazonaws.com, lambda.amazonaws.com]}
            Action: sts:AssumeRole
"""
"""A role that the pipeline's services may assume, for a template's `Resources`."""


class Stack:
    """A stack of the given name. `deploy` creates or updates it."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.aws = aws
        self.name = name
        self.client = aws.client("cloudformation")
        self.stack_id = ""

    def deploy(self, template: str) -> Stack:
        """Create or update; the stack is complete afterwards, else the failed resources' reasons are shown."""
        self._run(template)
        status = self.describe()["StackStatus"]
        assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"{status}: {self.failures()}"
        return self

    def fail(self, template: str) -> dict[str, str]:
        """Create or update what must fail and roll back; the reasons by logical id."""
        self._run(template)
        status = self.describe()["StackStatus"]
        assert status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"), status
        return self.failures()

    def delete(self) -> None:
        """Delete the stack; nothing of it is left."""
        self.client.delete_stack(StackName=self.name)
        self._finish()
        assert self.describe()["StackStatus"] == "DELETE_COMPLETE", self.failures()

    def _run(self, template: str) -> None:
        request: Json = {"StackName": self.name, "TemplateBody": template, "Capabilities": _CAPABILITIES}
        if self.stack_id:
            self.client.update_stack(**request)
        else:
            self.stack_id = self.client.create_stack(**request)["StackId"]
        self._finish()

    def _finish(self) -> None:
        """Let the work be done; where resources take time, move it on."""
        self.aws.settle()
        for _ in range(_MOST_LOOKS):
            if not self.describe()["StackStatus"].endswith("_IN_PROGRESS"):
                return
            self.aws.advance(_LOOK_SECONDS)

    def describe(self) -> Json:
        found: Json = self.client.describe_stacks(StackName=self.stack_id)["Stacks"][0]
        return found

    def failures(self) -> dict[str, str]:
        """Why resources failed, by logical id."""
        events = self.client.describe_stack_events(StackName=self.stack_id)["StackEvents"]
        return {
            event["LogicalResourceId"]: event.get("ResourceStatusReason", "")
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        }

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe().get("Outputs", [])}

    def ids(self) -> dict[str, str]:
        """Logical id → physical id."""
        resources = self.client.describe_stack_resources(StackName=self.stack_id)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}


def assert_gone(code: str, call: Any, **params: Any) -> None:
    """`call` answers with the error `code`: what it asks for is no more."""
    with pytest.raises(ClientError) as refused:
        call(**params)
    assert refused.value.response["Error"]["Code"] == code
