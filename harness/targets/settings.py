"""How an emulator is run: one value from the command line or pytest's settings to the process and its record.

A new option of `up` is a field here, an option in `harness/cli/up.py`, and an argument of `python -m harness.emulator`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from harness.json_object import Json


def _in_key(default: Any) -> Any:
    """A field that may change what a stack becomes: part of a warm start's key where it is not as usual."""
    return field(default=default, metadata={"in_key": True})


@dataclass(frozen=True)
class EmulatorSettings:
    """Options of the emulator. `clock` is `real`, `manual` or a rate such as `x60`; `state_dir` an absolute folder that
    keeps the state; `iam` is `off` or `enforce`; `upstream` and `native` split the services between the emulator and
    an endpoint behind it; `allow_host` are hosts that deliveries may go to, `allow_origin` origins
    whose pages may use the emulator; `verify_signatures` refuses what is not rightly signed, `strict` settings that
    would be kept without effect."""

    clock: str = "real"
    seed: int | None = None
    state_dir: str | None = None
    iam: str = "off"
    upstream: str | None = None
    native: str | None = None
    allow_host: tuple[str, ...] = _in_key(())
    allow_origin: tuple[str, ...] = ()
    verify_signatures: bool = False
    strict: bool = _in_key(False)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> EmulatorSettings:
        """From a record's JSON; members of another version are left out."""
        known = {each.name for each in fields(cls)}
        given: Json = {name: value for name, value in record.items() if name in known}
        given.update({name: tuple(value) for name, value in given.items() if isinstance(value, list)})
        return cls(**given)

    def argv(self, **where: object) -> list[str]:
        """The arguments of `python -m harness.emulator`: what is not as usual, after those of its place (`port=4566`,
        `snapshot_dir=…`)."""
        arguments = [word for name, value in where.items() for word in (_option(name), str(value))]
        for each in fields(self):
            value = getattr(self, each.name)
            if value == each.default:
                continue
            option = _option(each.name)
            if value is True:
                arguments.append(option)
                continue
            for one in value if isinstance(value, tuple) else (value,):
                arguments += [option, str(one)]
        return arguments

    def facts(self) -> dict[str, str]:
        """What of it may change what a stack becomes."""
        facts = {"clock": self.clock, "seed": str(self.seed)}
        for each in fields(self):
            value = getattr(self, each.name)
            if each.metadata.get("in_key") and value != each.default:
                facts[each.name] = _shown(value)
        return facts

    def difference(self, wanted: Mapping[str, Any]) -> tuple[str, str] | None:
        """The first option that is asked for and not so, with what it is; `wanted` holds fields by name."""
        for name, value in wanted.items():
            actual = getattr(self, name)
            if value != actual:
                return _option(name), _shown(actual)
        return None


AS_USUAL = EmulatorSettings()


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "unset"
    if value is False:
        return "off"
    return "unset" if value is None else str(value)
