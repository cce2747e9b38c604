"""References to what exists: physical ids, attributes, exports of other stacks."""

from __future__ import annotations

from typing import Any

from harness.emulator.services.cloudformation.base import Base
from harness.emulator.services.cloudformation.errors import template_error, validation_error
from harness.emulator.services.cloudformation.model import Stack


class Live:
    """References of one stack to its resources and to exports in its region."""

    def __init__(self, service: Base, stack: Stack) -> None:
        self._service = service
        self._stack = stack

    def ref(self, logical_id: str) -> str | None:
        return self._stack.resources[logical_id].physical_id

    def attribute(self, logical_id: str, name: str) -> Any:
        resource = self._stack.resources[logical_id]
        if name not in resource.attributes:
            raise template_error(f"resource {logical_id} does not support attribute type {name} in Fn::GetAtt")
        return resource.attributes[name]

    def imported(self, name: str) -> str:
        for stack in self._service.stacks_in(self._stack.account, self._stack.region):
            if stack is not self._stack and stack.status != "DELETE_COMPLETE" and name in stack.exports:
                return stack.exports[name]
        raise validation_error(f"No export named {name} found.")
