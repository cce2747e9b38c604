"""CloudWatch: a new alarm knows nothing yet (E2)."""

from __future__ import annotations

from typing import Any


def mend(models: Any) -> None:
    alarm = models.Alarm
    made = alarm.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **kwargs)
        self.state_value = "INSUFFICIENT_DATA"

    alarm.__init__ = init
