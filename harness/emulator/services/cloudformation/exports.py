"""Exports: outputs that other stacks in the same region may import."""

from __future__ import annotations

from typing import Any

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.cloudformation.base import Base, page
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.work.outputs import importers
from harness.json_object import Json


class Exports(Base):
    @operation
    def list_exports(self, call: Call, *, next_token: str | None = None) -> Json:
        exports = [
            {"ExportingStackId": stack.stack_id, "Name": name, "Value": value}
            for stack in self.stacks_of(call)
            for name, value in stack.exports.items()
        ]
        return page(sorted(exports, key=lambda one: one["Name"]), "Exports", next_token)

    @operation
    def list_imports(self, call: Call, *, export_name: str, next_token: str | None = None) -> Json:
        for stack in self.stacks_of(call):
            if export_name in stack.exports:
                users: list[Any] = importers(self, stack, export_name)
                if not users:
                    raise validation_error(f"Export '{export_name}' is not imported by any stack.")
                return page(users, "Imports", next_token)
        raise validation_error(f"Export '{export_name}' does not exist.")
