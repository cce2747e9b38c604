"""docs/coverage.md is what the code says."""

from __future__ import annotations

from pathlib import Path

from harness.emulator.build import build_world
from harness.emulator.coverage import coverage, markdown
from harness.emulator.service import snake
from harness.emulator.spec.model import load_model


def test_the_coverage_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "coverage.md"
    told = "run `python -m harness.emulator.coverage > docs/coverage.md`"
    assert page.read_text() == markdown(coverage(build_world())), told


def test_every_handler_is_an_operation_of_its_service() -> None:
    """A misspelt method would never be called, and its operation refused."""
    world = build_world()
    report = coverage(world)["services"]
    for name, service in world.services.items():
        emulated = [op for op, entry in report[name]["operations"].items() if entry["status"] == "emulated"]
        assert len(emulated) == len(service.handlers), name


def test_every_parameter_is_a_member_of_its_operation() -> None:
    """A misspelt parameter would refuse the member that it means."""
    world = build_world()
    for name, service in world.services.items():
        model = load_model(name)
        for operation in model.operations:
            handler = service.handlers.get(snake(operation))
            if handler is not None:
                members = {snake(member) for member in model.input_members(operation)}
                assert handler.members <= members, f"{name} {operation}"
