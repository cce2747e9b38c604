"""YAML with CloudFormation's short forms: `!GetAtt A.B` becomes `{"Fn::GetAtt": ["A", "B"]}`.

Dates and numbers with leading zeros stay text (`2010-09-09`, `000000000000`), as CloudFormation reads them.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from harness.emulator.budget import BudgetExceeded
from harness.emulator.services.cloudformation.errors import format_error, template_error
from harness.emulator.yaml_text import InvalidYaml, Loader, load
from harness.json_object import Json

# Functions with a short form. `!Ref` and `!Condition` have no `Fn::` in their long form.
_SHORT = (
    *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAtt", "GetAZs", "If", "ImportValue", "Join"),
    *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
)
_PLAIN = ("Ref", "Condition")


def read_yaml(text: str) -> Any:
    """The document of a text. Raises ValidationError."""
    try:
        return load(text, _Loader)
    except InvalidYaml as error:
        if error.aliases:
            raise template_error("YAML aliases are not allowed in CloudFormation templates") from None
        where = f" (line {error.place[0]}, column {error.place[1]})" if error.place else ""
        raise format_error(f"YAML not well-formed.{where}") from None
    except BudgetExceeded as error:
        raise format_error(f"YAML costs too much: {error}.") from None


class _Loader(Loader):
    """YAML with short forms; scalars resolve to text unless they are plainly null, booleans or numbers."""

    aliases = False
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


# YAML tag → (what the whole text looks like, its first characters).
_SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (
        r"yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
        list("yYnNtTfFoO"),
    ),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|[-+]?[1-9][0-9]*[eE][-+][0-9]+",
        list("-+0123456789."),
    ),
    "merge": (r"<<", ["<"]),
}
for _tag, (_text, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_text})$"), _first)


def _construct(loader: Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


def _short_form(name: str) -> Any:
    key = name if name in _PLAIN else f"Fn::{name}"

    def construct(loader: Loader, node: yaml.Node) -> Json:
        value = _construct(loader, node)
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {key: value}

    return construct


for _name in (*_SHORT, *_PLAIN):
    _Loader.add_constructor(f"!{_name}", _short_form(_name))
