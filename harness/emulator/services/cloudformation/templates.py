"""Templates: validate, summarise, and give back."""

from __future__ import annotations

import json

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudformation import capabilities
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.model import Deployment
from harness.emulator.services.cloudformation.parameters import NO_ECHO, Parameter
from harness.emulator.services.cloudformation.preparation import Draft
from harness.emulator.services.cloudformation.template_source import TemplateSource
from harness.json_object import Json


class Templates(TemplateSource):
    @operation
    async def validate_template(
        self, call: Call, *, template_body: str | None = None, template_url: str | None = None
    ) -> Json:
        text = await self.template_text(call, template_body, template_url)
        draft = await Draft.read(text, self.world.aside)
        parameters = []
        for one in draft.parameters.values():
            described = _parameter(one)
            described["NoEcho"] = one.no_echo
            parameters.append({name: described[name] for name in described if name in _VALIDATED})
        return {"Parameters": parameters, **_description(draft.document), **_capabilities(draft)}

    @operation
    async def get_template_summary(
        self,
        call: Call,
        *,
        template_body: str | None = None,
        template_url: str | None = None,
        stack_name: str | None = None,
    ) -> Json:
        if stack_name is not None:
            stack = self.find_to_change(call, stack_name)
            await self.caught_up(stack)
            deployment = stack.target or stack.deployed
            if deployment is None:
                raise validation_error(f"Stack [{stack_name}] has no template yet")
            text = deployment.text
        else:
            text = await self.template_text(call, template_body, template_url)
        draft = await Draft.read(text, self.world.aside)
        kinds = sorted({str(body["Type"]) for body in draft.document["Resources"].values()})
        summary: Json = {
            "Parameters": [_parameter(one) for one in draft.parameters.values()],
            "ResourceTypes": kinds,
            "Version": "2010-09-09",
            **_description(draft.document),
            **_capabilities(draft),
        }
        if "Metadata" in draft.document:
            summary["Metadata"] = json.dumps(draft.document["Metadata"])
        return summary

    @operation
    async def get_template(
        self,
        call: Call,
        *,
        stack_name: str | None = None,
        change_set_name: str | None = None,
        template_stage: str = "Original",
    ) -> Json:
        if change_set_name is not None:
            deployment = self._of_change_set(call, change_set_name, stack_name)
        elif stack_name is not None:
            stack = self.find_to_change(call, stack_name)
            await self.caught_up(stack)
            deployment = stack.target or stack.deployed
            if deployment is None:  # under review: CDK asks and takes it for empty
                return {"TemplateBody": "", "StagesAvailable": []}
        else:
            raise validation_error("StackName is required if ChangeSetName is not specified.")
        if deployment is None:
            raise validation_error("Template not ready, template body does not exist.")
        if template_stage == "Processed" and deployment.transforms:
            return {"TemplateBody": json.dumps(deployment.template), "StagesAvailable": ["Original", "Processed"]}
        return {"TemplateBody": deployment.text, "StagesAvailable": ["Original", "Processed"]}

    def _of_change_set(self, call: Call, name: str, stack_name: str | None) -> Deployment | None:
        stack = self.lookup(call, stack_name) if stack_name is not None else None
        for one in self.change_sets.values():
            if one.change_set_id == name or (stack is not None and (one.stack_id, one.name) == (stack.stack_id, name)):
                return one.deployment
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)


_VALIDATED = ("ParameterKey", "DefaultValue", "NoEcho", "Description")


def _description(document: Json) -> Json:
    return {"Description": document["Description"]} if document.get("Description") else {}


def _capabilities(draft: Draft) -> Json:
    """The capabilities that a template needs, as far as the text tells, and its transforms."""
    needed = capabilities.needed(draft.document)
    found: Json = {}
    if needed:
        found = {"Capabilities": needed, "CapabilitiesReason": capabilities.reason(draft.document)}
    if draft.transforms:
        found["Capabilities"] = [*needed, capabilities.AUTO_EXPAND]
        found.setdefault("CapabilitiesReason", "The template uses transforms: " + ", ".join(draft.transforms))
        found["DeclaredTransforms"] = draft.transforms
    return found


def _parameter(one: Parameter) -> Json:
    described: Json = {
        "ParameterKey": one.name,
        "DefaultValue": NO_ECHO if one.no_echo and one.default is not None else one.default,
        "ParameterType": one.type,
        "NoEcho": one.no_echo,
        "Description": one.description,
        "ParameterConstraints": {"AllowedValues": one.allowed_values} if one.allowed_values is not None else {},
    }
    return {name: value for name, value in described.items() if value is not None}
