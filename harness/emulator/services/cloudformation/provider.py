"""CloudFormation: stacks, change sets, templates, exports. Its parts are in the files of their names."""

from __future__ import annotations

from harness.emulator.services.cloudformation.change_sets import ChangeSets
from harness.emulator.services.cloudformation.exports import Exports
from harness.emulator.services.cloudformation.listings import Listings
from harness.emulator.services.cloudformation.templates import Templates


class CloudFormation(ChangeSets, Listings, Templates, Exports):
    """Stacks in one region. Stack sets, macros and drift are refused by name."""

    kept = frozenset({"ImportExistingResources", "IncludeNestedStacks"})
