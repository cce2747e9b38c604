"""docs/coverage.md is generated from the code, and is current."""

from pathlib import Path

from harness.emulator.build import build_world
from harness.emulator.coverage import coverage, markdown

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    page = (ROOT / "docs" / "coverage.md").read_text()
    assert page == markdown(coverage(build_world("manual"))), "run `make coverage`"


def test_every_method_is_an_operation_of_the_model() -> None:
    """A misspelt method or parameter would be emulated by nobody."""
    from harness.emulator.service import snake
    from harness.emulator.spec.model import load_model

    for name, service in build_world("manual").services.items():
        model = load_model(name)
        by_method = {snake(operation): operation for operation in model.operations}
        for method, handler in service.handlers.items():
            assert method in by_method, f"{name}: {method}"
            known = {snake(member) for member in model.input_members(by_method[method])}
            assert handler.members <= known, f"{name}.{method}: {sorted(handler.members - known)}"
