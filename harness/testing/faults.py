"""What a test makes go wrong."""

from __future__ import annotations

from harness.json_object import Json
from harness.targets.admin import Admin

Rule = Json


class Faults:
    """The emulator's fault rules; the next test starts without any.

    faults.add({"fault": "error", "match": {"service": "s3", "operation": "PutObject"},
                "when": {"count": 2}, "with": {"code": "SlowDown", "status": 503}})
    """

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    def add(self, rule: Rule) -> Rule:
        """Add a rule; returns it with its id. Raises AdminError that says which member is wrong."""
        return self._admin.add_faults(rule)[0]

    def list(self) -> list[Rule]:
        """All rules, each with how often it `matched` and `fired`."""
        return self._admin.faults()

    def remove(self, rule_id: str) -> Rule:
        """Remove one rule; returns what it had counted."""
        return self._admin.clear_faults(rule_id)[0]

    def clear(self) -> None:
        self._admin.clear_faults()

    def assert_all_fired(self) -> None:
        """A fault that never happened proves nothing."""
        __tracebackhide__ = True
        idle = [
            f"{rule['id']} ({rule['fault']}, matched {rule['matched']})" for rule in self.list() if not rule["fired"]
        ]
        assert not idle, f"never fired: {', '.join(idle)}"
