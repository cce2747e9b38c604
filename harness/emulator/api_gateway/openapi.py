"""OpenAPI documents as both kinds of API Gateway import them: Swagger 2.0 and OpenAPI 3.0, in JSON or YAML.

What the document says in AWS's extensions is for the services to read; here is what both need: parsing, references,
base paths, and operations with the parameters of their path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from harness.emulator.budget import BudgetExceeded
from harness.json_object import Json

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_ANY = "x-amazon-apigateway-any-method"
_MAX_NODES = 500_000
_FEW_NODES = 50_000
"""So many more than its bytes a text may become by aliases: copying them takes 20 ms."""
_MAX_DEPTH = 200
MAX_PATHS = 300
"""API Gateway's quota of resources, and of routes, of one API (F1): the cost of an import grows with their square."""
_MAX_BRACKETS = 1_000
"""How deep brackets may stand in a document, those in its texts (templates, patterns) counted."""


class InvalidDocument(Exception):
    """The text is no OpenAPI document that can be read."""


@dataclass(frozen=True)
class Operation:
    """A method of a path. `method` is upper case, or `ANY`; `parameters` are resolved, the path's own included."""

    path: str
    method: str
    document: Json
    parameters: list[Json]


class Document:
    """A parsed document. `is_3`: OpenAPI 3.0, else Swagger 2.0."""

    def __init__(self, root: Json) -> None:
        self.root = root
        version = root.get("openapi", root.get("swagger"))
        if not (str(version).startswith("3.0") or ("swagger" in root and str(version) == "2.0")):
            raise InvalidDocument(f"version {version}")
        self.is_3 = "openapi" in root
        for member in ("info", "paths", "components", "definitions", "securityDefinitions"):
            as_object(root.get(member))

    @classmethod
    def parse(cls, body: bytes) -> Document:
        """Raises InvalidDocument."""
        try:
            root = orjson.loads(body)
        except orjson.JSONDecodeError:
            if _brackets_deep(body) > _MAX_BRACKETS:  # The YAML parser would take seconds to say no.
                raise InvalidDocument("too large") from None
            root = _yaml(body)
        if not isinstance(root, dict):
            raise InvalidDocument("no object")
        return cls(_Plain(min(_MAX_NODES, _FEW_NODES + len(body))).copy(root))

    @property
    def info(self) -> Json:
        return as_object(self.root.get("info"))

    @property
    def components(self) -> Json:
        return as_object(self.root.get("components"))

    @property
    def schemas(self) -> dict[str, Json]:
        return {name: as_object(schema) for name, schema in self._section("definitions", "schemas").items()}

    @property
    def security_schemes(self) -> dict[str, Json]:
        return {
            name: self.resolve(scheme)
            for name, scheme in self._section("securityDefinitions", "securitySchemes").items()
        }

    def _section(self, swagger: str, component: str) -> Json:
        return as_object(self.components.get(component) if self.is_3 else self.root.get(swagger))

    def resolve(self, node: Any) -> Json:
        """The object that a node is, or that its `$ref` points to. Raises InvalidDocument."""
        for _ in range(20):
            if not isinstance(node, dict):
                raise InvalidDocument(f"an object is needed instead of {str(node)[:80]}")
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._follow(reference)
        raise InvalidDocument(f"{reference} refers to itself")

    def _follow(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise InvalidDocument(f"{reference} is not in the document")
        found: Any = self.root
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise InvalidDocument(f"{reference} is not in the document")
            found = found[key]
        return found

    def operations(self) -> Iterator[Operation]:
        """All methods of all paths, in the document's order. Raises InvalidDocument."""
        for path, item in self.paths():
            shared = [self.resolve(parameter) for parameter in as_list(item.get("parameters"))]
            for name, document in item.items():
                if name not in _METHODS and name != _ANY:
                    continue
                own = [self.resolve(parameter) for parameter in as_list(self.resolve(document).get("parameters"))]
                named = {_place(parameter) for parameter in own}
                inherited = [parameter for parameter in shared if _place(parameter) not in named]
                method = "ANY" if name == _ANY else name.upper()
                yield Operation(path, method, self.resolve(document), inherited + own)

    def paths(self) -> Iterator[tuple[str, Json]]:
        for path, item in (self.root.get("paths") or {}).items():
            if not path.startswith("x-"):
                yield path, self.resolve(item or {})

    @property
    def has_too_many_paths(self) -> bool:
        return len(self.root.get("paths") or ()) > MAX_PATHS

    @property
    def base_path(self) -> str:
        """Without a slash at its end: an empty string for none. Of OpenAPI 3.0, the variable `basePath` of a server."""
        found = self.root.get("basePath")
        if self.is_3:
            variables = [as_object(as_object(server).get("variables")) for server in as_list(self.root.get("servers"))]
            values = [as_object(variable.get("basePath")).get("default") for variable in variables]
            found = next(filter(None, values), None)
        text = str(found or "").strip("/")
        return f"/{text}" if text else ""

    def referred_schema(self, schema: Json) -> str | None:
        """The name of the schema that a node refers to, None for a schema written in place."""
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return None
        prefix = "#/components/schemas/" if self.is_3 else "#/definitions/"
        if not reference.startswith(prefix):
            raise InvalidDocument(f"{reference} is not in the document")
        return reference.removeprefix(prefix)


def _place(parameter: Json) -> tuple[str | None, str | None]:
    """What makes a parameter another than the next: where it is, and its name."""
    return as_text(parameter.get("in")), as_text(parameter.get("name"))


def as_object(value: Any) -> Json:
    """The value, which must be an object; an empty one for none. Raises InvalidDocument."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidDocument(f"an object is needed instead of {str(value)[:80]}")
    return value


def as_list(value: Any) -> list[Any]:
    """The value, which must be a list; an empty one for none. Raises InvalidDocument."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidDocument(f"a list is needed instead of {str(value)[:80]}")
    return value


def as_text(value: Any) -> str | None:
    """A text, or a number as text (YAML has them for status codes and versions); None for none.

    Raises InvalidDocument.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise InvalidDocument(f"a text is needed instead of {str(value)[:80]}")


def as_texts(value: Any) -> dict[str, str]:
    """An object of texts; an empty one for none. Raises InvalidDocument."""
    return {name: as_text(item) or "" for name, item in as_object(value).items()}


def as_text_list(value: Any) -> list[str]:
    """A list of texts; an empty one for none. Raises InvalidDocument."""
    return [as_text(item) or "" for item in as_list(value)]


def as_integer(value: Any) -> int | None:
    """A whole number, or a text of one (what a template's parameter leaves); None for none. Raises InvalidDocument."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    raise InvalidDocument(f"a whole number is needed instead of {str(value)[:80]}")


def as_boolean(value: Any) -> bool | None:
    """A boolean, or the text of one; None for none. Raises InvalidDocument."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise InvalidDocument(f"a boolean is needed instead of {str(value)[:80]}")


def path_with_base(path: str, base_path: str, mode: str) -> str:
    """A path under the import's base path mode: `ignore`, `prepend`, or `split` (all but the base's first segment)."""
    if mode == "prepend":
        return base_path + path
    if mode == "split":
        _, slash, rest = base_path[1:].partition("/")
        return slash + rest + path
    return path


def _brackets_deep(body: bytes) -> int:
    """The most brackets and braces that are open at one place."""
    deepest = depth = 0
    for mark in re.finditer(rb"[\[{]+|[\]}]+", body):
        depth = max(0, depth + len(mark[0]) * (1 if mark[0][0] in b"[{" else -1))
        deepest = max(deepest, depth)
    return deepest


def _yaml(body: bytes) -> Any:
    from harness.emulator.yaml_text import InvalidYaml, Loader, load  # here: no start should pay for it

    class DatesAsText(Loader):
        """An API's version may well look like a date."""

        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in Loader.yaml_implicit_resolvers.items()
        }

    try:
        return load(body, DatesAsText)
    except (InvalidYaml, BudgetExceeded) as error:
        raise InvalidDocument(str(error)) from error


class _Plain:
    """Copies a document with text for keys (YAML has numbers: `200:`), bounded: aliases can blow a small text up."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes

    def copy(self, value: Any, depth: int = 0) -> Any:
        self._nodes -= 1
        if depth > _MAX_DEPTH or self._nodes < 0:
            raise InvalidDocument("too large")
        if isinstance(value, dict):
            return {_key(key): self.copy(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, depth + 1) for item in value]
        if value is None or isinstance(value, str | int | float):
            return value
        raise InvalidDocument(f"a value of type {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
