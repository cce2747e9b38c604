"""All faults there are: a file in `kinds/` is one. Loaded when a rule first names it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from functools import cache
from pathlib import Path

from harness.emulator.faults.fault import Fault
from harness.json_object import Json

_FOLDER = Path(__file__).parent / "kinds"


@cache
def names() -> tuple[str, ...]:
    """The faults' names, sorted."""
    files = (path.stem for path in _FOLDER.glob("*.py"))
    return tuple(sorted(stem.replace("_", "-") for stem in files if not stem.startswith("_")))


def load(name: str) -> type[Fault]:
    """The class of one fault. Raises KeyError for a name that is none."""
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"{__package__}.kinds.{name.replace('-', '_')}")
    (found,) = (
        each
        for each in vars(module).values()
        if inspect.isclass(each) and issubclass(each, Fault) and each.__module__ == module.__name__
    )
    return found


def describe(name: str) -> Json:
    """`{"fault", "summary", "calls", "with"}`: what the fault does, what it touches, which arguments it takes."""
    kind = load(name)
    return {
        "fault": name,
        "summary": (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " "),
        "calls": {service: sorted(operations) for service, operations in kind.calls.items()},
        "with": {
            field.name: field.metadata["check"].text.removeprefix("Member must ")
            + (", required" if field.default is dataclasses.MISSING else "")
            for field in dataclasses.fields(kind)
            if "check" in field.metadata
        },
    }
