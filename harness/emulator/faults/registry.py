"""All rules of a world, and the places where they take effect.

Rules live in the store, so that a snapshot keeps them with their counters. On the bus there is an interceptor only
while there are rules; other sites ask `active` first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.faults.fault import CALL, Hit
from harness.emulator.faults.resources import names_of
from harness.emulator.faults.rule import Rule
from harness.emulator.store import Table

if TYPE_CHECKING:
    from harness.emulator.world import World

Proceed = Callable[[Call], Awaitable[Any]]

HARNESS = "harness"
LOCALSTACK = "localstack"


class Faults:
    """Rules in order of addition: an earlier one stands outside, a later one sees what it lets through."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.active = False
        """Whether there are rules at all: the only thing that a hot path may ask."""
        self.may_kill = False
        """Whether this process is an emulator of its own, which a rule may kill."""
        self._table: Table[str, Rule] = world.store.table("faults.rules")
        self._sites: dict[str, list[Rule]] = {}

    def start(self) -> None:
        """Take up the rules that the store holds."""
        self._arrange()

    # -- rules ------------------------------------------------------------------------------------------------

    def rules(self, source: str | None = None) -> list[Rule]:
        return [rule for rule in self._table.values() if source in (None, rule.source)]

    def get(self, rule_id: str) -> Rule | None:
        return self._table.get(rule_id)

    def add(self, documents: list[Any], source: str = HARNESS) -> list[Rule]:
        """Add rules, all or none. Raises BadRule (bad JSON form) and KeyError (an id that is taken)."""
        from harness.emulator.faults.reading import read_rule

        read: list[Rule] = []
        taken = set(self._table.keys())
        for index, document in enumerate(documents):
            at = f"{index}." if len(documents) > 1 else ""
            rule = read_rule(document, self.world, self._free_id(source, taken), source, at)
            if rule.id in taken:
                raise KeyError(rule.id)
            taken.add(rule.id)
            read.append(rule)
        for rule in read:
            self._table.put(rule.id, rule)
        self._arrange()
        return read

    def remove(self, rules: list[Rule]) -> None:
        """Forget rules: everything goes on as if they had never been."""
        for rule in rules:
            self._table.delete(rule.id)
        self._arrange()

    @staticmethod
    def _free_id(source: str, taken: set[str]) -> str:
        prefix = "fault" if source == HARNESS else source
        number = 1
        while f"{prefix}-{number}" in taken:
            number += 1
        return f"{prefix}-{number}"

    def _arrange(self) -> None:
        self._sites = {}
        for rule in self._table.values():
            self._sites.setdefault(rule.fault.site, []).append(rule)
        self.active = bool(self._sites)
        interceptors = self.world.bus.interceptors
        if (CALL in self._sites) != (self.intercept in interceptors):
            if CALL in self._sites:
                interceptors.append(self.intercept)
            else:
                interceptors.remove(self.intercept)

    # -- sites ------------------------------------------------------------------------------------------------

    async def intercept(self, call: Call, proceed: Proceed) -> Any:
        """The interceptor of the bus."""
        reached = False

        async def arrive(passed: Call) -> Any:
            nonlocal reached
            reached = True
            return await proceed(passed)

        try:
            return await self.around(CALL, call, None, arrive)
        except AwsError as error:
            service = self.world.services.get(call.service)
            if service is not None and not reached:
                service.failed(call, [error.code] * len(call.params.get("Records", [None])))
            raise

    async def around(self, site: str, call: Call, subject: Any, proceed: Proceed) -> Any:
        """`proceed(call)`, through the site's rules that fire on the call. `subject` is for the faults of this site."""
        return await self._from(0, self._sites.get(site, []), call, subject, proceed)

    async def _from(self, index: int, rules: list[Rule], call: Call, subject: Any, proceed: Proceed) -> Any:
        for place in range(index, len(rules)):
            rule = rules[place]
            if not self._fires(rule, call):
                continue
            self.world.trace.fault(call, rule.id)

            def go_on(passed: Call, following: int = place + 1) -> Awaitable[Any]:
                return self._from(following, rules, passed, subject, proceed)

            try:
                return await rule.fault.around(Hit(self.world, rule, call, subject, go_on))
            finally:
                self._put(rule)
        return await proceed(call)

    def _fires(self, rule: Rule, call: Call) -> bool:
        match, calls = rule.match, rule.fault.calls
        if calls:
            operations = calls.get(call.service)
            if operations is None or (operations and call.operation not in operations):
                return False
        if not match.fits(call.service, call.operation, call.caller):
            return False
        if match.resource and not match.fits_resource(names_of(self.world, call)):
            return False
        fires = rule.fires(self.world.clock.now(), self.world.rng)
        self._put(rule)
        return fires

    def _put(self, rule: Rule) -> None:
        """Its counters changed. A rule that was removed meanwhile stays away."""
        if self._table.get(rule.id) is rule:
            self._table.put(rule.id, rule)
