"""Template text to a document: JSON, or YAML (`template_yaml.py`)."""

from __future__ import annotations

import json
from typing import Any

from harness.emulator.errors import AwsError
from harness.emulator.services.cloudformation.errors import format_error
from harness.json_object import Json

VERSION = "2010-09-09"
_MAX_DEPTH = 100


def parse_template(text: str) -> Json:
    """The template as a document. Raises ValidationError."""
    document = _parse_json(text) if text.lstrip().startswith("{") else _parse_yaml(text)
    if not isinstance(document, dict):
        raise format_error("unsupported structure.")
    if _too_deep(document):
        raise format_error("the template is nested too deeply.")
    return document


def _too_deep(document: Json) -> bool:
    level: list[Any] = [document]
    for _ in range(_MAX_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if isinstance(value, dict) else value)
            if isinstance(item, dict | list)
        ]
        if not level:
            return False
    return True


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
            return _parse_yaml(text)
        except AwsError:
            raise format_error(f"JSON not well-formed. (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise format_error("JSON not well-formed.") from None


def _parse_yaml(text: str) -> Any:
    # Here: no start of the emulator should pay for the YAML library.
    from harness.emulator.services.cloudformation.template_yaml import read_yaml

    return read_yaml(text)
