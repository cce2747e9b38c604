"""Whether a template is built as a template must be: sections, resources, names that lead somewhere.

What depends on parameter values (conditions) is checked when the values are known: `blueprint.py`.
"""

from __future__ import annotations

import re
from typing import Any

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.errors import format_error, template_error
from harness.emulator.services.cloudformation.intrinsics import PSEUDO, unresolved
from harness.emulator.services.cloudformation.resources.registry import find_type, known_to_aws, type_of
from harness.emulator.services.cloudformation.template import VERSION
from harness.json_object import Json

_SECTIONS = (
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
)
_MAX_RESOURCES = 500  # CloudFormation's quota (F1)
_REFUSED_SECTIONS = ("Hooks",)
_ATTRIBUTES = (
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
)
_REFUSED_ATTRIBUTES = ("CreationPolicy", "UpdatePolicy")
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
_VARIABLE = re.compile(r"\$\{\s*([^!}][^}]*?)\s*\}")


def check_sections(template: Json) -> None:
    """The top level. Raises ValidationError, NotEmulated for sections that are AWS's but not emulated."""
    for name in _REFUSED_SECTIONS:
        if name in template:
            raise NotEmulated("cloudformation", f"template section {name}")
    unknown = [name for name in template if name not in _SECTIONS]
    if unknown:
        raise format_error(f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
    version = template.get("AWSTemplateFormatVersion", VERSION)
    if str(version) != VERSION:
        raise format_error(f"{version} is not a supported value for AWSTemplateFormatVersion.")
    description = template.get("Description")
    if description is not None and not isinstance(description, str):
        raise format_error("Description must be a string.")
    for name in ("Conditions", "Mappings", "Outputs", "Parameters", "Resources", "Rules"):
        if not isinstance(template.get(name) or {}, dict):
            raise format_error(f"[/{name}] must be an object")
    if not template.get("Resources"):
        raise format_error("At least one Resources member must be defined.")
    count = len(template["Resources"])
    if count > _MAX_RESOURCES:
        raise format_error(f"Number of resources, {count}, is greater than maximum allowed, {_MAX_RESOURCES}")
    for logical_id, body in template["Resources"].items():
        if not isinstance(body, dict):
            raise format_error(f"[/Resources/{logical_id}] resource definition is malformed")
        if not isinstance(body.get("Type"), str):
            raise format_error(f"[/Resources/{logical_id}] Every Resources object must contain a Type member.")


def check_template(template: Json) -> None:
    """A whole template after its transforms. Raises ValidationError, NotEmulated."""
    check_sections(template)
    if "Globals" in template:
        raise format_error("Invalid template property or properties [Globals]")
    resources: Json = template["Resources"]
    for logical_id, body in resources.items():
        _check_resource(logical_id, body)
    _check_types(resources)
    names = {*resources, *(template.get("Parameters") or {})}
    both = [name for name in template.get("Parameters") or {} if name in resources]
    if both:
        raise format_error(f"Duplicate names in the Parameters and Resources block: [{', '.join(both)}]")
    _check_references(resources, resources, names, "Resources")
    outputs = template.get("Outputs") or {}
    for name, body in outputs.items():
        if not isinstance(body, dict) or "Value" not in body:
            raise format_error(f"Every Outputs member must contain a Value object. [/Outputs/{name}]")
        export = body.get("Export", {"Name": ""})
        if not isinstance(export, dict) or list(export) != ["Name"]:
            raise format_error(f"[/Outputs/{name}/Export] must be an object with a Name.")
    _check_references(outputs, resources, names, "Outputs")
    _check_conditions(template)


def _check_resource(logical_id: str, body: Json) -> None:
    if not re.fullmatch(r"[A-Za-z0-9]+", str(logical_id)):
        raise format_error(f"Resource name {logical_id} is non alphanumeric.")
    for name in body:
        if name in _REFUSED_ATTRIBUTES:
            raise NotEmulated("cloudformation", f"resource attribute {name} (of {logical_id})")
        if name not in _ATTRIBUTES:
            raise format_error(f"Invalid template resource property '{name}'")
    depends_on = body.get("DependsOn", [])
    names = depends_on if isinstance(depends_on, list) else [depends_on]
    if not all(isinstance(name, str) for name in names):
        raise format_error(f"[/Resources/{logical_id}/DependsOn] must be a string or a list of strings.")
    if not isinstance(body.get("Properties", {}), dict):
        raise format_error(f"[/Resources/{logical_id}/Properties] 'null' values are not allowed in templates")
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = body.get(name, "Delete")
        if policy == "Snapshot":
            raise NotEmulated("cloudformation", f"{name} Snapshot (of {logical_id})")
        if policy not in _POLICIES:
            raise format_error(f"Unrecognized {name} {policy} for resource {logical_id}")


def _check_types(resources: Json) -> None:
    """Types without an entry are refused by name if AWS has them, else they are unknown."""
    missing = [kind for kind in sorted({body["Type"] for body in resources.values()}) if find_type(kind) is None]
    unknown = [kind for kind in missing if not _is_awss(kind)]
    if unknown:
        raise format_error(f"Unrecognized resource types: [{', '.join(unknown)}]")
    if missing:
        raise NotEmulated("cloudformation", f"resource type {', '.join(missing)}")


def _is_awss(kind: str) -> bool:
    if kind.startswith(("AWS::CloudFormation::", "AWS::Serverless::")) or kind.endswith("::MODULE"):
        return True
    return kind in known_to_aws()


def _check_conditions(template: Json) -> None:
    known = template.get("Conditions") or {}
    for block in ("Resources", "Outputs"):
        for name, body in (template.get(block) or {}).items():
            condition = body.get("Condition", "")
            if not isinstance(condition, str):
                raise format_error(f"[/{block}/{name}/Condition] Every Condition member must be a string.")
            if "Condition" in body and condition not in known:
                raise format_error(
                    f"Unresolved condition dependency {condition} in the {block} block of the template "
                    f"[/{block}/{name}]"
                )


def _check_references(value: Any, resources: Json, names: set[str], block: str) -> None:
    """Every Ref, GetAtt, Sub variable and DependsOn leads to something, in branches not taken too."""
    missing: list[str] = []
    for kind, name, attribute in references(value):
        known = name in names or name in PSEUDO if kind == "Ref" else name in resources
        if not known:
            missing.append(name)
        elif attribute:
            check_attribute(resources[name]["Type"], name, attribute)
    if missing:
        raise unresolved(list(dict.fromkeys(missing)), block)


def check_attribute(kind: str, logical_id: str, attribute: str) -> None:
    """Raises ValidationError for an attribute that the type has not."""
    if not type_of(kind).has_attribute(attribute):
        raise template_error(f"resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt")


def references(value: Any) -> list[tuple[str, str, str]]:
    """All (`Ref` | `GetAtt` | `DependsOn`, name, attribute) in a value of a template, wherever they stand."""
    found: list[tuple[str, str, str]] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[tuple[str, str, str]]) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name == "Ref" and isinstance(item, str) and len(value) == 1:
                found.append(("Ref", item, ""))
            elif name == "Fn::GetAtt":
                _collect_attribute(item, found)
            elif name == "Fn::Sub":
                _collect_variables(item, found)
            elif name == "DependsOn" and "Type" in value:
                found += [("DependsOn", one, "") for one in (item if isinstance(item, list) else [item])]
            else:
                _collect(item, found)


def _collect_attribute(item: Any, found: list[tuple[str, str, str]]) -> None:
    parts = item.split(".", 1) if isinstance(item, str) else item
    if isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], str):
        found.append(("GetAtt", parts[0], parts[1] if isinstance(parts[1], str) else ""))
        _collect(parts[1], found)


def _collect_variables(item: Any, found: list[tuple[str, str, str]]) -> None:
    variables: Json = {}
    if isinstance(item, list) and len(item) == 2 and isinstance(item[1], dict):
        item, variables = item
        _collect(variables, found)
    if not isinstance(item, str):
        return
    for name in _VARIABLE.findall(item):
        if name in variables:
            continue
        resource, dot, attribute = name.partition(".")
        found.append(("GetAtt", resource, attribute) if dot else ("Ref", name, ""))
