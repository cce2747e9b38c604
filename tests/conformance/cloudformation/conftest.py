"""A CloudFormation client with what every test asks of stacks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.json_object import Json


class Stacks:
    """Short ways to the stacks of one emulator."""

    def __init__(self, aws: Any) -> None:
        self.client = aws.client("cloudformation")

    def create(self, name: str, template: Json | str, **more: Any) -> str:
        """Create a stack; its status after that."""
        self.client.create_stack(StackName=name, TemplateBody=text(template), **more)
        return self.status(name)

    def update(self, name: str, template: Json | str, **more: Any) -> str:
        self.client.update_stack(StackName=name, TemplateBody=text(template), **more)
        return self.status(name)

    def delete(self, name: str) -> str:
        """Delete a stack; its status after that."""
        stack_id = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=name)
        return self.status(stack_id)

    def describe(self, name: str) -> Json:
        found: Json = self.client.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def status(self, name: str) -> str:
        return str(self.describe(name)["StackStatus"])

    def outputs(self, name: str) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.describe(name).get("Outputs", [])}

    def events(self, name: str) -> list[tuple[str, str]]:
        """(logical id, status), oldest first."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def reasons(self, name: str, status: str) -> list[str]:
        """The reasons of all events of a status, oldest first."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [
            event.get("ResourceStatusReason", "") for event in reversed(events) if event["ResourceStatus"] == status
        ]

    def physical_ids(self, name: str) -> dict[str, str]:
        resources = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in resources}


def text(template: Json | str) -> str:
    return template if isinstance(template, str) else json.dumps(template)


@pytest.fixture
def stacks(aws: Any) -> Stacks:
    return Stacks(aws)
