"""Who may import whom (docs/architecture.md, "Rooms, and who may know whom"). Imports inside functions count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_EMULATOR = "harness.emulator"
_SERVICES = "harness.emulator.services"
_UPSTREAM = "harness.emulator.upstream"
_DESCRIPTORS = "harness.emulator.upstream.descriptors"

# What imports nothing of ours: the floor that everything may stand on.
_LEAVES = ("budget", "errors", "clock", "topics", "outbound", "api_gateway.authorizer_policy")

# What a service may use beside its own folder and the floor.
_FOR_SERVICES = (
    "api_gateway", "api_gateway_calls", "aside", "budget", "bus", "call", "call_members", "callbacks", "clock",
    "errors", "kinesis_consumer", "metrics", "outbound", "patterns", "permissions", "service",
    "service_descriptor", "spec", "store", "token_bucket", "topics", "trace", "world", "yaml_text",
)  # fmt: skip

# What a descriptor may use: it is loaded before the services are, by what recognises requests, and stays light.
_FOR_DESCRIPTORS = (
    "api_gateway_calls", "call", "call_members", "errors", "permissions", "s3_address", "service_descriptor", "spec",
)  # fmt: skip

# (importing module, imported module): why it may, although the rules below forbid it.
_EXCEPTIONS = {
    (
        "harness.emulator.services.lambda_",
        "harness.emulator.edge.http",
    ): "the Runtime API listens by HTTP",
    (
        "harness.emulator.services.lambda_.execution.node_sdk",
        "harness.emulator.private",
    ): "npm gets the environment that the emulator keeps",
    ("harness.emulator.services.lambda_", "harness.emulator.faults"): "a function's process is a fault site",
    ("harness.emulator.faults.kinds", "harness.emulator.services.kinesis.model"): "routes a record as the shard would",
    ("harness.emulator.faults.kinds", "harness.emulator.services.firehose.source.quota"): "the quotas of a region",
    ("harness.emulator.durability", "harness.emulator.upstream.journal"): "which calls only read is known there",
    ("harness.targets.embedded", "harness.emulator.private"): "starts the emulator in the environment that it keeps",
    ("harness.provision.warm", "harness.emulator"): "hashes the emulator's sources, which are part of a snapshot's key",
    ("harness.parity.request_operation", "harness.emulator"): "observes which operations the conformance suite calls",
}


def is_descriptor(module: str) -> bool:
    return within(module, _DESCRIPTORS) or (within(module, _SERVICES) and module.endswith(".descriptor"))


def within(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def forbidden(importer: str, imported: str) -> str | None:
    """The rule that this import breaks, None for one that is allowed."""
    for one, other in _EXCEPTIONS:
        if within(importer, one) and within(imported, other):
            return None
    if imported.partition(".")[0] == "moto":
        return None if within(importer, _UPSTREAM) else "moto is known in upstream/ alone"
    if not within(imported, "harness") or imported in ("harness.version", "harness.json_object"):
        return None
    if not within(importer, _EMULATOR):
        return "the harness knows the emulator by its APIs alone" if within(imported, _EMULATOR) else None
    if not within(imported, _EMULATOR):
        return "the emulator imports nothing from the rest of harness"
    room = importer.removeprefix(_EMULATOR + ".").partition(".")[0]
    for leaf in _LEAVES:
        if within(importer, f"{_EMULATOR}.{leaf}"):
            return f"{leaf} imports nothing of ours"
    if is_descriptor(importer):
        own = importer.rpartition(".")[0]
        known = is_descriptor(imported) or imported in (f"{own}.base", f"{own}.model")
        if not known and imported.removeprefix(_EMULATOR + ".").partition(".")[0] not in _FOR_DESCRIPTORS:
            return "a descriptor is loaded before its service and says what others must know of it"
        return None
    if within(importer, _SERVICES):
        own = ".".join(importer.split(".")[:4])
        if within(imported, own):
            return None
        if within(imported, _SERVICES):
            return "services never import each other"
        if imported.removeprefix(_EMULATOR + ".").partition(".")[0] not in _FOR_SERVICES:
            return "a service uses the bus, the world and what stands under them"
        return None
    if within(imported, _SERVICES) and room != "build":
        return "services are reached over the bus"
    if within(imported, _UPSTREAM) and room not in ("upstream", "build", "testing", "__main__"):
        return "the upstream is reached over the bus"
    return None


@cache
def modules() -> dict[str, Path]:
    found = {}
    for path in sorted((_ROOT / "harness").rglob("*.py")):
        name = ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path
    return found


def imports(importer: str, path: Path) -> Iterator[str]:
    """Every module that a file imports, `from package import module` included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{importer} has a relative import"
            base = node.module or ""
            inner = [f"{base}.{alias.name}" for alias in node.names]
            named = [name for name in inner if name in modules()]
            yield from named
            if len(named) < len(inner):
                yield base


def all_imports() -> set[tuple[str, str]]:
    return {(importer, imported) for importer, path in modules().items() for imported in imports(importer, path)}


def test_every_import_is_allowed() -> None:
    broken = [
        f"{importer} imports {imported}: {rule}"
        for importer, imported in sorted(all_imports())
        if (rule := forbidden(importer, imported)) is not None
    ]
    assert broken == []


def test_no_exception_outlives_its_import() -> None:
    found = all_imports()
    idle = [
        f"{one} → {other}"
        for one, other in _EXCEPTIONS
        if not any(within(importer, one) and within(imported, other) for importer, imported in found)
    ]
    assert idle == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("harness.emulator.services.firehose.source.direct_put", "harness.emulator.services.kinesis.model"),
        ("harness.emulator.services.firehose.source.direct_put", "harness.emulator.edge.server"),
        ("harness.emulator.edge.server", "moto.core"),
        ("harness.emulator.world", "harness.targets"),
        ("harness.ledger.settle", "harness.emulator.world"),
        ("harness.emulator.clock", "harness.emulator.world"),
        ("harness.emulator.api_gateway.authorizer_policy", "harness.emulator.api_gateway.answers"),
        ("harness.emulator.api_gateway.imports", "harness.emulator.services.apigateway.state"),
        ("harness.emulator.bus", "harness.emulator.services.kinesis.provider"),
        ("harness.emulator.bus", "harness.emulator.upstream.state"),
        ("harness.emulator.services.kinesis.descriptor", "harness.emulator.services.kinesis.provider"),
        ("harness.emulator.services.kinesis.descriptor", "harness.emulator.upstream.state"),
        ("harness.emulator.edge.recognise", "harness.emulator.services.kinesis.descriptor"),
    ],
)
def test_what_is_forbidden(importer: str, imported: str) -> None:
    assert forbidden(importer, imported) is not None
