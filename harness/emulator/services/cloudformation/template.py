"""Template text to a document: JSON, or YAML with CloudFormation's short forms.

YAML is read as CloudFormation does: dates and numbers with leading zeros stay text (`2010-09-09`, `000000000000`), and
`!GetAtt A.B`, `!Sub …` become `{"Fn::GetAtt": ["A", "B"]}`, `{"Fn::Sub": …}`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from harness.emulator.services.cloudformation.errors import format_error

Json = dict[str, Any]

VERSION = "2010-09-09"

# Functions with a short form. `!Ref` and `!Condition` have no `Fn::` in their long form.
_SHORT = (
    *("And", "Base64", "Cidr", "Equals", "FindInMap", "ForEach", "GetAtt", "GetAZs", "If", "ImportValue", "Join"),
    *("Length", "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform"),
)
_PLAIN = ("Ref", "Condition")


def parse_template(text: str) -> Json:
    """The template as a document. Raises ValidationError."""
    document = _parse_json(text) if text.lstrip().startswith("{") else _parse_yaml(text)
    if not isinstance(document, dict):
        raise format_error("unsupported structure.")
    return document


def transforms(document: Json) -> list[str]:
    """The names in the template's `Transform`; an `AWS::Include` is named too. Raises ValidationError."""
    declared = document.get("Transform", [])
    names = declared if isinstance(declared, list) else [declared]
    found = []
    for name in names:
        if isinstance(name, dict):
            name = name.get("Name")
        if not isinstance(name, str):
            raise format_error("Transform must be a string or a list of strings.")
        found.append(name)
    return found


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # YAML's flow style begins with a brace too, and so may short forms in it.
        try:
            return yaml.load(text, _Loader)
        except yaml.YAMLError:
            raise format_error(f"JSON not well-formed. (line {error.lineno}, column {error.colno})") from None


def _parse_yaml(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise format_error(f"YAML not well-formed.{where}") from None
    except yaml.YAMLError:
        raise format_error("YAML not well-formed.") from None


class _Loader(yaml.SafeLoader):
    """YAML with short forms; scalars resolve to text unless they are plainly null, booleans or numbers."""

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


def _construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


def _short_form(name: str) -> Any:
    key = name if name in _PLAIN else f"Fn::{name}"

    def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Json:
        value = _construct(loader, node)
        if name == "GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {key: value}

    return construct


for _name in (*_SHORT, *_PLAIN):
    _Loader.add_constructor(f"!{_name}", _short_form(_name))
