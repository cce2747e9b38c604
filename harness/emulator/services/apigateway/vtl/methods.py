"""The methods of Java's strings, lists, maps and numbers that templates call, on Python values."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from harness.emulator.budget import Budget
from harness.emulator.patterns import BadPattern, Pattern, compile_pattern
from harness.emulator.services.apigateway.vtl.errors import VtlError
from harness.emulator.services.apigateway.vtl.values import (
    MISSING,
    JavaList,
    Method,
    Paid,
    VtlObject,
    equal,
    is_number,
    to_text,
    weigh,
)

_UNSUPPORTED_REGEX = re.compile(r"\\[pPQGZzRXK]|\[[^\]]*&&")


@lru_cache(maxsize=1024)
def java_regex(pattern: str) -> Pattern:
    """A Java regular expression. Raises VtlError for what is not shared with Python's."""
    if _UNSUPPORTED_REGEX.search(pattern):
        raise VtlError(f"the Java regular expression {pattern!r} is not emulated")
    try:
        return compile_pattern(re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern), ascii_only=True)
    except BadPattern as error:
        raise VtlError(f"bad regular expression {pattern!r}: {error}") from error


def _replacement(text: str) -> Callable[[re.Match[str]], str]:
    """Java's replacement text: `$1` is a group, a backslash takes the next character as it is."""
    pieces: list[str | int] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and position + 1 < len(text):
            pieces.append(text[position + 1])
            position += 2
        elif char == "$":
            if not text[position + 1 : position + 2].isdecimal():
                raise VtlError("Illegal group reference")
            pieces.append(int(text[position + 1]))
            position += 2
        else:
            pieces.append(char)
            position += 1

    def replace(match: re.Match[str]) -> str:
        try:
            return "".join(piece if isinstance(piece, str) else match.group(piece) or "" for piece in pieces)
        except IndexError as error:
            raise VtlError("No such group in the replacement") from error

    return replace


def _replace(budget: Budget, value: str, old: Any, new: Any) -> str:
    grown = value.count(_text(old)) * (len(_text(new)) - len(old))
    budget.take(len(value) + max(grown, 0))
    return value.replace(old, new)


_PAID_TOGETHER = 1024
"""Characters that a replacement makes before it pays for them."""


_SMALL = 1024 * 1024
"""Characters that a replacement by the same text may make at once."""
_SPECIAL_IN_REPLACEMENT = re.compile(r"[\\$]")


def _replaced(budget: Budget, value: str, pattern: Any, replacement: Any, most: int) -> str:
    literal = _text(replacement)
    if not _SPECIAL_IN_REPLACEMENT.search(literal) and (len(value) + 1) * len(literal) < _SMALL:
        return java_regex(_text(pattern)).replaced(literal, value, most)
    replace = _replacement(literal)
    out: list[str] = []
    position = made = 0
    for match in islice(java_regex(_text(pattern)).matches(value), most):
        out += (value[position : match.start()], replace(match))
        made += len(out[-1])
        if made > _PAID_TOGETHER:
            budget.take(made)
            made = 0
        position = match.end()
    out.append(value[position:])
    return "".join(out)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise VtlError(f"expected a string, not {to_text(value)}")
    return value


def _index(value: Any) -> int:
    if not is_number(value):
        raise VtlError(f"expected a number, not {to_text(value)}")
    return int(value)


def _substring(value: str, start: Any, end: Any = None) -> str:
    first, last = _index(start), len(value) if end is None else _index(end)
    if not 0 <= first <= last <= len(value):
        raise VtlError(f"String index out of range: {first}, {last} of {len(value)}")
    return value[first:last]


def _split(budget: Budget, value: str, pattern: Any, limit: Any = 0) -> JavaList:
    count = _index(limit)
    parts: list[str] = []
    position = 0
    for match in java_regex(_text(pattern)).matches(value):
        if count > 0 and len(parts) == count - 1:
            break
        if match.end() == 0:
            continue  # Java: no empty leading piece for a zero-width match at the start
        if match.start() == match.end() == len(value):
            continue
        budget.step()
        parts.append(value[position : match.start()])
        position = match.end()
    parts.append(value[position:])
    if count == 0:
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
    return JavaList(parts)


def _char_at(value: str, index: Any) -> str:
    position = _index(index)
    if not 0 <= position < len(value):
        raise VtlError(f"String index out of range: {position}")
    return value[position]


def _compare_to(value: str, other: Any) -> int:
    text = _text(other)
    for left, right in zip(value, text, strict=False):
        if left != right:
            return ord(left) - ord(right)
    return len(value) - len(text)


