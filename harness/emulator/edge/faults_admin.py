"""`/_harness/faults`: add, list and remove the rules of `docs/faults.md`.

GET    /_harness/faults          {"faults": [rule…], "all_fired": bool}
GET    /_harness/faults/<id>     one rule
GET    /_harness/faults?kinds    {"kinds": [{"fault", "summary", "calls", "with"}…]}
POST   /_harness/faults          a rule or a list of rules, all or none; answers as GET, with the new rules only
DELETE /_harness/faults[/<id>]   all rules or one; answers with what they had counted
"""

from __future__ import annotations

import orjson

from harness.emulator.call import HttpRequest
from harness.emulator.edge.admin_problem import AdminProblem
from harness.emulator.faults import Faults, catalogue
from harness.emulator.faults.reading import BadRule
from harness.emulator.faults.rule import Rule
from harness.json_object import Json


class FaultsAdmin:
    """Answers for one world. Raises AdminProblem: 400 bad rule, 404 unknown id, 409 id that is taken."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def handle(self, request: HttpRequest, method: str, rule_id: str) -> Json:
        if method == "GET" and not rule_id:
            if request.query == "kinds":
                return {"kinds": [catalogue.describe(name) for name in catalogue.names()]}
            return self._listing(self._faults.rules())
        if method == "GET":
            return self._describe(self._one(rule_id))
        if method == "POST" and not rule_id:
            return self._add(request)
        if method == "DELETE":
            rules = [self._one(rule_id)] if rule_id else self._faults.rules()
            answer = self._listing(rules)
            self._faults.remove(rules)
            return answer
        raise AdminProblem(405, f"faults takes GET, POST, DELETE, not {method}")

    def _add(self, request: HttpRequest) -> Json:
        try:
            content = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise AdminProblem(400, f"the body is not JSON: {error}") from error
        try:
            return self._listing(self._faults.add(content if isinstance(content, list) else [content]))
        except BadRule as error:
            raise AdminProblem(400, str(error)) from error
        except KeyError as error:
            raise AdminProblem(409, f"there is already a rule {error.args[0]}") from error

    def _one(self, rule_id: str) -> Rule:
        rule = self._faults.get(rule_id)
        if rule is None:
            raise AdminProblem(404, f"there is no rule {rule_id}")
        return rule

    def _listing(self, rules: list[Rule]) -> Json:
        return {
            "faults": [self._describe(rule) for rule in rules],
            "all_fired": all(rule.fired > 0 for rule in rules),
        }

    def _describe(self, rule: Rule) -> Json:
        return rule.describe(self._faults.world.clock.now())
