"""Settings that are kept without an effect here, and said by name where people look (law 1).

Kept is what can change neither where a record ends nor what a caller sees: a service checks, stores and reads it back
as AWS does. It declares such settings (`Service.kept`) and notes which resource has which (`Service.keep`), last before
it stores the resource. Who asks: the answer's header `x-harness-kept`, `/_harness/kept`, `harness up` and `status`,
pytest's report, the coverage page. With `--strict` nothing is kept: the call is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from harness.emulator.call import Call
from harness.emulator.errors import NotEmulated
from harness.emulator.store import Store, Table

HEADER = "x-harness-kept"


class KeptSetting(NamedTuple):
    """One setting of one resource. `resource` is its ARN, `setting` an AWS member name such as `TracingConfig.Mode`."""

    service: str
    resource: str
    setting: str


class KeptSettings:
    """Which resources have settings without effect. Rows live in the store, so they are part of a snapshot."""

    def __init__(self, store: Store) -> None:
        self.strict = False
        """Whether such settings are refused."""
        self._rows: Table[tuple[str, str], tuple[str, ...]] = store.table("kept")

    def check(self, call: Call, settings: Mapping[str, bool]) -> None:
        """Raises NotEmulated in strict mode if any of the settings is True."""
        if self.strict and (given := [name for name, has in settings.items() if has]):
            raise NotEmulated(call.service, f"{call.operation} with {given[0]}, which has no effect here (--strict),")

    def note(self, call: Call, resource: str, settings: Mapping[str, bool]) -> None:
        """What the call makes of the resource's settings: True for one that it has now, False for one that it has no
        longer (or never had, or that says what is so anyway). Those left out stay.

        Raises NotEmulated in strict mode if any is True; nothing is noted then.
        """
        self.check(call, settings)
        given = [name for name, has in settings.items() if has]
        if not given and not self._rows:
            return
        if given:
            call.kept = [*call.kept, *given] if call.kept else given
        key = (call.service, resource)
        before = self._rows.get(key) or ()
        after = tuple(sorted({*(name for name in before if name not in settings), *given}))
        if after == before:
            return
        if after:
            self._rows.put(key, after)
        else:
            self._rows.delete(key)

    def forget(self, service: str, resource: str) -> None:
        """The resource is gone, and what belongs to it: whose name begins with its own and a colon. A slash is part of
        names: the log group `/a/b` has nothing to do with `/a`."""
        if not self._rows:
            return
        for key in [key for key in self._rows if key[0] == service]:
            if key[1] == resource or key[1].startswith(resource + ":"):
                self._rows.delete(key)

    def all(self) -> list[KeptSetting]:
        """Every kept setting, by service and resource."""
        return sorted(KeptSetting(*key, setting) for key, names in self._rows.items() for setting in names)
