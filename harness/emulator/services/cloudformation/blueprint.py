"""A deployment worked out as far as it goes before anything exists: which resources, in which order, with what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.checks import check_attribute
from harness.emulator.services.cloudformation.dependencies import creation_order
from harness.emulator.services.cloudformation.intrinsics import (
    NO_VALUE,
    Masked,
    References,
    Resolver,
    Symbolic,
    markers,
    unresolved,
)
from harness.emulator.services.cloudformation.model import Deployment, Stack
from harness.emulator.services.cloudformation.parameters import NO_ECHO, declared_parameters
from harness.emulator.services.cloudformation.rules import check_rules
from harness.json_object import Json


@dataclass(frozen=True, slots=True)
class Definition:
    """One resource that the template makes. `properties` as written, `symbolic` with references left open."""

    logical_id: str
    type: str
    properties: Json
    symbolic: Any
    dependencies: list[str]
    deletion_policy: str
    update_replace_policy: str
    metadata: Any


class Blueprint:
    """The resources and outputs of a deployment for a stack.

    Raises ValidationError: circular dependencies, references to resources whose condition does not hold, functions
    that are used wrongly.
    """

    def __init__(self, deployment: Deployment, stack: Stack) -> None:
        self.template = deployment.template
        self._parameters: Json = {
            "AWS::AccountId": stack.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": stack.region,
            "AWS::StackId": stack.stack_id,
            "AWS::StackName": stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        declared = declared_parameters(self.template)
        for name, parameter in declared.items():
            self._parameters[name] = parameter.value(deployment.value(name))
        self._hidden = [name for name, parameter in declared.items() if parameter.no_echo]
        self._active: set[str] = set()
        check_rules(self.template.get("Rules") or {}, self.resolver(Symbolic()))
        symbolic = self.resolver(_Checked(self.template["Resources"]))
        self._active = {logical_id for logical_id, body in self.template["Resources"].items() if _holds(symbolic, body)}
        definitions = {logical_id: self._definition(symbolic, logical_id) for logical_id in self._in_template_order()}
        order = creation_order({one.logical_id: one.dependencies for one in definitions.values()})
        self.definitions = {logical_id: definitions[logical_id] for logical_id in order}
        """Logical id → definition, each after its dependencies."""
        self.outputs = {
            name: body for name, body in (self.template.get("Outputs") or {}).items() if _holds(symbolic, body)
        }
        self.symbolic_outputs = {name: _resolved_output(symbolic, body) for name, body in self.outputs.items()}
        self.imports = self._imports()

    def resolver(self, references: References) -> Resolver:
        """A resolver over this deployment's parameters and conditions."""
        return Resolver(
            parameters=self._parameters,
            mappings=self.template.get("Mappings") or {},
            conditions=self.template.get("Conditions") or {},
            references=references,
            active=lambda logical_id: logical_id in self._active,
        )

    def shown(self, definition: Definition, references: References) -> str:
        """JSON text of a resource's properties as events show them: NoEcho parameters as asterisks."""
        resolver = Masked(self.resolver(references), self._hidden, NO_ECHO)
        try:
            resolved = resolver.resolve(definition.properties)
        except AwsError:  # a function over a value that is hidden
            resolved = {}
        return json.dumps({} if resolved is NO_VALUE else resolved, separators=(",", ":"))

    def _in_template_order(self) -> list[str]:
        return [logical_id for logical_id in self.template["Resources"] if logical_id in self._active]

    def _definition(self, symbolic: Resolver, logical_id: str) -> Definition:
        body = self.template["Resources"][logical_id]
        properties = body.get("Properties", {})
        resolved = symbolic.resolve(properties)
        if resolved is NO_VALUE:
            resolved = {}
        explicit = body.get("DependsOn", [])
        named = [one for one in (explicit if isinstance(explicit, list) else [explicit]) if one in self._active]
        found = [parts[1] for parts in markers(resolved) if parts[0] in ("Ref", "GetAtt")]
        return Definition(
            logical_id,
            body["Type"],
            properties,
            resolved,
            list(dict.fromkeys([*named, *found])),
            body.get("DeletionPolicy", "Delete"),
            body.get("UpdateReplacePolicy", "Delete"),
            body.get("Metadata"),
        )

    def _imports(self) -> list[str]:
        symbolic = [[one.symbolic for one in self.definitions.values()], list(self.symbolic_outputs.values())]
        return sorted({parts[1] for parts in markers(symbolic) if parts[0] == "Import"})


class _Checked(Symbolic):
    """Symbolic references that know which attributes the types have."""

    def __init__(self, resources: Json) -> None:
        self._resources = resources

    def attribute(self, logical_id: str, name: str) -> str:
        if logical_id not in self._resources:
            raise unresolved([logical_id])
        check_attribute(self._resources[logical_id]["Type"], logical_id, name)
        return super().attribute(logical_id, name)


def _holds(resolver: Resolver, body: Json) -> bool:
    return "Condition" not in body or resolver.condition(body["Condition"])


def _resolved_output(resolver: Resolver, body: Json) -> Json:
    return {name: resolver.resolve(body[name]) for name in ("Value", "Export") if name in body}
