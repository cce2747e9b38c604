"""Template parameters: what a template declares, and the values that a stack gives them.

`AWS::SSM::Parameter::Value<…>` is looked up in the Parameter Store when a stack or change set is made (`lookups.py`).
Other types that AWS looks up in an account (`AWS::EC2::VPC::Id`, `AWS::SSM::Parameter::Name` …) are text here: whether
there is such a thing is not checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from harness.emulator.budget import BudgetExceeded
from harness.emulator.errors import NotEmulated
from harness.emulator.patterns import compile_pattern
from harness.emulator.services.cloudformation.errors import format_error, validation_error
from harness.json_object import Json

NO_ECHO = "****"

_TYPES = ("String", "Number", "List<Number>", "List<String>", "CommaDelimitedList")
_IN_ACCOUNT = re.compile(
    r"(?:List<)?AWS::(?:EC2::(?:AvailabilityZone::Name|Image::Id|Instance::Id|KeyPair::KeyName|SecurityGroup::GroupName"
    r"|SecurityGroup::Id|Subnet::Id|Volume::Id|VPC::Id)|Route53::HostedZone::Id)>?|AWS::SSM::Parameter::Name"
)
_STORED = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_MEMBERS = (
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter. Constraints are as the template has them, brought to text or numbers."""

    name: str
    type: str
    default: str | None
    description: str | None
    no_echo: bool
    allowed_values: list[str] | None
    allowed_pattern: str | None
    constraint_description: str | None
    limits: Json
    """MinLength, MaxLength, MinValue, MaxValue as numbers, those that are declared."""

    @property
    def is_stored(self) -> bool:
        """Whether the value is the name of a parameter in the Parameter Store."""
        return _STORED.fullmatch(self.type) is not None

    @property
    def value_type(self) -> str:
        """The type of what `Ref` gives."""
        found = _STORED.fullmatch(self.type)
        return found[1] if found else self.type

    def value(self, text: str) -> str | list[str]:
        """What `Ref` gives. `text` is what was looked up, where the type asks for that."""
        if self.value_type.startswith("List<") or self.value_type == "CommaDelimitedList":
            return [item.strip() for item in text.split(",")] if text else []
        return text

    def check(self, text: str) -> None:
        """Raises ValidationError for a value outside the constraints."""
        problem = self._problem(text)
        if problem is None:
            return
        if self.constraint_description:
            problem = f"Parameter {self.name} failed to satisfy constraint: {self.constraint_description}"
        raise validation_error(problem)

    def _problem(self, text: str) -> str | None:
        values = text if self.is_stored else self.value(text)
        items = values if isinstance(values, list) else [values]
        if self.type in ("Number", "List<Number>"):
            for item in items:
                problem = self._number_problem(item)
                if problem:
                    return problem
        if self.allowed_values is not None and any(item not in self.allowed_values for item in items):
            return f"Parameter '{self.name}' must be one of AllowedValues"
        if self.type == "String":
            if len(text) < self.limits.get("MinLength", 0):
                return f"Parameter '{self.name}' must contain at least {self.limits['MinLength']} characters"
            if "MaxLength" in self.limits and len(text) > self.limits["MaxLength"]:
                return f"Parameter '{self.name}' must contain at most {self.limits['MaxLength']} characters"
        if self.allowed_pattern is not None and not self._fits(items):
            return f"Parameter '{self.name}' must match pattern {self.allowed_pattern}"
        return None

    def _fits(self, items: list[str]) -> bool:
        assert self.allowed_pattern is not None
        try:
            return compile_pattern(self.allowed_pattern).all_fit(items)
        except BudgetExceeded:
            return False

    def _number_problem(self, text: str) -> str | None:
        try:
            number = float(text)
        except ValueError:
            return f"Parameter '{self.name}' must be a number"
        if "MinValue" in self.limits and number < self.limits["MinValue"]:
            return f"Parameter '{self.name}' must be a number not less than {self.limits['MinValue']}"
        if "MaxValue" in self.limits and number > self.limits["MaxValue"]:
            return f"Parameter '{self.name}' must be a number not greater than {self.limits['MaxValue']}"
        return None


def declared_parameters(template: Json) -> dict[str, Parameter]:
    """The parameters that a template declares, by name. Raises ValidationError, NotEmulated for types."""
    section = template.get("Parameters") or {}
    if not isinstance(section, dict):
        raise format_error("[/Parameters] must be an object")
    return {name: _declaration(name, body) for name, body in section.items()}


def _declaration(name: str, body: Any) -> Parameter:
    if not isinstance(body, dict) or "Type" not in body:
        raise format_error(f"Every Parameters object must contain a Type member. [/Parameters/{name}]")
    for member in body:
        if member not in _MEMBERS:
            raise format_error(f"Invalid template parameter property '{member}'")
    kind = str(body["Type"])
    stored = _STORED.fullmatch(kind)
    plain = stored[1] if stored else kind
    if plain not in _TYPES and not _IN_ACCOUNT.fullmatch(plain):
        if kind.startswith(("AWS::", "List<AWS::")):
            raise NotEmulated("cloudformation", f"parameter type {kind}")
        raise format_error(f"Unrecognized parameter type: {kind}")
    try:
        limits = {key: _number(body[key]) for key in ("MinLength", "MaxLength", "MinValue", "MaxValue") if key in body}
        pattern = body.get("AllowedPattern")
        if pattern is not None:
            compile_pattern(str(pattern))
    except (TypeError, ValueError, OverflowError):
        raise format_error(f"Invalid constraint of parameter '{name}'") from None
    allowed = body.get("AllowedValues")
    if allowed is not None and not isinstance(allowed, list):
        raise format_error(f"Every AllowedValues member must be a list. [/Parameters/{name}]")
    parameter = Parameter(
        name,
        kind,
        None if body.get("Default") is None else _text(body["Default"]),
        body.get("Description"),
        _text(body.get("NoEcho", False)).lower() == "true",
        None if allowed is None else [_text(item) for item in allowed],
        None if pattern is None else str(pattern),
        body.get("ConstraintDescription"),
        limits,
    )
    if parameter.default is not None:
        parameter.check(parameter.default)
    return parameter


def parameter_values(
    declared: dict[str, Parameter], given: list[Json], previous: dict[str, str] | None
) -> dict[str, str]:
    """The text of every declared parameter's value: given, or the default.

    `given` is the operation's `Parameters`, `previous` what the stack has now (None if it is new).
    Raises ValidationError.
    """
    values: dict[str, str] = {}
    for item in given:
        name = item.get("ParameterKey")
        if name is None:
            raise validation_error("Parameter key must not be null")
        if item.get("UsePreviousValue"):
            if "ParameterValue" in item:
                raise validation_error(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty "
                    "value for a parameter"
                )
            if previous is None or name not in previous:
                raise validation_error(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter "
                    "key not in the previous template"
                )
            values[name] = previous[name]
        elif "ParameterValue" in item:
            values[name] = item["ParameterValue"]
        else:
            raise validation_error(f"Invalid input for parameter key {name}. Either value or usePreviousValue needed")
    unknown = [name for name in values if name not in declared]
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, one in declared.items() if name not in values and one.default is None]
    if missing:
        raise validation_error(f"Parameters: [{', '.join(missing)}] must have values")
    result = {}
    for name, one in declared.items():
        text = values.get(name, one.default)
        assert text is not None
        one.check(text)
        result[name] = text
    return result


def _number(value: Any) -> float:
    number = float(value)
    return int(number) if number == int(number) else number


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
