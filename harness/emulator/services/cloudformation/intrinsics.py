"""Intrinsic functions: a template's values with everything filled in.

A `Resolver` works in two ways, by the `References` it is given. Live ones answer with what exists: that is how a
resource gets its properties. Symbolic ones answer with a marker that names what is meant; functions over markers give
text that holds them. Two symbolic results are equal if nothing changes, and their markers are the dependencies.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any, Protocol

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.cidr import cidr_blocks
from harness.emulator.services.cloudformation.errors import format_error, template_error
from harness.emulator.services.cloudformation.zones import availability_zones
from harness.json_object import Json

NO_VALUE = object()
"""What `AWS::NoValue` resolves to: the member that has it disappears."""

PSEUDO = (
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)

_STEPS, _SIZE, _SECONDS = 100_000, 16 * 1024 * 1024, 3600.0
"""What the functions of a template may cost together. A resolver lives while its stack is made, so that its time says
nothing: a step takes one or two microseconds."""

_MARK = "\0"
_MARKER = re.compile("\0([^\0]*)\0")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
# Functions of the transform AWS::LanguageExtensions, and the one that calls macros.
_REFUSED = ("Fn::ForEach", "Fn::Length", "Fn::ToJsonString", "Fn::Transform")


class References(Protocol):
    """What a template may refer to outside itself."""

    def ref(self, logical_id: str) -> Any:
        """The value of `Ref` to a resource."""

    def attribute(self, logical_id: str, name: str) -> Any:
        """The value of `Fn::GetAtt`. Raises ValidationError for an attribute that the type has not."""

    def imported(self, name: str) -> Any:
        """The value of an export. Raises ValidationError."""


class Symbolic:
    """References that stay open."""

    def ref(self, logical_id: str) -> str:
        return marker("Ref", logical_id)

    def attribute(self, logical_id: str, name: str) -> str:
        return marker("GetAtt", logical_id, name)

    def imported(self, name: str) -> str:
        return marker("Import", name)


def marker(*parts: str) -> str:
    """Text that stands for what is not known yet."""
    return _MARK + json.dumps(parts).replace(_MARK, "") + _MARK


def markers(value: Any) -> list[tuple[str, ...]]:
    """All markers in a symbolic value: `("Ref", id)`, `("GetAtt", id, attribute)`, `("Import", name)`."""
    if isinstance(value, str):
        return [tuple(json.loads(text)) for text in _MARKER.findall(value)]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for item in items for found in markers(item)]


def known_so_far(value: Any) -> Any:
    """A symbolic value as a change set shows it: whatever holds a marker is not known yet."""
    if isinstance(value, str):
        return "{{changeSet:KNOWN_AFTER_APPLY}}" if _MARK in value else value
    if isinstance(value, dict):
        return {name: known_so_far(item) for name, item in value.items()}
    return [known_so_far(item) for item in value] if isinstance(value, list) else value


class Resolver:
    """Resolves values of one template. `parameters` are by name what Ref gives, pseudo parameters included."""

    def __init__(
        self,
        *,
        parameters: dict[str, Any],
        mappings: Json,
        conditions: Json,
        references: References,
        active: Callable[[str], bool],
    ) -> None:
        """`active(logical_id)`: whether the template makes such a resource."""
        self.parameters = parameters
        self.mappings = mappings
        self.conditions = conditions
        self.references = references
        self.active = active
        self._budget = Budget(steps=_STEPS, size=_SIZE, seconds=_SECONDS)
        self._known: dict[str, bool] = {}
        self._open: list[str] = []

    # -- values -----------------------------------------------------------------------------------------------

    def resolve(self, value: Any) -> Any:
        """The value with its functions done. NO_VALUE for `AWS::NoValue`. Raises ValidationError, NotEmulated."""
        try:
            return self._resolve(value)
        except BudgetExceeded as error:
            raise template_error(f"the template's functions can't be resolved: {error}") from error
        except RecursionError:
            raise template_error("the template's functions are nested too deeply") from None

    def _resolve(self, value: Any) -> Any:
        self._budget.step()
        if isinstance(value, dict):
            name = _function(value)
            if name is not None:
                return self._call(name, value[name])
            members = {str(key): self.resolve(item) for key, item in value.items()}
            return {key: item for key, item in members.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        return value

    def _call(self, name: str, argument: Any) -> Any:
        if name in _REFUSED:
            raise NotEmulated("cloudformation", f"function {name}")
        function = _FUNCTIONS.get(name)
        if function is None:
            supported = ", ".join(_FUNCTIONS)
            raise format_error(f"Encountered unsupported function: {name} Supported functions are: [{supported}]")
        return function(self, argument)

    def _text(self, value: Any) -> str | None:
        """A resolved scalar as text; None for anything else."""
        resolved = self.resolve(value)
        if isinstance(resolved, str):
            return resolved
        if isinstance(resolved, bool | int | float):
            return json.dumps(resolved)
        return None

    # -- conditions -------------------------------------------------------------------------------------------

    def condition(self, name: str) -> bool:
        """Whether a named condition holds. Raises ValidationError."""
        if name not in self._known:
            if name not in self.conditions:
                raise format_error(f"Unresolved condition dependency {name}")
            if name in self._open:
                raise format_error(f"Circular dependencies between conditions: [{', '.join(self._open)}]")
            self._open.append(name)
            try:
                self._known[name] = self._truth(self.conditions[name], "the Conditions block")
            finally:
                self._open.pop()
        return self._known[name]

    def _truth(self, value: Any, where: str) -> bool:
        resolved = self.resolve(value)
        if isinstance(resolved, bool):
            return resolved
        if resolved in ("true", "false"):
            return bool(resolved == "true")
        raise format_error(f"Every condition member of {where} must be a boolean function")

    # -- functions --------------------------------------------------------------------------------------------

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str) or not name:
            raise template_error("every Ref object must have a single String value.")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name]
        if self._open:
            raise format_error(
                f"Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
            )
        if not self.active(name):
            raise unresolved([name])
        return self.references.ref(name)

    def _get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        fits = isinstance(parts, list) and len(parts) == 2 and isinstance(parts[0], str) and parts[0]
        attribute = self._text(parts[1]) if fits else None
        if not attribute:
            raise template_error(
                "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
                "attribute"
            )
        if not self.active(parts[0]):
            raise unresolved([parts[0]])
        return self.references.attribute(parts[0], attribute)

    def _sub(self, argument: Any) -> str:
        variables: Json = {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            argument, variables = argument
        if not isinstance(argument, str):
            raise template_error(
                "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first "
                "argument, and an optional second argument to specify a mapping of values to replace in the string"
            )

        def replace(found: re.Match[str]) -> str:
            name = found[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                value = self._text(variables[name])
            elif "." in name:
                value = self._text({"Fn::GetAtt": name})
            else:
                value = self._text({"Ref": name})
            if value is None:
                raise template_error(f"variable {name} in Fn::Sub expression does not resolve to a string")
            self._budget.take(len(value))
            return value

        return _VARIABLE.sub(replace, self.resolve(argument))

    def _join(self, argument: Any) -> str:
        problem = template_error(
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be "
            "joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
        )
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            raise problem
        items = self.resolve(argument[1])
        if _open_text(items):
            return _applied("Fn::Join", argument[0], items)
        texts = [self._text(item) for item in items] if isinstance(items, list) else [None]
        if any(text is None for text in texts):
            raise problem
        self._budget.take(sum(len(argument[0]) + len(text) for text in texts if text is not None))
        return argument[0].join(text for text in texts if text is not None)

    def _split(self, argument: Any) -> Any:
        source = self._text(argument[1]) if isinstance(argument, list) and len(argument) == 2 else None
        if source is None or not isinstance(argument[0], str) or not argument[0]:
            raise template_error(
                "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split "
                "or a function that returns a string to be split."
            )
        if _open_text(source):
            return _applied("Fn::Split", argument[0], source)
        self._budget.take(8 * len(source))
        return source.split(argument[0])

    def _select(self, argument: Any) -> Any:
        index = self._text(argument[0]) if isinstance(argument, list) and len(argument) == 2 else None
        if index is None or not re.fullmatch(r"\d+", index):
            raise template_error("every Fn::Select object requires two parameters, an index and a list of values.")
        items = self.resolve(argument[1])
        if _open_text(items):
            return _applied("Fn::Select", index, items)
        if not isinstance(items, list):
            raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
        if int(index) >= len(items):
            raise template_error(f"Fn::Select cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _find_in_map(self, argument: Any) -> Any:
        keys = [self._text(item) for item in argument] if isinstance(argument, list) and len(argument) == 3 else [None]
        if any(key is None for key in keys):
            raise template_error(
                "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for "
                "return value"
            )
        found: Any = self.mappings
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                raise template_error(f"Unable to get mapping for {'::'.join(str(key) for key in keys)}")
            found = found[key]
        return found

    def _base64(self, argument: Any) -> str:
        text = self._text(argument)
        if text is None:
            raise template_error("every Fn::Base64 object must have a String-typed value.")
        self._budget.take(2 * len(text))
        return _applied("Fn::Base64", text) if _open_text(text) else base64.b64encode(text.encode()).decode()

    def _import(self, argument: Any) -> Any:
        name = self._text(argument)
        if not name:
            raise template_error(
                "the attribute in Fn::ImportValue must be a string or a function that returns a string"
            )
        if any(kind != "Import" for kind, *_ in markers(name)):
            raise template_error(
                "the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs"
            )
        return self.references.imported(name)

    def _cidr(self, argument: Any) -> Any:
        texts = [self._text(item) for item in argument] if isinstance(argument, list) else []
        if len(texts) not in (2, 3) or any(text is None for text in texts):
            raise template_error("every Fn::Cidr object requires an ipBlock, a count and, optionally, cidrBits.")
        values = [text or "" for text in texts]
        return _applied("Fn::Cidr", *values) if _open_text("".join(values)) else cidr_blocks(*values)

    def _get_azs(self, argument: Any) -> list[str]:
        region = self._text(argument)
        if region is None:
            raise template_error("every Fn::GetAZs object must have a String-typed value.")
        return availability_zones(region or str(self.parameters["AWS::Region"]))

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise template_error("Fn::If requires a list argument with three elements")
        if not isinstance(argument[0], str):
            raise template_error("Fn::If requires a list argument with the first element being a condition")
        return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])

    def _equals(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error("every Fn::Equals object requires a list of 2 string parameters.")
        first, second = (self._comparable(item) for item in argument)
        return bool(first == second)

    def _comparable(self, value: Any) -> Any:
        resolved = self.resolve(value)
        return json.dumps(resolved) if isinstance(resolved, bool | int | float) else resolved

    def _and(self, argument: Any) -> bool:
        return all(self._truths("Fn::And", argument))

    def _or(self, argument: Any) -> bool:
        return any(self._truths("Fn::Or", argument))

    def _truths(self, name: str, argument: Any) -> list[bool]:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise template_error(
                f"every {name} object requires a list of at least 2 and at most 10 boolean parameters."
            )
        return [self._truth(item, name) for item in argument]

    def _not(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 1:
            raise template_error("every Fn::Not object requires one boolean parameter.")
        return not self._truth(argument[0], "Fn::Not")

    def _named_condition(self, argument: Any) -> bool:
        if not isinstance(argument, str):
            raise template_error("every Condition object must have a single String value.")
        return self.condition(argument)


class Masked(Resolver):
    """A resolver that hides parameters, for values that are only shown; conditions are those of the real values."""

    def __init__(self, real: Resolver, hidden: list[str], mask: str) -> None:
        super().__init__(
            parameters={**real.parameters, **dict.fromkeys(hidden, mask)},
            mappings=real.mappings,
            conditions=real.conditions,
            references=real.references,
            active=real.active,
        )
        self._real = real

    def condition(self, name: str) -> bool:
        return self._real.condition(name)


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver._ref,
    "Condition": Resolver._named_condition,
    "Fn::And": Resolver._and,
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::Equals": Resolver._equals,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::GetAZs": Resolver._get_azs,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import,
    "Fn::Join": Resolver._join,
    "Fn::Not": Resolver._not,
    "Fn::Or": Resolver._or,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
}


def unresolved(names: list[str], block: str = "Resources") -> Exception:
    return format_error(f"Unresolved resource dependencies [{', '.join(names)}] in the {block} block of the template")


def _function(value: Json) -> str | None:
    """The function that an object calls. A `Condition` is one only with text, as policies have such a member too."""
    if len(value) != 1:
        called = [str(key) for key in value if str(key).startswith("Fn::")]
        if any(name in _REFUSED for name in called):
            raise NotEmulated("cloudformation", f"function {called[0]}")
        if called:
            raise template_error(f"{called[0]} must be the only member of its object")
        return None
    name = str(next(iter(value)))
    if name == "Condition":
        return name if isinstance(value[name], str) else None
    return name if name == "Ref" or name.startswith("Fn::") else None


def _open_text(value: Any) -> bool:
    """Whether a symbolic value is text that holds markers, so that a function over it can't be done yet."""
    return isinstance(value, str) and _MARK in value


def _applied(name: str, *arguments: str) -> str:
    return f"{name}({','.join(arguments)})"
