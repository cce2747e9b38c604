"""Body models: JSON Schema draft 4 (D2), each validation within a budget.

Patterns run in `patterns.py`, `uniqueItems` by hashes; every keyword is paid for. The messages are jsonschema's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from harness.emulator.budget import Budget
from harness.emulator.patterns import compile_pattern
from harness.json_object import Json

if TYPE_CHECKING:
    from referencing import Registry

Keyword = Callable[..., Iterator[Any] | None]


class Model:
    """A compiled model."""

    def __init__(self, schema: Json, registry: Registry[Any]) -> None:
        from jsonschema import Draft4Validator  # here: 35 ms that no start should pay
        from jsonschema.validators import extend

        own: dict[str, Keyword] = {
            "pattern": self._pattern,
            "patternProperties": self._pattern_properties,
            "additionalProperties": self._additional_properties,
            "uniqueItems": self._unique_items,
        }
        keywords = {**Draft4Validator.VALIDATORS, **own}
        counted = {name: self._counted(keyword) for name, keyword in keywords.items()}
        counting: Any = extend(Draft4Validator, counted)  # type: ignore[no-untyped-call]
        self._validator = counting(schema, registry=registry)
        self._running = threading.local()

    def problems(self, document: Any, share: int) -> list[str]:
        """What is wrong with a document, found in `share` times the budget of the event loop, in any thread.

        Raises BudgetExceeded, RecursionError, BadPattern and referencing's Unresolvable.
        """
        self._running.budget = Budget(steps=_STEPS * share, size=_MESSAGES * share, seconds=_SECONDS * share)
        return [problem.message for problem in self._validator.iter_errors(document)]

    @property
    def _budget(self) -> Budget:
        budget: Budget = self._running.budget
        return budget

    def _counted(self, keyword: Keyword) -> Keyword:
        def count(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
            self._budget.step(_KEYWORD + (len(instance) if isinstance(instance, (list, dict)) else 0))
            for error in keyword(validator, value, instance, schema) or ():
                self._budget.take(len(error.message))
                yield error

        return count

    def _occurs(self, pattern: str, text: str) -> bool:
        found = compile_pattern(pattern).occurs(text)
        self._budget.look()
        return found

    # -- keywords, as jsonschema calls them ---------------------------------------------------------------------

    def _pattern(self, _: Any, pattern: str, instance: Any, __: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not self._occurs(pattern, instance):
            yield _error(f"{instance!r} does not match {pattern!r}")

    def _pattern_properties(self, validator: Any, patterns: Json, instance: Any, _: Any) -> Iterator[Any]:
        if not isinstance(instance, dict):
            return
        for pattern, below in patterns.items():
            for key, value in instance.items():
                if self._occurs(pattern, key):
                    yield from validator.descend(value, below, path=key, schema_path=pattern)

    def _additional_properties(self, validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if not isinstance(instance, dict):
            return
        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        extras = [
            key for key in instance if key not in known and not any(self._occurs(pattern, key) for pattern in patterns)
        ]
        if isinstance(allowed, dict):
            for extra in extras:
                yield from validator.descend(instance[extra], allowed, path=extra)
        elif not allowed and extras:
            named = ", ".join(map(repr, sorted(extras)))
            if patterns:
                verb = "does" if len(extras) == 1 else "do"
                yield _error(f"{named} {verb} not match any of the regexes: {', '.join(map(repr, sorted(patterns)))}")
            else:
                verb = "was" if len(extras) == 1 else "were"
                yield _error(f"Additional properties are not allowed ({named} {verb} unexpected)")

    def _unique_items(self, _: Any, wanted: bool, instance: Any, __: Any) -> Iterator[Any]:
        if wanted and isinstance(instance, list):
            seen = set()
            for item in instance:
                self._budget.step()
                seen.add(self._frozen(item))
            if len(seen) < len(instance):
                yield _error(f"{instance!r} has non-unique elements")

    def _frozen(self, value: Any) -> Any:
        """A hashable value that is equal where JSON values are: 1 and 1.0, but not 1 and true."""
        if isinstance(value, dict):
            self._budget.step(len(value))
            return frozenset((key, self._frozen(item)) for key, item in value.items())
        if isinstance(value, list):
            self._budget.step(len(value))
            return tuple(map(self._frozen, value))
        return (value,) if isinstance(value, bool) else value


_KEYWORD = 4
"""Steps that a keyword costs beside the size of what it looks at."""
_STEPS, _MESSAGES, _SECONDS = 100_000, 1024 * 1024, 0.05
"""The budget on the event loop: steps, characters of messages, seconds."""


def _error(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)
