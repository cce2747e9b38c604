"""The stored form as a list: every table, and every class of ours whose objects are in its rows, with their fields.

`python -m tests.stored_form` (`make stored-form`) writes it to `stored_form.txt`, under the number in
`harness/emulator/store/form.py`. A new table or class leaves what is stored readable; anything that goes or becomes
another needs a number above the held one. What the list can't see is a field that keeps its name and means something
else, a document's members for instance: raise the number then as well.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import importlib
import inspect
import io
import pickle
import pkgutil
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import harness.emulator
from harness.emulator.store import form

HELD = Path(__file__).with_suffix(".txt")
_SCRIPTS = ("__main__", "lambda_.runtime.launch", "lambda_.runtime.python_loop", "partitioning.jq_child")
RENEW = "Snapshots and state folders hold something new, and what was stored stays readable: run `make stored-form`."
RAISE = (
    "What snapshots and state folders hold has changed: raise FORM in harness/emulator/store/form.py, run "
    "`make stored-form`, and say in a change fragment that older ones are refused."
)


def listed() -> str:
    """The list for the code as it is."""
    modules = list(_modules())
    tables = {name: (text, kind) for module in modules for name, text, kind in _tables(module)}
    classes: set[type] = set()
    for _, kind in tables.values():
        _collect(kind, classes)
    lines = [f"table {name}: {text}" for name, (text, _) in sorted(tables.items())]
    for kind in sorted(classes, key=_path):
        lines += ["", _path(kind), *(f"    {line}" for line in _members(kind))]
    return "\n".join(lines) + "\n"


def held() -> tuple[int, str]:
    """The number and the list that are held."""
    head, _, rest = HELD.read_text("utf-8").partition("\n\n")
    return int(head.removeprefix("form ")), rest


def missing(now: str) -> str | None:
    """What is to be done before the list `now` may be held; None when it is."""
    number, before = held()
    if number > form.FORM or (number == form.FORM and not _blocks(before) <= _blocks(now)):
        return RAISE
    return RENEW if (form.FORM, now) != (number, before) else None


def _blocks(text: str) -> set[str]:
    """Each table, and each class with its fields."""
    tables, _, classes = text.strip("\n").partition("\n\n")
    return {*tables.splitlines(), *classes.split("\n\n")}


def known() -> frozenset[str]:
    """The classes of the held list, `module.name`."""
    return frozenset(line for line in held()[1].splitlines() if line.startswith("harness."))


def unknown_in(pickled: bytes) -> set[str]:
    """What of ours stands in a pickle and not in the held list."""
    found: set[str] = set()

    class Noting(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if module.partition(".")[0] == "harness":
                found.add(f"{module}.{name}")
            return super().find_class(module, name)

    Noting(io.BytesIO(pickled)).load()
    return found - known()


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(harness.emulator.__path__, "harness.emulator."):
        if not found.name.endswith(_SCRIPTS):
            yield importlib.import_module(found.name)


def _tables(module: ModuleType) -> Iterator[tuple[str, str, Any]]:
    """Each table that the module makes: name, annotation, what it means."""
    for node in ast.walk(_tree(module)):
        match node:
            case ast.AnnAssign(annotation=annotation, value=ast.Call(func=ast.Attribute(attr="table"), args=[name])):
                text = ast.unparse(annotation)
                yield ast.literal_eval(name), text, eval(text, _names(module))
            case ast.Assign(
                value=ast.Call(
                    func=ast.Attribute(attr="table", value=ast.Attribute(attr="store") | ast.Name(id="store"))
                )
            ):
                raise AssertionError(f"{module.__name__} line {node.lineno}: a table needs its type, `Table[key, row]`")
            case _:
                pass


@cache
def _names(module: ModuleType) -> dict[str, Any]:
    """What the module's annotations speak of, imports for type checkers included."""
    names: dict[str, Any] = {}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            source = importlib.import_module(node.module)
            names |= {each.asname or each.name: getattr(source, each.name, None) for each in node.names}
    return names | vars(module)


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(module.__file__ or "").read_text("utf-8"))


def _collect(kind: Any, into: set[type]) -> None:
    """The classes of ours that the type speaks of, and those that their fields speak of."""
    for argument in typing.get_args(kind):
        _collect(argument, into)
    kind = typing.get_origin(kind) or kind
    if isinstance(kind, type) and kind.__module__.startswith("harness.") and kind not in into:
        into.add(kind)
        for hint in inspect.get_annotations(kind).values():
            _collect(eval(_text(hint), _names(sys.modules[kind.__module__])), into)
        for above in kind.__bases__:
            _collect(above, into)
        below: type
        for below in kind.__subclasses__():
            _collect(below, into)


def _members(kind: type) -> list[str]:
    if issubclass(kind, enum.Enum):
        return [f"{each.name} = {each.value!r}" for each in kind]
    if dataclasses.is_dataclass(kind):
        return [f"{field.name}: {field.type}" for field in dataclasses.fields(kind)]
    if issubclass(kind, tuple):
        return [f"{name}: {_text(hint)}" for name, hint in kind.__annotations__.items()]
    return sorted(getattr(kind, "__slots__", ()))


def _text(hint: Any) -> str:
    """A named tuple's annotations are forward references where a dataclass's are texts."""
    return str(getattr(hint, "__forward_arg__", hint))


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def main() -> int:
    now = listed()
    if missing(now) == RAISE:
        print(RAISE, file=sys.stderr)
        return 1
    HELD.write_text(f"form {form.FORM}\n\n{now}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
