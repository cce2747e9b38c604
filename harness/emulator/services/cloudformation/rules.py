"""Rules: what a template asserts of its parameters before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.errors import format_error, template_error, validation_error
from harness.emulator.services.cloudformation.intrinsics import Resolver
from harness.json_object import Json

_LOOKING_UP = ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll")
"""Functions over what AWS knows of the account's VPCs and subnets."""


def check_rules(rules: Json, resolver: Resolver) -> None:
    """Raises ValidationError for a rule that is malformed or does not hold (text unsure)."""
    broken: list[str] = []
    for name, rule in rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions"), list) or not rule["Assertions"]:
            raise format_error(f"[/Rules/{name}] must be an object with Assertions.")
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], resolver):
            continue
        for assertion in rule["Assertions"]:
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                raise format_error(f"Every Assertions member must contain an Assert member. [/Rules/{name}]")
            if not _holds(assertion["Assert"], resolver):
                broken.append(f"{name}: {assertion.get('AssertDescription', 'an assertion does not hold')}")
    if broken:
        raise validation_error(f"Template failed to satisfy rules: [{'; '.join(broken)}]")


def _holds(value: Any, resolver: Resolver) -> bool:
    if isinstance(value, dict) and len(value) == 1:
        name, argument = next(iter(value.items()))
        if name in _LOOKING_UP:
            raise NotEmulated("cloudformation", f"rule function {name}")
        function = _FUNCTIONS.get(name)
        if function is not None:
            return function(argument, resolver)
    resolved = resolver.resolve(value)
    if resolved in (True, "true"):
        return True
    if resolved in (False, "false"):
        return False
    raise template_error("every Assert and RuleCondition must be a boolean function.")


def _and(argument: Any, resolver: Resolver) -> bool:
    return all(_holds(each, resolver) for each in _list("Fn::And", argument))


def _or(argument: Any, resolver: Resolver) -> bool:
    return any(_holds(each, resolver) for each in _list("Fn::Or", argument))


def _not(argument: Any, resolver: Resolver) -> bool:
    items = _list("Fn::Not", argument)
    if len(items) != 1:
        raise template_error("every Fn::Not object requires one boolean parameter.")
    return not _holds(items[0], resolver)


def _contains(argument: Any, resolver: Resolver) -> bool:
    items, value = _pair("Fn::Contains", argument)
    return resolver.resolve(value) in _values(resolver.resolve(items), "Fn::Contains")


def _each_equals(argument: Any, resolver: Resolver) -> bool:
    items, value = _pair("Fn::EachMemberEquals", argument)
    wanted = resolver.resolve(value)
    return all(each == wanted for each in _values(resolver.resolve(items), "Fn::EachMemberEquals"))


def _each_in(argument: Any, resolver: Resolver) -> bool:
    first, second = _pair("Fn::EachMemberIn", argument)
    allowed = _values(resolver.resolve(second), "Fn::EachMemberIn")
    return all(each in allowed for each in _values(resolver.resolve(first), "Fn::EachMemberIn"))


def _list(name: str, argument: Any) -> list[Any]:
    if not isinstance(argument, list) or not argument:
        raise template_error(f"every {name} object requires a list of boolean parameters.")
    return argument


def _pair(name: str, argument: Any) -> tuple[Any, Any]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise template_error(f"every {name} object requires a list of 2 parameters.")
    return argument[0], argument[1]


def _values(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise template_error(f"every {name} object requires a list of strings.")
    return value


_FUNCTIONS: dict[str, Callable[[Any, Resolver], bool]] = {
    "Fn::And": _and,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
    "Fn::Not": _not,
    "Fn::Or": _or,
}