STRING: dict[str, Method] = {
    "length": len,
    "isEmpty": lambda s: not s,
    "substring": _substring,
    "indexOf": lambda s, t, start=0: s.find(_text(t), _index(start)),
    "lastIndexOf": lambda s, t: s.rfind(_text(t)),
    "contains": lambda s, t: _text(t) in s,
    "concat": lambda s, t: s + _text(t),
    "replace": Paid(_replace),
    "replaceAll": Paid(lambda budget, s, p, r: _replaced(budget, s, p, r, len(s) + 1)),
    "replaceFirst": Paid(lambda budget, s, p, r: _replaced(budget, s, p, r, 1)),
    "split": Paid(_split),
    "trim": lambda s: s.strip("".join(map(chr, range(33)))),
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "equals": lambda s, t: isinstance(t, str) and s == t,
    "equalsIgnoreCase": lambda s, t: isinstance(t, str) and s.casefold() == t.casefold(),
    "startsWith": lambda s, t, start=0: s.startswith(_text(t), _index(start)),
    "endsWith": lambda s, t: s.endswith(_text(t)),
    "matches": lambda s, p: java_regex(_text(p)).fits(s),
    "charAt": _char_at,
    "compareTo": _compare_to,
    "toString": lambda s: s,
}


def _contains(items: list[Any], value: Any) -> bool:
    return any(equal(item, value) for item in items)


def _list_get(items: list[Any], index: Any) -> Any:
    position = _index(index)
    if not 0 <= position < len(items):
        raise VtlError(f"Index: {position}, Size: {len(items)}")
    return items[position]


def _list_set(items: list[Any], index: Any, value: Any) -> Any:
    before = _list_get(items, index)
    items[_index(index)] = value
    return before


def _list_add(items: list[Any], *arguments: Any) -> Any:
    if len(arguments) == 1:
        items.append(arguments[0])
        return True
    position, value = arguments
    items.insert(_index(position), value)
    return None


def _list_remove(items: list[Any], what: Any) -> Any:
    if is_number(what):
        value = _list_get(items, what)
        del items[_index(what)]
        return value
    for position, item in enumerate(items):
        if equal(item, what):
            del items[position]
            return True
    return False


def _list_add_all(items: list[Any], more: Any) -> bool:
    items.extend(more)
    return bool(more)


def _index_of(items: list[Any], value: Any) -> int:
    return next((position for position, item in enumerate(items) if equal(item, value)), -1)


LIST: dict[str, Method] = {
    "size": len,
    "isEmpty": lambda a: not a,
    "get": _list_get,
    "set": _list_set,
    "add": _list_add,
    "addAll": _list_add_all,
    "remove": _list_remove,
    "contains": _contains,
    "indexOf": _index_of,
    "clear": lambda a: a.clear(),
    "equals": lambda a, b: isinstance(b, list) and a == b,
    "subList": lambda a, start, end: JavaList(a[_index(start) : _index(end)]),
    "toString": to_text,
}


class Entry(VtlObject):
    """One entry of `$map.entrySet()`."""

    name = "entry"

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value

    def vtl_get(self, name: str) -> Any:
        if name == "key":
            return self.key
        if name == "value":
            return self.value
        return super().vtl_get(name)

    def __str__(self) -> str:
        return f"{to_text(self.key)}={to_text(self.value)}"


Entry.methods = {"getKey": lambda e: e.key, "getValue": lambda e: e.value, "toString": str}


def _put(target: dict[Any, Any], key: Any, value: Any) -> Any:
    before = target.get(_key(key))
    target[_key(key)] = value
    return before


def _put_all(target: dict[Any, Any], other: Any) -> None:
    if not isinstance(other, dict):
        raise VtlError("putAll expects a map")
    target.update(other)


def _key(key: Any) -> Any:
    if isinstance(key, (list, dict)):
        raise VtlError("lists and maps as keys are not emulated")
    return key


MAP: dict[str, Method] = {
    "get": lambda m, k: m.get(_key(k)),
    "getOrDefault": lambda m, k, d: m.get(_key(k), d),
    "put": _put,
    "putAll": _put_all,
    "remove": lambda m, k: m.pop(_key(k), None),
    "containsKey": lambda m, k: _key(k) in m,
    "containsValue": lambda m, v: _contains(list(m.values()), v),
    "keySet": lambda m: JavaList(m),
    "values": lambda m: JavaList(m.values()),
    "entrySet": lambda m: JavaList(Entry(k, v) for k, v in m.items()),
    "size": len,
    "isEmpty": lambda m: not m,
    "clear": lambda m: m.clear(),
    "equals": lambda m, other: isinstance(other, dict) and m == other,
    "toString": to_text,
}


