"""What is emulated: read off the services' signatures and botocore's models, never written by hand.

`python -m harness.emulator.coverage` prints the page `docs/coverage.md`.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harness.emulator.service import Service, snake
from harness.emulator.spec.model import Model, load_model
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World


def service_kinds(world: World) -> dict[str, str]:
    """botocore service name → `native` or `upstream`, sorted."""
    kinds = dict.fromkeys(world.services, "native")
    if world.upstream is not None:
        for name in _botocore_services():
            if world.upstream.serves(name):
                kinds.setdefault(name, "upstream")
    return dict(sorted(kinds.items()))


def coverage(world: World) -> Json:
    """`{"services": {name: {"kind", "kept", "operations": {name: {"status", "refused_members", "kept_members"}}}}}`.

    `status` is `emulated`, `refused` or `forwarded` (the upstream does what it can, which may be less than AWS does).
    `refused_members` are the input members that an emulated operation refuses when they are sent, `kept_members` those
    that are stored and read back without an effect (docs/kept.md).
    """
    return {"services": {name: _service(world, name, kind) for name, kind in service_kinds(world).items()}}


def _service(world: World, name: str, kind: str) -> Json:
    model = load_model(name)
    if kind == "upstream":
        return {"kind": kind, "operations": {operation: {"status": "forwarded"} for operation in model.operations}}
    service = world.services[name]
    operations = {op: _operation(service, model, op) for op in sorted(model.operations)}
    return {"kind": kind, "operations": operations, "kept": sorted(service.kept)}


def _operation(service: Service, model: Model, operation: str) -> Json:
    handler = service.handlers.get(snake(operation))
    if handler is None:
        return {"status": "refused"}
    members = model.input_members(operation)
    refused = [member for member in members if snake(member) not in handler.members]
    kept = [name for name in sorted(service.kept) if name.partition(".")[0] in members]
    return {"status": "emulated", "refused_members": refused, "kept_members": kept}


def markdown(report: Json) -> str:
    """The coverage page."""
    lines = [
        "# Coverage",
        "",
        "Generated from the code by `python -m harness.emulator.coverage > docs/coverage.md`.",
        "",
        "An operation or member that is refused is answered with HTTP 501, code `NotEmulated`, and its name:",
        "nothing is accepted and then ignored in silence. What is kept without effect is told by name (docs/kept.md).",
        "",
        "## Emulated here",
    ]
    upstream = []
    for name, service in report["services"].items():
        if service["kind"] == "upstream":
            upstream.append(name)
            continue
        operations = service["operations"]
        emulated = {op: entry for op, entry in operations.items() if entry["status"] == "emulated"}
        refused = [op for op, entry in operations.items() if entry["status"] == "refused"]
        lines += ["", f"### {name}", "", f"{len(emulated)} of {len(operations)} operations.", ""]
        lines += ["| Operation | Members that are refused | Kept without effect |", "| --- | --- | --- |"]
        for operation, entry in emulated.items():
            refusals, kept = (_listed(entry[which]) for which in ("refused_members", "kept_members"))
            lines.append(f"| {operation} | {refusals} | {kept} |")
        if refused:
            lines += ["", "Refused operations: " + ", ".join(refused) + "."]
    lines += ["", "## Forwarded", ""]
    lines += [
        "Every operation of these goes to moto, which runs in the emulator's process and answers as far as it can:"
    ]
    lines += ["", ", ".join(upstream) + "." if upstream else "none.", ""]
    return "\n".join(lines)


def _listed(members: list[str]) -> str:
    return ", ".join(f"`{member}`" for member in members)


def _botocore_services() -> list[str]:
    spec = find_spec("botocore")
    assert spec is not None and spec.submodule_search_locations
    data = os.path.join(spec.submodule_search_locations[0], "data")
    return sorted(entry.name for entry in os.scandir(data) if entry.is_dir())


if __name__ == "__main__":
    from harness.emulator.build import build_world

    print(markdown(coverage(build_world())), end="")
