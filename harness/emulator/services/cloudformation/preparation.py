"""From an operation's input to a deployment that is known to be sound."""

from __future__ import annotations

from typing import NamedTuple

from harness.emulator.aside import Aside
from harness.emulator.services.cloudformation import capabilities
from harness.emulator.services.cloudformation.blueprint import Blueprint
from harness.emulator.services.cloudformation.checks import check_sections, check_template
from harness.emulator.services.cloudformation.errors import insufficient_capabilities, validation_error
from harness.emulator.services.cloudformation.model import Deployment, Stack
from harness.emulator.services.cloudformation.parameters import declared_parameters, parameter_values
from harness.emulator.services.cloudformation.sam import SAM, check_transforms, translate, translator_modules
from harness.emulator.services.cloudformation.template import parse_template, transforms
from harness.json_object import Json


class Values(NamedTuple):
    """The parameters' values as they were given, and what was looked up for some of them."""

    given: dict[str, str]
    looked_up: dict[str, str]


class Draft:
    """A template as it was given, read and with its transforms' names checked.

    Raises ValidationError, NotEmulated.
    """

    def __init__(self, text: str, document: Json) -> None:
        self.text = text
        self.document = document
        check_sections(self.document)
        self.transforms = transforms(self.document)
        check_transforms(self.transforms)
        self.parameters = declared_parameters(self.document)
        if not self.transforms:
            check_template(self.document)

    @classmethod
    async def read(cls, text: str, aside: Aside) -> Draft:
        """The draft of a text. What takes long happens beside the event loop: parsing, loading SAM's translator."""
        draft = cls(text, await aside.read(parse_template, text))
        if SAM in draft.transforms:
            await aside.run(translator_modules)
        return draft

    def values(self, given: list[Json], previous: dict[str, str] | None) -> dict[str, str]:
        """The parameters' values. Raises ValidationError."""
        return parameter_values(self.parameters, given, previous)

    def processed(self, values: dict[str, str], region: str) -> Json:
        """The template after its transforms, `values` as they were looked up. Raises ValidationError."""
        if SAM not in self.transforms:
            return self.document
        template = translate(self.document, values, region)
        check_template(template)
        return template

    def deployment(
        self, values: Values, tags: dict[str, str], given_capabilities: list[str], stack: Stack
    ) -> Deployment:
        """The deployment of this template to a stack.

        Raises ValidationError, InsufficientCapabilitiesException.
        """
        template = self.processed(values.given | values.looked_up, stack.region)
        capabilities.check(template, given_capabilities)
        deployment = Deployment(self.text, template, self.transforms, values.given, tags, given_capabilities)
        deployment.looked_up = values.looked_up
        deployment.imports = Blueprint(deployment, stack).imports
        return deployment

    def check_expansion(self, given_capabilities: list[str]) -> None:
        """Without a change set to look at first, transforms need to be acknowledged.

        Raises InsufficientCapabilitiesException.
        """
        if self.transforms and capabilities.AUTO_EXPAND not in given_capabilities:
            raise insufficient_capabilities([capabilities.AUTO_EXPAND])


def check_types_unchanged(stack: Stack, blueprint: Blueprint) -> None:
    """Raises ValidationError."""
    changed = [
        logical_id
        for logical_id, definition in blueprint.definitions.items()
        if logical_id in stack.resources and stack.resources[logical_id].type != definition.type
    ]
    if changed:
        raise validation_error(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(changed)}]"
        )
