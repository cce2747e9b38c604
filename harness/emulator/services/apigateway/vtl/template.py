"""Templates: text, references and directives (Apache Velocity 1.7 user guide; D4).

White space as in Velocity 1.7: `#set` takes the blanks before it; a directive takes the rest of its line if that is
blank. A reference to a variable that was never set prints as it is written; a defined variable without the member
prints nothing, as API Gateway does. Macros, #parse, #include, #evaluate and #define are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from harness.emulator.budget import Budget, BudgetExceeded
from harness.emulator.services.apigateway.vtl.errors import VtlError
from harness.emulator.services.apigateway.vtl.expressions import BUDGET, Expression, Parser, Reference, Scope
from harness.emulator.services.apigateway.vtl.values import JavaList, VtlObject, to_text, truth, weigh

Writer = Callable[[Scope, list[str]], None]

MAX_ITERATIONS = 1000
"""Of one #foreach (D4)."""
STEPS, SIZE, SECONDS = 100_000, 32 * 1024 * 1024, 0.2
"""The budget of one rendering on the event loop: AWS's largest payload is 10 MB, a template makes it three times."""
MAX_TEMPLATE = 300 * 1024
"""Bytes (D4)."""
_MAX_NESTING = 50
_READING = 0.1
"""Seconds in which a template is compiled, once per deployment: the densest 300 KB take longer."""

_SPECIAL = re.compile(r"[$#\\]")
_DIRECTIVE = re.compile(r"#(?:\{(\w+)\}|(\w+))")
_SET = re.compile(r"\s*\(")
_REST_OF_LINE = re.compile(r"[ \t]*\r?\n")
_BLANKS = re.compile(r"[ \t]*")
_KNOWN = {"set", "if", "elseif", "else", "end", "foreach", "break", "stop"}
_REFUSED = {"macro", "parse", "include", "evaluate", "define"}


class _Break(Exception):
    pass


class _Stop(Exception):
    pass


class Foreach(VtlObject):
    """`$foreach` inside a loop."""

    name = "foreach"

    def __init__(self, size: int, parent: Any) -> None:
        self.index = 0
        self.size = size
        self.parent = parent

    def vtl_get(self, name: str) -> Any:
        if name == "index":
            return self.index
        if name == "count":
            return self.index + 1
        if name == "hasNext":
            return self.index + 1 < self.size
        if name == "first":
            return self.index == 0
        if name == "last":
            return self.index + 1 == self.size
        if name == "parent":
            return self.parent
        return super().vtl_get(name)


Foreach.methods = {"hasNext": lambda loop: loop.vtl_get("hasNext")}


class Template:
    """A compiled template. Raises VtlError when the text does not parse or holds what is not emulated."""

    __slots__ = ("_writers",)

    def __init__(self, text: str) -> None:
        if len(text.encode(errors="replace")) > MAX_TEMPLATE:
            raise VtlError("the template is larger than 300 KB")
        try:
            budget = Budget(steps=10 * MAX_TEMPLATE, size=MAX_TEMPLATE, seconds=_READING)
            self._writers = _Compiler(text, 0, budget).compile()
        except BudgetExceeded as error:
            raise VtlError(f"the template is too large: {error}") from error
        except RecursionError as error:
            raise VtlError("the template is nested too deeply") from error

    def render(self, scope: Scope, budget: Budget | None = None) -> str:
        """The text for these variables; `scope` takes what the template sets. Raises VtlError.

        `budget`: what it may cost, if not what the event loop allows.
        """
        out: list[str] = []
        scope[BUDGET] = budget or Budget(steps=STEPS, size=SIZE, seconds=SECONDS)
        try:
            for write in self._writers:
                write(scope, out)
        except (_Break, _Stop):
            pass
        except RecursionError as error:
            raise VtlError("the rendering is nested too deeply") from error
        except BudgetExceeded as error:
            raise VtlError(f"the rendering is stopped: {error}") from error
        finally:
            del scope[BUDGET]
        return "".join(out)