def _number_compare(value: Any, other: Any) -> int:
    if not is_number(other):
        raise VtlError("compareTo expects a number")
    return int(value > other) - int(value < other)


def _parse(kind: type[int] | type[float]) -> Method:
    def parse(_: Any, text: Any) -> Any:
        try:
            return kind(_text(text))
        except (ValueError, OverflowError) as error:
            raise VtlError(f'For input string: "{text}"') from error

    return parse


NUMBER: dict[str, Method] = {
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "floatValue": float,
    "equals": lambda n, other: is_number(other) and n == other,
    "compareTo": _number_compare,
    "parseInt": _parse(int),
    "valueOf": _parse(int),
    "parseLong": _parse(int),
    "parseDouble": _parse(float),
    "toString": lambda n, *_: to_text(n),
}

BOOLEAN: dict[str, Method] = {
    "booleanValue": lambda b: b,
    "equals": lambda b, other: b is other,
    "toString": to_text,
}


def table(value: Any) -> tuple[str, dict[str, Method]]:
    """The type's name in messages, and its methods."""
    if isinstance(value, str):
        return "String", STRING
    if isinstance(value, bool):
        return "Boolean", BOOLEAN
    if isinstance(value, dict):
        return "Map", MAP
    if isinstance(value, list):
        return "List", LIST
    if isinstance(value, VtlObject):
        return "$" + value.name, value.methods
    return "Number", NUMBER


_LOOK_AT_ALL = frozenset(("contains", "containsValue", "equals", "indexOf", "remove", "toString"))
"""The methods of lists and maps that look at everything in them."""


def call_method(value: Any, name: str, arguments: list[Any], budget: Budget) -> Any:
    """`value.name(arguments)`; null on null. Raises VtlError for a method that is not emulated, BudgetExceeded."""
    if value is None:
        return None
    budget.step()
    for argument in arguments:
        weigh(argument, budget)
    if isinstance(value, str):
        budget.take(len(value))
    elif isinstance(value, (list, dict)):
        if name in _LOOK_AT_ALL:
            weigh(value, budget)
            budget.step(len(value))
        else:
            budget.take(8 * len(value))
    kind, methods = table(value)
    method = methods.get(name)
    if method is None:
        if isinstance(value, dict) and name.startswith("get") and len(name) > 3 and not arguments:
            return get_property(value, name[3].lower() + name[4:])
        raise VtlError(f"method {kind}.{name}() is not emulated")
    try:
        result = method.call(budget, value, *arguments) if isinstance(method, Paid) else method(value, *arguments)
        if isinstance(result, str):
            budget.take(len(result))
        return result
    except VtlError:
        raise
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise VtlError(f"{kind}.{name}() cannot take {len(arguments)} such arguments: {error}") from error


def get_property(value: Any, name: str) -> Any:
    """`value.name`: a map's member, or Java's bean property (`$list.empty` is `isEmpty()`)."""
    if isinstance(value, dict):
        found = value.get(name)
        if found is None and name == "empty" and name not in value:
            return not value
        return found
    if isinstance(value, VtlObject):
        return value.vtl_get(name)
    if value is None or value is MISSING:
        return None
    if name == "empty" and isinstance(value, (str, list)):
        return not value
    if name == "class":
        raise VtlError("property .class is not emulated")
    return None


def get_index(value: Any, key: Any) -> Any:
    """`value[key]`: null where there is nothing."""
    if isinstance(value, dict):
        return value.get(_key(key))
    if isinstance(value, list):
        if not is_number(key):
            return None
        position = int(key) + (len(value) if key < 0 else 0)
        return value[position] if 0 <= position < len(value) else None
    if isinstance(value, VtlObject):
        return value.vtl_get(to_text(_key(key)))
    return None


def set_member(value: Any, key: Any, new: Any) -> None:
    """`#set($value.key = new)` and `#set($value[key] = new)`."""
    if isinstance(value, VtlObject):
        value.vtl_set(to_text(_key(key)), new)
    elif isinstance(value, dict):
        value[_key(key)] = new
    elif isinstance(value, list) and is_number(key):
        _list_set(value, key, new)
    else:
        raise VtlError(f"cannot assign to a member of a {table(value)[0]}")