class _Compiler:
    def __init__(self, text: str, nesting: int, budget: Budget) -> None:
        if nesting > _MAX_NESTING:
            raise VtlError("the template is nested too deeply")
        self.text = text
        self.nesting = nesting
        self.position = 0
        self.budget = budget
        self.parser = Parser(text, self._interpolate, budget)

    def compile(self) -> list[Writer]:
        writers, ended = self._block(0)
        if ended:
            raise VtlError(f"#{ended} without a block at {self.parser.where(self.position)}")
        return writers

    def _interpolate(self, text: str) -> Expression:
        writers = _Compiler(text, self.nesting + 1, self.budget).compile()

        def evaluate(scope: Scope) -> str:
            scope[BUDGET].step(1 + len(writers))
            out: list[str] = []
            for write in writers:
                write(scope, out)
            return "".join(out)

        return evaluate

    # -- text -------------------------------------------------------------------------------------------------

    def _block(self, depth: int) -> tuple[list[Writer], str]:
        """Writers up to the directive that ends the block, and that directive's name (empty at the end of the text).

        The position is then behind the directive's name.
        """
        if depth > _MAX_NESTING:
            raise VtlError("the template is nested too deeply")
        writers: list[Writer] = []
        literal: list[str] = []

        def flush() -> None:
            if literal:
                writers.append(_text("".join(literal)))
                literal.clear()

        while True:
            match = _SPECIAL.search(self.text, self.position)
            if match is None:
                literal.append(self.text[self.position :])
                self.position = len(self.text)
                flush()
                return writers, ""
            literal.append(self.text[self.position : match.start()])
            self.position = match.start()
            if match.group() == "\\":
                self._escape(literal, writers, flush)
            elif match.group() == "$":
                reference = self.parser.reference(self.position)
                if reference is None:
                    literal.append("$")
                    self.position += 1
                else:
                    self.position = reference.end
                    flush()
                    writers.append(_write_reference(reference))
            else:
                name = self._hash(literal)
                if name is None:
                    continue
                if name == "set":
                    blank = "".join(literal).rstrip(" \t")
                    literal[:] = [blank] if blank else []
                flush()
                if name in ("else", "elseif", "end"):
                    return writers, name
                writers.append(self._directive(name, depth))

    def _escape(self, literal: list[str], writers: list[Writer], flush: Callable[[], None]) -> None:
        """Backslashes: before a reference or directive they escape it (two print as one), else they are text."""
        start = self.position
        end = start
        while self.text.startswith("\\", end):
            end += 1
        count = end - start
        self.position = end
        following = self.text[end : end + 1]
        if following == "$" and (reference := self.parser.reference(end)) is not None:
            self.position = reference.end
            flush()
            writers.append(_write_escaped(reference, count))
        elif following == "#" and self._directive_name(end) in _KNOWN:
            literal.append("\\" * (count // 2))
            if count % 2:
                literal.append("#")
                self.position = end + 1
        else:
            literal.append("\\" * count)

    def _directive_name(self, position: int) -> str | None:
        match = _DIRECTIVE.match(self.text, position)
        return None if match is None else match.group(1) or match.group(2)

    def _hash(self, literal: list[str]) -> str | None:
        """What begins with `#`: a comment or verbatim text is taken here (None), a directive's name is returned."""
        text, start = self.text, self.position
        if text.startswith("##", start):
            end = text.find("\n", start)
            self.position = len(text) if end < 0 else end + 1
            return None
        if text.startswith("#*", start):
            end = text.find("*#", start + 2)
            if end < 0:
                raise VtlError(f"unterminated comment at {self.parser.where(start)}")
            self.position = end + 2
            return None
        if text.startswith("#[[", start):
            end = text.find("]]#", start + 3)
            if end < 0:
                raise VtlError(f"unterminated #[[ at {self.parser.where(start)}")
            literal.append(text[start + 3 : end])
            self.position = end + 3
            return None
        match = _DIRECTIVE.match(text, start)
        name = None if match is None else match.group(1) or match.group(2)
        if match is not None and name is not None:
            # Velocity finds `#end` and `#else` even where letters follow at once: `#endfoo`.
            for word in ("elseif", "else", "end"):
                if name.startswith(word) and match.group(2) and name != word and name not in _KNOWN:
                    self.position = start + 1 + len(word)
                    return word
            if name in _REFUSED:
                raise VtlError(f"#{name} is not emulated")
            if name in _KNOWN and (name != "set" or _SET.match(text, match.end())):
                self.position = match.end()
                return name
        literal.append("#")
        self.position = start + 1
        return None

    def _end_of_line(self) -> None:
        match = _REST_OF_LINE.match(self.text, self.position)
        if match:
            self.position = match.end()

    # -- directives -------------------------------------------------------------------------------------------

    def _directive(self, name: str, depth: int) -> Writer:
        if name == "set":
            return self._set()
        if name == "if":
            return self._if(depth)
        if name == "foreach":
            return self._foreach(depth)
        self._end_of_line()
        return _raise_break if name == "break" else _raise_stop

    def _open(self) -> int:
        position = self.parser.space(self.position)
        if not self.text.startswith("(", position):
            raise VtlError(f"expected ( at {self.parser.where(position)}")
        return position + 1

    def _close(self, position: int) -> None:
        position = self.parser.space(position)
        if not self.text.startswith(")", position):
            raise VtlError(f"expected ) at {self.parser.where(position)}")
        self.position = position + 1
        self._end_of_line()

    def _set(self) -> Writer:
        position = self.parser.space(self._open())
        target = self.parser.reference(position) if self.text.startswith("$", position) else None
        if target is None or target.assign is None:
            raise VtlError(f"#set needs a variable at {self.parser.where(position)}")
        position = self.parser.space(target.end)
        if not self.text.startswith("=", position):
            raise VtlError(f"expected = at {self.parser.where(position)}")
        value, position = self.parser.expression(position + 1)
        self._close(position)
        assign = target.assign

        def write(scope: Scope, _: list[str]) -> None:
            scope[BUDGET].step()
            result = value(scope)
            if result is not None:  # Velocity leaves the variable as it was
                assign(scope, result)

        return write

    def _if(self, depth: int) -> Writer:
        branches: list[tuple[Expression, list[Writer]]] = []
        otherwise: list[Writer] = []
        condition, position = self.parser.expression(self._open())
        self._close(position)
        while True:
            writers, ended = self._block(depth + 1)
            branches.append((condition, writers))
            if ended != "elseif":
                break
            condition, position = self.parser.expression(self._open())
            self._close(position)
        if ended == "else":
            self._end_of_line()
            otherwise, ended = self._block(depth + 1)
        if ended != "end":
            raise VtlError("#if without #end")
        self._end_of_line()

        def write(scope: Scope, out: list[str]) -> None:
            scope[BUDGET].step(len(branches))
            chosen = next((body for test, body in branches if truth(test(scope))), otherwise)
            for step in chosen:
                step(scope, out)

        return write

    def _foreach(self, depth: int) -> Writer:
        position = self.parser.space(self._open())
        item = self.parser.reference(position) if self.text.startswith("$", position) else None
        if item is None or item.assign is None:
            raise VtlError(f"#foreach needs a variable at {self.parser.where(position)}")
        position = self.parser.space(item.end)
        if not self.text.startswith("in", position):
            raise VtlError(f"expected in at {self.parser.where(position)}")
        items, position = self.parser.expression(position + 2)
        self._close(position)
        body, ended = self._block(depth + 1)
        if ended != "end":
            raise VtlError("#foreach without #end")
        self._end_of_line()
        return _loop(item.root, items, body)


def _loop(variable: str, items: Expression, body: list[Writer]) -> Writer:
    def write(scope: Scope, out: list[str]) -> None:
        values = _iterable(items(scope))
        if not values:
            return
        if len(values) > MAX_ITERATIONS:
            raise VtlError(f"#foreach runs over {len(values)} items, the limit is {MAX_ITERATIONS}")
        budget: Budget = scope[BUDGET]
        before = {name: scope[name] for name in (variable, "foreach", "velocityCount") if name in scope}
        loop = scope["foreach"] = Foreach(len(values), before.get("foreach"))
        try:
            for loop.index, scope[variable] in enumerate(values):
                scope["velocityCount"] = loop.index + 1
                budget.step(1 + len(body))
                for step in body:
                    step(scope, out)
        except _Break:
            pass
        for name in (variable, "foreach", "velocityCount"):
            scope.pop(name, None)
        scope.update(before)

    return write


def _iterable(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return JavaList(value.values())
    if value is None or isinstance(value, (str, int, float)):
        return []
    raise VtlError(f"#foreach over {to_text(value)} is not emulated")


def _text(text: str) -> Writer:
    def write(scope: Scope, out: list[str]) -> None:
        scope[BUDGET].take(len(text))
        out.append(text)

    return write


def _write_reference(reference: Reference) -> Writer:
    value, root, source = reference.value, reference.root, reference.source

    def write(scope: Scope, out: list[str]) -> None:
        result = value(scope)
        if result is not None:
            weigh(result, scope[BUDGET])
            out.append(result if type(result) is str else to_text(result))
        elif root not in scope and not reference.quiet:
            scope[BUDGET].take(len(source))
            out.append(source)

    return write


def _write_escaped(reference: Reference, count: int) -> Writer:
    plain = _write_reference(reference)

    def write(scope: Scope, out: list[str]) -> None:
        scope[BUDGET].take(count + len(reference.source))
        if reference.root not in scope:
            out.append("\\" * count + reference.source)
            return
        out.append("\\" * (count // 2))
        if count % 2:
            out.append(reference.source)
        else:
            plain(scope, out)

    return write


def _raise_break(_: Scope, __: list[str]) -> None:
    raise _Break


def _raise_stop(_: Scope, __: list[str]) -> None:
    raise _Stop
